// SPDX-License-Identifier: Apache-2.0
// What the integer operations compute: pure functions of their operands, no undefined behaviour for any of them.
// Source: RISC-V Unprivileged 20191213, chapters 2, 5 and 7 (division: table 7.1).
#pragma once
#include "vm/isa/operations.hpp"

namespace vm {

constexpr u64 sign_extend_word(u64 value) { return static_cast<u64>(static_cast<i64>(static_cast<i32>(static_cast<u32>(value)))); }

// Division by zero gives all ones and the dividend; the one signed overflow gives the dividend and 0.
template <class Signed>
constexpr Signed divide(Signed a, Signed b) {
  if (b == 0) return -1;
  if (b == -1) return static_cast<Signed>(-static_cast<u64>(a));
  return static_cast<Signed>(a / b);
}
template <class Signed>
constexpr Signed remainder(Signed a, Signed b) {
  if (b == 0) return a;
  if (b == -1) return 0;
  return static_cast<Signed>(a % b);
}

// `b` is rs2's value or the immediate. Operations of other kinds give 0.
template <Operation operation>
[[gnu::always_inline]] constexpr u64 compute(u64 a, u64 b) {
  using O = Operation;
  const auto sa = static_cast<i64>(a);
  const auto sb = static_cast<i64>(b);
  const auto wa = static_cast<u32>(a);
  const auto wb = static_cast<u32>(b);
  const auto swa = static_cast<i32>(wa);
  const auto swb = static_cast<i32>(wb);
  if constexpr (operation == O::add || operation == O::addi) return a + b;
  if constexpr (operation == O::sub) return a - b;
  if constexpr (operation == O::and_ || operation == O::andi) return a & b;
  if constexpr (operation == O::or_ || operation == O::ori) return a | b;
  if constexpr (operation == O::xor_ || operation == O::xori) return a ^ b;
  if constexpr (operation == O::slt || operation == O::slti) return sa < sb ? 1 : 0;
  if constexpr (operation == O::sltu || operation == O::sltiu) return a < b ? 1 : 0;
  if constexpr (operation == O::sll || operation == O::slli) return a << (b & 63);
  if constexpr (operation == O::srl || operation == O::srli) return a >> (b & 63);
  if constexpr (operation == O::sra || operation == O::srai) return static_cast<u64>(sa >> (b & 63));
  if constexpr (operation == O::addw || operation == O::addiw) return sign_extend_word(a + b);
  if constexpr (operation == O::subw) return sign_extend_word(a - b);
  if constexpr (operation == O::sllw || operation == O::slliw) return sign_extend_word(wa << (b & 31));
  if constexpr (operation == O::srlw || operation == O::srliw) return sign_extend_word(wa >> (b & 31));
  if constexpr (operation == O::sraw || operation == O::sraiw) return static_cast<u64>(static_cast<i64>(swa >> (b & 31)));
  if constexpr (operation == O::mul) return a * b;
  if constexpr (operation == O::mulh) return static_cast<u64>((static_cast<i128>(sa) * sb) >> 64);
  if constexpr (operation == O::mulhu) return static_cast<u64>((static_cast<u128>(a) * b) >> 64);
  if constexpr (operation == O::mulhsu) return static_cast<u64>((static_cast<i128>(sa) * static_cast<i128>(b)) >> 64);
  if constexpr (operation == O::div) return static_cast<u64>(divide(sa, sb));
  if constexpr (operation == O::divu) return b == 0 ? ~u64{0} : a / b;
  if constexpr (operation == O::rem) return static_cast<u64>(remainder(sa, sb));
  if constexpr (operation == O::remu) return b == 0 ? a : a % b;
  if constexpr (operation == O::mulw) return sign_extend_word(a * b);
  if constexpr (operation == O::divw) return sign_extend_word(static_cast<u32>(divide(swa, swb)));
  if constexpr (operation == O::divuw) return wb == 0 ? ~u64{0} : sign_extend_word(wa / wb);
  if constexpr (operation == O::remw) return sign_extend_word(static_cast<u32>(remainder(swa, swb)));
  if constexpr (operation == O::remuw) return sign_extend_word(wb == 0 ? wa : wa % wb);
  return 0;
}

// Is the branch taken?
template <Operation operation>
[[gnu::always_inline]] constexpr bool holds(u64 a, u64 b) {
  using O = Operation;
  if constexpr (operation == O::beq) return a == b;
  if constexpr (operation == O::bne) return a != b;
  if constexpr (operation == O::blt) return static_cast<i64>(a) < static_cast<i64>(b);
  if constexpr (operation == O::bge) return static_cast<i64>(a) >= static_cast<i64>(b);
  if constexpr (operation == O::bltu) return a < b;
  if constexpr (operation == O::bgeu) return a >= b;
  return false;
}

}  // namespace vm
