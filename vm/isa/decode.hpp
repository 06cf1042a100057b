// SPDX-License-Identifier: Apache-2.0
// From instruction bits to an operation with its operands. Pure: it depends on the bits alone.
// Thread-safe, wait-free. Source: RISC-V Unprivileged 20191213, chapters 2, 16 (compressed) and 24.
#pragma once
#include "vm/isa/operations.hpp"

namespace vm {

struct Instruction {
  Operation operation = Operation::illegal;
  u8 rd = 0;
  u8 rs1 = 0;
  u8 rs2 = 0;
  u8 length = 0;  // bytes: 2 or 4
  // The immediate, sign-extended; a shift amount; of jal and branches the distance in bytes from the instruction's own address.
  // Of csr, system, order, atomic and floating-point computational operations: 0 (their fields are in `bits`).
  i32 immediate = 0;
  u32 bits = 0;  // as fetched: 16 or 32 of them
};

// Does the instruction that starts with these two bytes have two more?
constexpr bool is_long(u16 first_half) { return (first_half & 3) == 3; }

// `bits` holds 16 bits of a short instruction, or 32 of a long one. Never fails: what the manual reserves is Operation::illegal.
Instruction decode(u32 bits);

}  // namespace vm
