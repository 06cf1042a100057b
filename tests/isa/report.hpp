// SPDX-License-Identifier: Apache-2.0
// Finds the first difference between what two runs left, and says where it came from.
#pragma once
#include <optional>

#include "tests/isa/engine_user.hpp"
#include "tests/isa/fault_program.hpp"

namespace isa_fuzz {

struct Difference {
  std::string what;            // one or more lines, without the last line's end
  std::optional<u64> address;  // of the instruction that made the value, where the trail tells
};

std::optional<Difference> compare(const Batch& batch, const Finished& engine, const Finished& qemu);
std::optional<Difference> compare(const FaultBatch& batch, const Finished& engine, const Finished& qemu);

// The instructions around `address`, disassembled by objdump where that is installed. `elf` is a path.
std::string disassembly(const std::string& elf, u64 address);

}  // namespace isa_fuzz
