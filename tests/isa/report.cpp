// SPDX-License-Identifier: Apache-2.0
#include "tests/isa/report.hpp"

#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace isa_fuzz {

namespace {

template <class... Arguments>
std::string line(const char* format, Arguments... arguments) {
  char text[256];
  std::snprintf(text, sizeof text, format, arguments...);
  return text;
}

u64 word_at(const Finished& run, u64 offset) {
  u64 value = 0;
  std::memcpy(&value, run.data.data() + offset, sizeof value);
  return value;
}

std::optional<Difference> compare_ends(const Finished& engine, const Finished& qemu) {
  if (!engine.failure.empty() || !qemu.failure.empty()) {
    return Difference{line("engine: %s\nqemu:   %s", engine.failure.empty() ? "exited" : engine.failure.c_str(),
                           qemu.failure.empty() ? "exited" : qemu.failure.c_str()),
                      {}};
  }
  if (engine.data.size() != qemu.data.size())
    return Difference{line("qemu wrote %zu bytes of %zu", qemu.data.size(), engine.data.size()), {}};
  return std::nullopt;
}

class Comparison {
 public:
  Comparison(const Finished& engine, const Finished& qemu) : engine_(engine), qemu_(qemu) {}
  bool differs(u64 offset) const { return word_at(engine_, offset) != word_at(qemu_, offset); }
  std::string values(const std::string& what, u64 offset) const {
    return what + line(": engine 0x%016" PRIx64 ", qemu 0x%016" PRIx64, word_at(engine_, offset), word_at(qemu_, offset));
  }
  // The first of `count` words that differs, named by `prefix` and its number.
  std::optional<Difference> first(const char* prefix, u64 offset, u64 count) const {
    for (u64 i = 0; i < count; ++i) {
      if (differs(offset + 8 * i)) return Difference{values(prefix + std::to_string(i), offset + 8 * i), {}};
    }
    return std::nullopt;
  }

 private:
  const Finished& engine_;
  const Finished& qemu_;
};

// Where the trail's entries lie: as Stream laid them out, the trail register moves on now and then, but the entries are contiguous.
std::optional<Difference> compare_trail(const Batch& batch, const Comparison& comparison, u64 start) {
  for (u64 i = 0; i < batch.trail.size(); ++i) {
    const u64 offset = start + slot::trail + 8 * i;
    if (!comparison.differs(offset)) continue;
    const TrailEntry& entry = batch.trail[i];
    const u64 address = batch.stream_address + 2 * u64{entry.at};
    return Difference{
        comparison.values(line("%c%u after the instruction at 0x%" PRIx64, entry.floating ? 'f' : 'x', entry.reg, address), offset),
        address};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Difference> compare(const Batch& batch, const Finished& engine, const Finished& qemu) {
  if (auto ends = compare_ends(engine, qemu)) return ends;
  const Comparison comparison(engine, qemu);
  for (u32 state = 0; state < batch.states; ++state) {
    const u64 start = state * batch.stride;
    auto found = compare_trail(batch, comparison, start);
    if (!found) found = comparison.first("at the end x", start + slot::registers + slot::final_x, 32);
    if (!found) found = comparison.first("at the end f", start + slot::registers + slot::final_f, 32);
    if (!found) found = comparison.first("at the end fcsr, word ", start + slot::registers + slot::final_status, 1);
    if (!found) found = comparison.first("arena, doubleword ", start, slot::arena_bytes / 8);
    if (!found) found = comparison.first("slot, doubleword ", start, batch.stride / 8);
    if (found) {
      found->what = line("state %u: ", state) + found->what;
      return found;
    }
  }
  return std::nullopt;
}

std::optional<Difference> compare(const FaultBatch& batch, const Finished& engine, const Finished& qemu) {
  if (auto ends = compare_ends(engine, qemu)) return ends;
  const Comparison comparison(engine, qemu);
  for (u64 i = 0; i < batch.cells; ++i) {
    const u64 at = batch.log + i * sizeof(FaultRecord);
    const auto show = [&](const Finished& run) {
      return line("signal %" PRIu64 ", address 0x%" PRIx64 ", pc 0x%" PRIx64, word_at(run, at), word_at(run, at + 8),
                  word_at(run, at + 16));
    };
    if (!comparison.differs(at) && !comparison.differs(at + 8) && !comparison.differs(at + 16)) continue;
    // The one that faulted earlier is where they part.
    const u64 pcs[] = {word_at(engine, at + 16), word_at(qemu, at + 16)};
    const u64 first = pcs[0] == 0 ? pcs[1] : pcs[1] == 0 ? pcs[0] : std::min(pcs[0], pcs[1]);
    return Difference{line("fault %" PRIu64 "\nengine: %s\nqemu:   %s", i, show(engine).c_str(), show(qemu).c_str()), first};
  }
  auto found = comparison.first("at the end x", batch.registers, 32);
  if (!found) found = comparison.first("at the end f", batch.registers + 256, 32);
  if (!found) found = comparison.first("data, doubleword ", 0, batch.shared_bytes / 8);
  return found;
}

std::string disassembly(const std::string& elf, u64 address) {
  const u64 from = address - 24;
  // The program has no sections, so it is disassembled as plain bytes: the text lies one page into the file.
  const std::string command = line("riscv64-linux-gnu-objdump -D -b binary -m riscv:rv64 -M no-aliases --adjust-vma=0x%" PRIx64
                                   " --start-address=0x%" PRIx64 " --stop-address=0x%" PRIx64,
                                   text_address - 4096, from, address + 16) +
                              " '" + elf + "' 2>/dev/null";
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string text;
  char buffer[512];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) {
    if (std::strchr(buffer, '\t') != nullptr) text += buffer;
  }
  pclose(pipe);
  return text;
}

}  // namespace isa_fuzz
