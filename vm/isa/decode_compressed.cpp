// SPDX-License-Identifier: Apache-2.0
// Short instructions: rows of (bits that count, their values), bucketed at compile time by quadrant and funct3; then the operands.
#include "vm/isa/decode_compressed.hpp"

#include <array>

#include "vm/isa/bit_fields.hpp"

namespace vm {
namespace {

// clang-format off
enum class Format : u8 {
  addi4spn, load32, load64, store32, store64, immediate6, load_immediate, addi16sp, upper, shift_prime, and_prime, both_prime, jump, branch,
  shift, load32_sp, load64_sp, store32_sp, store64_sp, jump_register, call_register, move, accumulate, bare
};
// clang-format on
enum class NotZero : u8 { nothing, immediate, rd, rs1 };

struct Row {
  Operation operation;
  Format format;
  u16 mask;
  u16 value;
  NotZero not_zero;
};

constexpr Row rows[] = {
#define COMPRESSED(operation, format, mask, value, not_zero) {Operation::operation, Format::format, mask, value, NotZero::not_zero},
#include "vm/isa/compressed.inc"
#undef COMPRESSED
};

// All masks contain quadrant (bits 0, 1) and funct3 (bits 13..15); rows of one bucket stand together in the table.
constexpr unsigned bucket_of(u32 bits) { return (bits & 3) | ((bits >> 11) & 0x1c); }
struct Bucket {
  u8 first = 0;
  u8 end = 0;
};
consteval std::array<Bucket, 32> sort_rows() {
  std::array<Bucket, 32> sorted;
  for (unsigned row = 0; row < std::size(rows); ++row) {
    Bucket& bucket = sorted[bucket_of(rows[row].value)];
    if (bucket.end == 0) bucket.first = static_cast<u8>(row);
    bucket.end = static_cast<u8>(row + 1);
  }
  return sorted;
}
constexpr auto sorted_rows = sort_rows();

struct Operands {
  u32 rd = 0;
  u32 rs1 = 0;
  u32 rs2 = 0;
  i32 immediate = 0;
};

constexpr u32 sp = 2;

// Immediates are scattered so that each bit stands at as few places as possible: the manual's tables, field by field.
constexpr Operands operands_of(Format format, u32 w) {
  const auto f = [w](unsigned low, unsigned count, unsigned to = 0) { return bit_field(w, low, count, to); };
  const u32 full_rd = f(7, 5), full_rs2 = f(2, 5);
  const u32 low_prime = f(2, 3) + 8, high_prime = f(7, 3) + 8;
  const auto offset32 = static_cast<i32>(f(5, 1, 6) | f(10, 3, 3) | f(6, 1, 2));
  const auto offset64 = static_cast<i32>(f(5, 2, 6) | f(10, 3, 3));
  const i32 signed6 = sign_extend(f(12, 1, 5) | f(2, 5), 6);
  const auto unsigned6 = static_cast<i32>(f(12, 1, 5) | f(2, 5));
  // clang-format off
  switch (format) {
    case Format::addi4spn:
      return {low_prime, sp, 0, static_cast<i32>(f(7, 4, 6) | f(11, 2, 4) | f(5, 1, 3) | f(6, 1, 2))};
    case Format::load32: return {low_prime, high_prime, 0, offset32};
    case Format::load64: return {low_prime, high_prime, 0, offset64};
    case Format::store32: return {0, high_prime, low_prime, offset32};
    case Format::store64: return {0, high_prime, low_prime, offset64};
    case Format::immediate6: return {full_rd, full_rd, 0, signed6};
    case Format::load_immediate: return {full_rd, 0, 0, signed6};
    case Format::addi16sp:
      return {sp, sp, 0, sign_extend(f(12, 1, 9) | f(3, 2, 7) | f(5, 1, 6) | f(2, 1, 5) | f(6, 1, 4), 10)};
    case Format::upper: return {full_rd, 0, 0, sign_extend(f(12, 1, 17) | f(2, 5, 12), 18)};
    case Format::shift_prime: return {high_prime, high_prime, 0, unsigned6};
    case Format::and_prime: return {high_prime, high_prime, 0, signed6};
    case Format::both_prime: return {high_prime, high_prime, low_prime, 0};
    case Format::jump:
      return {0, 0, 0, sign_extend(f(12, 1, 11) | f(8, 1, 10) | f(9, 2, 8) | f(6, 1, 7) | f(7, 1, 6) |
                                       f(2, 1, 5) | f(11, 1, 4) | f(3, 3, 1), 12)};
    case Format::branch:
      return {0, high_prime, 0, sign_extend(f(12, 1, 8) | f(5, 2, 6) | f(2, 1, 5) | f(10, 2, 3) | f(3, 2, 1), 9)};
    case Format::shift: return {full_rd, full_rd, 0, unsigned6};
    case Format::load32_sp: return {full_rd, sp, 0, static_cast<i32>(f(2, 2, 6) | f(12, 1, 5) | f(4, 3, 2))};
    case Format::load64_sp: return {full_rd, sp, 0, static_cast<i32>(f(2, 3, 6) | f(12, 1, 5) | f(5, 2, 3))};
    case Format::store32_sp: return {0, sp, full_rs2, static_cast<i32>(f(7, 2, 6) | f(9, 4, 2))};
    case Format::store64_sp: return {0, sp, full_rs2, static_cast<i32>(f(7, 3, 6) | f(10, 3, 3))};
    case Format::jump_register: return {0, full_rd, 0, 0};
    case Format::call_register: return {1, full_rd, 0, 0};
    case Format::move: return {full_rd, 0, full_rs2, 0};
    case Format::accumulate: return {full_rd, full_rd, full_rs2, 0};
    case Format::bare: break;
      // clang-format on
  }
  return {};
}

constexpr bool reserved(NotZero not_zero, const Operands& operands) {
  switch (not_zero) {
    case NotZero::nothing: return false;
    case NotZero::immediate: return operands.immediate == 0;
    case NotZero::rd: return operands.rd == 0;
    case NotZero::rs1: return operands.rs1 == 0;
  }
  return true;
}

}  // namespace

Instruction decode_compressed(u16 bits) {
  Instruction instruction{.length = 2, .bits = bits};
  const Bucket bucket = sorted_rows[bucket_of(bits)];
  for (unsigned i = bucket.first; i < bucket.end; ++i) {
    const Row& row = rows[i];
    if ((bits & row.mask) != row.value) continue;
    const Operands operands = operands_of(row.format, bits);
    if (reserved(row.not_zero, operands)) return instruction;
    instruction.operation = row.operation;
    instruction.rd = static_cast<u8>(operands.rd);
    instruction.rs1 = static_cast<u8>(operands.rs1);
    instruction.rs2 = static_cast<u8>(operands.rs2);
    instruction.immediate = operands.immediate;
    return instruction;
  }
  return instruction;
}

}  // namespace vm
