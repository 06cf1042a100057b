// SPDX-License-Identifier: Apache-2.0
// Loading a machine: firmware, kernel, initrd and device tree into guest RAM, and the state in which the harts start.
//
// Where things go (RAM from 0x8000'0000):
//   0x8000'0000              firmware, or with `bios = none` a raw kernel
//   0x8020'0000              Linux Image, at the text offset that its header asks for
//   below the top            initrd, page aligned; then one page with the fw_dynamic information, reserved; then the device tree
// An ELF file goes where its program headers say.
//
// Source: RISC-V boot image header and "Kernel boot requirements" (Linux 6.1, Documentation/riscv); OpenSBI 1.1 fw_dynamic.
#pragma once
#include <optional>
#include <string>

#include "vm/error.hpp"
#include "vm/machine/loader_program.hpp"
#include "vm/memory/guest_memory.hpp"

namespace vm {

struct LoadConfig {
  std::string bios = "default";  // a path; "default": Debian's OpenSBI; "none": the kernel starts in M mode
  std::string kernel{};          // ELF, Linux Image, or (bios none) a raw program; empty: firmware only
  std::string initrd{};
  std::string dtb{};     // empty: made from the fields below
  std::string append{};  // the kernel's command line
  u32 harts = 1;
  std::string isa{};          // empty: BoardConfig's
  std::string mmu_type{};     // empty: BoardConfig's
  std::optional<u64> seed{};  // of /chosen/rng-seed; empty: the host's entropy
};

// Every hart starts in M mode at `pc` with a0 = its id, a1 = device_tree, a2 = dynamic_information.
struct BootState {
  u64 pc = 0;
  u64 device_tree = 0;
  u64 dynamic_information = 0;  // 0: no firmware
  std::optional<LoadedProgram> firmware;
  std::optional<LoadedProgram> kernel;
  std::optional<LoadedProgram> initrd;
};

// Errors name the file, the offset where that makes sense, and the mend. RAM's size is memory.bytes().
Result<BootState> load_machine(const LoadConfig& config, GuestMemory& memory);

}  // namespace vm
