// SPDX-License-Identifier: Apache-2.0
// Random user programs on the engine and under qemu-riscv64: all registers, flags and memory must agree.
//
//   isa_fuzz                                   a short run of everything
//   isa_fuzz --instructions 1000000            a million random instructions of each subject
//   isa_fuzz --subjects f,d --seed 7           other seeds, some subjects
//   isa_fuzz --plant                           shows that a difference is found: one instruction of the engine's copy is replaced
//
// A difference prints the seed, the place, both values and the code around it, keeps the program, and ends the run with exit code 1.
// The environment variable INTERLOCK_FUZZ_INSTRUCTIONS is the number of instructions where --instructions is not given.
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string_view>

#include "tests/isa/qemu_user.hpp"
#include "tests/isa/report.hpp"
#include "tests/isa/user_elf.hpp"

namespace {

using namespace isa_fuzz;

struct Options {
  u64 seed = 1;
  u64 instructions = 10'000;  // of each subject
  u32 length = 4000;          // of a program, in instructions of its subject
  u32 states = 4;
  std::string subjects = "all";
  std::string qemu = "qemu-riscv64";
  std::string keep = ".";  // where a program that differs is kept
  bool plant = false;
};

constexpr char usage[] =
    "usage: isa_fuzz [--subjects LIST] [--instructions N] [--seed N] [--length N] [--states N] [--qemu PROGRAM] [--keep DIR] [--plant]\n"
    "subjects: all, or a list with commas of integer m a memory branch compressed f d fcsr faults\n";

[[noreturn]] void refuse(const char* why, std::string_view what) {
  std::fprintf(stderr, "isa_fuzz: %s: %.*s\n%s", why, static_cast<int>(what.size()), what.data(), usage);
  std::exit(2);
}

u64 number(std::string_view option, const char* text) {
  char* end = nullptr;
  const u64 value = std::strtoull(text, &end, 0);
  if (end == text || *end != 0 || value == 0) refuse("wants a number above 0", option);
  return value;
}

Options parse(int count, char** arguments) {
  Options options;
  if (const char* from = std::getenv("INTERLOCK_FUZZ_INSTRUCTIONS")) options.instructions = number("INTERLOCK_FUZZ_INSTRUCTIONS", from);
  for (int i = 1; i < count; ++i) {
    const std::string_view option = arguments[i];
    if (option == "--help") {
      std::fputs(usage, stdout);
      std::exit(0);
    }
    if (option == "--plant") {
      options.plant = true;
      continue;
    }
    if (i + 1 == count) refuse("unknown, or lacks its value", option);
    const char* const value = arguments[++i];
    if (option == "--seed") {
      options.seed = number(option, value);
    } else if (option == "--instructions") {
      options.instructions = number(option, value);
    } else if (option == "--length") {
      options.length = static_cast<u32>(number(option, value));
    } else if (option == "--states") {
      options.states = static_cast<u32>(number(option, value));
    } else if (option == "--subjects") {
      options.subjects = value;
    } else if (option == "--qemu") {
      options.qemu = value;
    } else if (option == "--keep") {
      options.keep = value;
    } else {
      refuse("unknown option", option);
    }
  }
  return options;
}

bool listed(const std::string& list, std::string_view word) {
  if (list == "all") return true;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    if (std::string_view(list).substr(at, end - at) == word) return true;
    at = end + 1;
  }
  return false;
}

// A program's own seed: the same whatever the other programs of a run are.
u64 seed_of(const Options& options, u64 subject, u64 program) {
  return Random(options.seed * 0x1'0000'0001 + subject * 0x1000'0000 + program).next();
}

struct Pair {
  Finished engine;
  Finished qemu;
};

Pair run_both(const Options& options, const Program& program, const Program& engine_copy, u32 micro_tlb_entries) {
  QemuRun reference(options.qemu, elf_of(program));
  Pair pair;
  pair.engine = run_on_engine(engine_copy, micro_tlb_entries);
  pair.qemu = reference.wait();
  return pair;
}

[[noreturn]] void fail(const Options& options, const char* subject, u64 program, const Program& code, const Difference& difference) {
  const std::string path =
      options.keep + "/isa_fuzz-" + subject + "-" + std::to_string(options.seed) + "-" + std::to_string(program) + ".elf";
  const std::vector<u8> elf = elf_of(code);
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(elf.data()), static_cast<std::streamsize>(elf.size()));
  std::printf("DIFFERENT subject %s, seed %" PRIu64 ", program %" PRIu64 ", length %u, states %u: kept as %s\n%s\n", subject, options.seed,
              program, options.length, options.states, path.c_str(), difference.what.c_str());
  if (difference.address) std::fputs(disassembly(path, *difference.address).c_str(), stdout);
  std::exit(1);
}

constexpr u32 micro_tlb_sizes[] = {0, 16, 256};

struct Tally {
  u64 programs = 0;
  u64 counts[subjects] = {};
};

void fuzz(const Options& options, Subject subject, Tally& tally) {
  u64 done = 0;
  for (u64 program = 0; done < options.instructions; ++program) {
    const u64 seed = seed_of(options, static_cast<u64>(subject), program);
    const u32 length = static_cast<u32>(std::min<u64>(options.length, options.instructions - done));
    const Batch batch = make_batch(subject, seed, length, options.states);
    const Pair pair = run_both(options, batch.program, batch.program, micro_tlb_sizes[program % 3]);
    if (const auto difference = compare(batch, pair.engine, pair.qemu)) fail(options, name(subject), program, batch.program, *difference);
    for (unsigned i = 0; i < subjects; ++i) tally.counts[i] += batch.counts[i];
    ++tally.programs;
    done += batch.counts[static_cast<unsigned>(subject)];
  }
}

