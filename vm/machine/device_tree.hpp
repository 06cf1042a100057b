// SPDX-License-Identifier: Apache-2.0
// The device tree: made for the board, or taken from a file, checked and given our /chosen.
// Source: Devicetree Specification 0.4; QEMU 7.2 `virt` for nodes and values; Linux 6.1 bindings.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vm/error.hpp"
#include "vm/platform/types.hpp"

namespace vm {

// Guest physical bytes first .. end - 1.
struct PhysicalRange {
  u64 first = 0;
  u64 end = 0;
  bool overlaps(const PhysicalRange& other) const { return first < other.end && other.first < end; }
};

// What /chosen says. Absent parts of an existing tree are left as they are.
struct Chosen {
  std::optional<std::string> bootargs{};
  std::optional<PhysicalRange> initrd{};
  std::optional<std::array<u32, 8>> rng_seed{};  // entropy for the kernel
};

struct BoardConfig {
  u32 harts = 1;         // 1..64
  u64 memory_bytes = 0;  // RAM from 0x8000'0000 on
  std::string isa = "rv64imafdc_zicsr_zifencei_sstc_svadu";
  std::string mmu_type = "riscv,sv57";
  u32 timebase_hertz = 10'000'000;
  Chosen chosen;
  std::vector<PhysicalRange> reserved;  // memory that no kernel may reuse
};

// The blob has some room (4 KiB) for firmware that edits it in place. Errors: a parameter out of range.
Result<std::vector<std::byte>> make_device_tree(const BoardConfig& board);

// `name` is what error messages call the blob. Errors: not a device tree, damaged (with the check that failed), truncated.
Result<void> check_device_tree(std::span<const std::byte> blob, const std::string& name);

// A checked copy of `blob` with our /chosen and reservations, and 4 KiB of room.
Result<std::vector<std::byte>> patch_device_tree(std::span<const std::byte> blob, const std::string& name, const Chosen& chosen,
                                                 std::span<const PhysicalRange> reserved);

}  // namespace vm
