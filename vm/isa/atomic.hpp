// SPDX-License-Identifier: Apache-2.0
// What the AMOs write: a pure function of the old value in memory and rs2.
// Source: RISC-V Unprivileged 20191213, section 8.4.
#pragma once
#include "vm/isa/operations.hpp"

namespace vm {

// T is the type of the operation in INTERLOCK_AMO_OPERATIONS: its signedness is the comparison's.
template <Operation operation, class T>
constexpr T amo_result(T old, T operand) {
  using O = Operation;
  constexpr auto is = [](O word, O doubleword) { return operation == word || operation == doubleword; };
  if constexpr (is(O::amoadd_w, O::amoadd_d)) return static_cast<T>(static_cast<u64>(old) + static_cast<u64>(operand));
  if constexpr (is(O::amoxor_w, O::amoxor_d)) return old ^ operand;
  if constexpr (is(O::amoand_w, O::amoand_d)) return old & operand;
  if constexpr (is(O::amoor_w, O::amoor_d)) return old | operand;
  if constexpr (is(O::amomin_w, O::amomin_d) || is(O::amominu_w, O::amominu_d)) return old < operand ? old : operand;
  if constexpr (is(O::amomax_w, O::amomax_d) || is(O::amomaxu_w, O::amomaxu_d)) return old > operand ? old : operand;
  return operand;  // amoswap
}

}  // namespace vm
