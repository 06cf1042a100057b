// SPDX-License-Identifier: Apache-2.0
// Linux `Image`: the kernel as one flat piece behind a 64-byte header.
// Source: Linux 6.1, Documentation/riscv/boot-image-header.rst.
#pragma once
#include "vm/machine/loader_program.hpp"

namespace vm {

bool is_linux_image(std::span<const std::byte> file);

// `base` is where text_offset counts from: the start of RAM, a multiple of 2 MiB. Errors: no magic, big-endian, an image larger than
// RAM or smaller than its file, compressed.
Result<ProgramPlan> plan_linux_image(std::span<const std::byte> file, const std::string& name, u64 base, PhysicalRange ram);
Result<LoadedProgram> load_linux_image(std::span<const std::byte> file, const std::string& name, u64 base, GuestMemory& memory);

}  // namespace vm