void fuzz_faults(const Options& options, Tally& tally) {
  const u32 cells_at_once = options.length / 2;
  u64 done = 0;
  for (u64 program = 0; done < options.instructions; ++program) {
    const u32 cells = static_cast<u32>(std::min<u64>(cells_at_once, options.instructions - done));
    const FaultBatch batch = make_fault_batch(seed_of(options, subjects, program), cells);
    const Pair pair = run_both(options, batch.program, batch.program, micro_tlb_sizes[program % 3]);
    if (const auto difference = compare(batch, pair.engine, pair.qemu)) fail(options, "faults", program, batch.program, *difference);
    ++tally.programs;
    done += cells;
  }
}

// Replaces the instruction that made trail entry `entry` by one that leaves another value, in the engine's copy.
void plant(Program& copy, const Batch& batch, const TrailEntry& entry) {
  u8* const at = copy.text.data() + (batch.stream_address - copy.text_address) + 2 * u64{entry.at};
  constexpr u32 fmv_d_x = 0xf200'0053;
  constexpr u16 c_li = 0x4001;
  constexpr u16 c_li_21 = c_li | 21 << 2;
  if ((*at & 3) == 3) {
    const u32 bits = entry.floating ? fmv_d_x | field_rd(entry.reg) | field_rs1(batch.pins.trail) : lui(entry.reg, 0x5a5a5);
    std::memcpy(at, &bits, sizeof bits);
  } else {
    const u16 bits = static_cast<u16>(c_li_21 | entry.reg << 7);
    std::memcpy(at, &bits, sizeof bits);
  }
}

// A jump that is replaced shows in another place, and no short instruction writes any f register.
bool may_be_replaced(const Program& program, u64 address, const TrailEntry& entry) {
  const u8* const at = program.text.data() + (address - program.text_address);
  if ((*at & 3) == 3) return (*at & 0x7f) != (jalr(0, 0, 0) & 0x7f);
  const bool short_jump = (at[0] & 0x7f) == 2 && (at[1] & 0xe0) == 0x80;
  return !short_jump && !entry.floating;
}

// Each planted difference must be found, and blamed on the right instruction. An entry that control jumps over cannot differ: others are
// tried until one is found, which the first few do.
void show_that_differences_are_found(const Options& options) {
  for (unsigned i = 0; i < subjects; ++i) {
    const auto subject = static_cast<Subject>(i);
    if (!listed(options.subjects, name(subject))) continue;
    const Batch batch = make_batch(subject, seed_of(options, i, 0), 1000, options.states);
    Random random(options.seed);
    bool found = false;
    for (int attempt = 0; attempt < 10 && !found; ++attempt) {
      const TrailEntry& entry = batch.trail[random.below(batch.trail.size())];
      const u64 address = batch.stream_address + 2 * u64{entry.at};
      if (entry.reg == 0 || !may_be_replaced(batch.program, address, entry)) continue;
      Program copy = batch.program;
      plant(copy, batch, entry);
      const Pair pair = run_both(options, batch.program, copy, 16);
      const auto difference = compare(batch, pair.engine, pair.qemu);
      if (!difference) continue;
      found = difference->address == address;
      if (!found) {
        std::printf("planted at 0x%" PRIx64 " in %s, but found: %s\n", address, name(subject), difference->what.c_str());
        std::exit(1);
      }
      std::printf("planted in %s, and found: %s\n", name(subject), difference->what.c_str());
    }
    if (!found) {
      std::printf("a difference planted in %s was not found\n", name(subject));
      std::exit(1);
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  const Options options = parse(count, arguments);
  if (options.plant) {
    show_that_differences_are_found(options);
    return 0;
  }
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); };
  Tally all;
  const auto begin = Clock::now();
  for (unsigned i = 0; i < subjects; ++i) {
    const auto subject = static_cast<Subject>(i);
    if (!listed(options.subjects, name(subject))) continue;
    const auto start = Clock::now();
    Tally tally;
    fuzz(options, subject, tally);
    for (unsigned j = 0; j < subjects; ++j) all.counts[j] += tally.counts[j];
    all.programs += tally.programs;
    std::printf("same: %s, %" PRIu64 " instructions in %" PRIu64 " programs, %u states each, %.1f s\n", name(subject), tally.counts[i],
                tally.programs, options.states, seconds_since(start));
    std::fflush(stdout);
  }
  if (listed(options.subjects, "faults")) {
    Tally tally;
    const auto start = Clock::now();
    fuzz_faults(options, tally);
    all.programs += tally.programs;
    std::printf("same: faults, %" PRIu64 " cells in %" PRIu64 " programs, %.1f s\n", options.instructions, tally.programs,
                seconds_since(start));
  }
  if (all.programs == 0) refuse("no such subject", options.subjects);
  u64 total = 0;
  for (unsigned i = 0; i < subjects; ++i) total += all.counts[i];
  std::printf("seed %" PRIu64 ": %" PRIu64 " random instructions, %" PRIu64 " programs, %.1f s\n", options.seed, total, all.programs,
              seconds_since(begin));
}
