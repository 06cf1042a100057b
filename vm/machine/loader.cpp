// SPDX-License-Identifier: Apache-2.0
// Reads everything from the host first, then places it from the bottom and from the top, then describes it in the tree.
#include "vm/machine/loader.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vm/machine/elf.hpp"
#include "vm/machine/firmware.hpp"
#include "vm/machine/image.hpp"
#include "vm/machine/initrd.hpp"
#include "vm/platform/invariant.hpp"

namespace vm {
namespace {

constexpr u64 text_limit = u64{1} << 20;  // bytes of a device tree file

// The seed of the kernel's random pool: the host's entropy, or a stream that repeats.
Result<std::array<u32, 8>> make_seed(std::optional<u64> seed) {
  std::array<u32, 8> words{};
  if (!seed) {
    if (getrandom(words.data(), sizeof words, 0) != static_cast<ssize_t>(sizeof words)) {
      return Error{std::string{"getrandom: "} + std::strerror(errno) + "; give a seed"};
    }
    return words;
  }
  u64 state = *seed;
  for (u32& word : words) {
    u64 next = (state += 0x9e37'79b9'7f4a'7c15);
    next = (next ^ next >> 30) * 0xbf58'476d'1ce4'e5b9;
    next = (next ^ next >> 27) * 0x94d0'49bb'1331'11eb;
    word = static_cast<u32>(next ^ next >> 31);
  }
  return words;
}

Result<ProgramPlan> plan_kernel(std::span<const std::byte> file, const std::string& name, bool has_firmware, PhysicalRange ram) {
  if (is_elf(file)) return plan_elf(file, name, ram);
  if (has_firmware) return plan_linux_image(file, name, ram.first, ram);
  return plan_raw(file, name, ram.first, ram);
}

Error overlap(const std::string& first, const LoadedProgram& a, const std::string& second, const LoadedProgram& b) {
  return Error{second + " at " + hexadecimal(b.first) + " to " + hexadecimal(b.end) + " overlaps " + first + " at " + hexadecimal(a.first) +
               " to " + hexadecimal(a.end) + "; link it elsewhere (behind firmware: 0x80200000)"};
}

// For what place_at_top has placed.
void put(GuestMemory& memory, u64 address, std::span<const std::byte> bytes) {
  const bool written = memory.write(address, bytes);
  INTERLOCK_INVARIANT(written, "%zu bytes were placed outside RAM, at 0x%llx", bytes.size(), static_cast<unsigned long long>(address));
}

// Everything that a load reads from the host, before guest memory is touched.
struct Sources {
  std::string firmware_name, kernel_name;
  std::vector<std::byte> firmware, kernel, initrd, tree;
};

Result<Sources> read_sources(const LoadConfig& config) {
  Sources sources;
  const auto fetch = [](std::vector<std::byte>& into, const std::string& path, const char* what, u64 limit = file_limit) -> Result<void> {
    Result<std::vector<std::byte>> bytes = read_file(path, what, limit);
    if (!bytes) return bytes.error();
    into = std::move(*bytes);
    return {};
  };
  if (config.bios != "none") {
    Result<std::string> path = find_firmware(config.bios);
    if (!path) return path.error();
    sources.firmware_name = "firmware '" + *path + "'";
    if (auto result = fetch(sources.firmware, *path, "firmware"); !result) return result.error();
  }
  if (!config.kernel.empty()) {
    sources.kernel_name = "kernel '" + config.kernel + "'";
    if (auto result = fetch(sources.kernel, config.kernel, "kernel"); !result) return result.error();
  }
  if (!config.initrd.empty()) {
    if (auto result = fetch(sources.initrd, config.initrd, "initrd"); !result) return result.error();
  }
  if (!config.dtb.empty()) {
    if (auto result = fetch(sources.tree, config.dtb, "device tree", text_limit); !result) return result.error();
  }
  return sources;
}

Result<std::vector<std::byte>> build_tree(const LoadConfig& config, const Sources& sources, const TopOfRam& top, u64 ram_bytes) {
  Chosen chosen;
  if (!config.append.empty() || config.dtb.empty()) chosen.bootargs = config.append;
  if (!sources.initrd.empty()) chosen.initrd = top.initrd;
  Result<std::array<u32, 8>> seed = make_seed(config.seed);
  if (!seed) return seed.error();
  chosen.rng_seed = *seed;
  std::vector<PhysicalRange> reserved;
  if (!sources.firmware.empty()) reserved.push_back({top.dynamic_information, top.dynamic_information + page_bytes});
  if (!config.dtb.empty()) return patch_device_tree(sources.tree, "device tree '" + config.dtb + "'", chosen, reserved);
  BoardConfig board;
  board.harts = config.harts;
  board.memory_bytes = ram_bytes;
  if (!config.isa.empty()) board.isa = config.isa;
  if (!config.mmu_type.empty()) board.mmu_type = config.mmu_type;
  board.chosen = chosen;
  board.reserved = std::move(reserved);
  return make_device_tree(board);
}

}  // namespace

Result<BootState> load_machine(const LoadConfig& config, GuestMemory& memory) {
  const PhysicalRange ram{ram_base, ram_base + memory.bytes()};
  Result<Sources> sources = read_sources(config);
  if (!sources) return sources.error();
  const bool has_firmware = !sources->firmware.empty();
  if (!has_firmware && sources->kernel.empty()) return Error{"nothing to run: give a kernel, or a firmware other than 'none'"};

  BootState boot;
  u64 occupied = ram.first;
  if (has_firmware) {
    Result<ProgramPlan> plan = plan_firmware(sources->firmware, sources->firmware_name, ram);
    if (!plan) return plan.error();
    Result<LoadedProgram> loaded = place(*plan, sources->firmware_name, memory);
    if (!loaded) return loaded.error();
    boot.firmware = *loaded;
    boot.pc = loaded->entry;
    occupied = loaded->end;
  }
  if (!sources->kernel.empty()) {
    Result<ProgramPlan> plan = plan_kernel(sources->kernel, sources->kernel_name, has_firmware, ram);
    if (!plan) return plan.error();
    if (boot.firmware && boot.firmware->range().overlaps(plan->program.range())) {
      return overlap(sources->firmware_name, *boot.firmware, sources->kernel_name, plan->program);
    }
    Result<LoadedProgram> loaded = place(*plan, sources->kernel_name, memory);
    if (!loaded) return loaded.error();
    boot.kernel = *loaded;
    if (!has_firmware) boot.pc = loaded->entry;
    occupied = std::max(occupied, loaded->end);
  }

  Result<TopOfRam> top = place_at_top(ram, occupied, sources->initrd.size());
  if (!top) return top.error();
  if (!sources->initrd.empty()) {
    put(memory, top->initrd.first, sources->initrd);
    boot.initrd = LoadedProgram{top->initrd.first, top->initrd.first, top->initrd.end};
  }
  Result<std::vector<std::byte>> tree = build_tree(config, *sources, *top, memory.bytes());
  if (!tree) return tree.error();
  if (tree->size() > device_tree_room) {
    return Error{"device tree '" + config.dtb + "': " + std::to_string(tree->size()) + " bytes, more than the " +
                 std::to_string(device_tree_room) + " kept for it; remove nodes that the machine does not have"};
  }
  put(memory, top->device_tree, *tree);
  boot.device_tree = top->device_tree;
  if (has_firmware) {
    const DynamicInformation information = dynamic_information(boot.kernel ? boot.kernel->entry : 0);
    put(memory, top->dynamic_information, std::as_bytes(std::span{information}));
    boot.dynamic_information = top->dynamic_information;
  }
  return boot;
}

}  // namespace vm
