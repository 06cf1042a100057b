// SPDX-License-Identifier: Apache-2.0
// ELF programs: 64-bit little-endian RISC-V, ET_EXEC, or ET_DYN at the addresses that it was linked for.
// Source: System V ABI, ELF-64 object file format 1.5; RISC-V ELF psABI 1.0.
#pragma once
#include "vm/machine/loader_program.hpp"

namespace vm {

bool is_elf(std::span<const std::byte> file);

// Checks every header field against the file's size and `ram`; PT_LOAD segments go to their physical addresses.
// Errors name the file, the offset of the field, and the mend.
Result<ProgramPlan> plan_elf(std::span<const std::byte> file, const std::string& name, PhysicalRange ram);

// plan_elf, then place.
Result<LoadedProgram> load_elf(std::span<const std::byte> file, const std::string& name, GuestMemory& memory);

}  // namespace vm
