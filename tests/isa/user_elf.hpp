// SPDX-License-Identifier: Apache-2.0
// The bytes of a static RISC-V executable with a text and a data segment, entered at the start of its text.
// Source: System V ABI, chapter 5 (ELF-64); RISC-V ELF psABI 1.0, section 8.1 (e_flags).
#pragma once
#include "tests/isa/program.hpp"

namespace isa_fuzz {

std::vector<u8> elf_of(const Program& program);

}  // namespace isa_fuzz
