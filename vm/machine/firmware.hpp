// SPDX-License-Identifier: Apache-2.0
// OpenSBI: which file, where it goes, and what it is told in a2.
// Source: OpenSBI 1.1, docs/firmware/fw_dynamic.md and include/sbi/fw_dynamic.h.
#pragma once
#include <array>

#include "vm/machine/loader_program.hpp"

namespace vm {

// Debian's package `opensbi`; fw_dynamic is tried first.
inline constexpr const char* default_firmware_paths[] = {"/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin",
                                                         "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.bin"};

// `bios` is a path or "default". Errors: no default firmware is installed, with the package to install.
Result<std::string> find_firmware(const std::string& bios);

// ELF, or raw at the start of RAM.
Result<ProgramPlan> plan_firmware(std::span<const std::byte> file, const std::string& name, PhysicalRange ram);

// What fw_dynamic reads at a2: where to go next, in which mode (S), and which hart boots (0).
using DynamicInformation = std::array<u64, 6>;
DynamicInformation dynamic_information(u64 next_address);

}  // namespace vm
