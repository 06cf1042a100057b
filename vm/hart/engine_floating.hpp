// SPDX-License-Identifier: Apache-2.0
// The F and D computational instructions: operands out of the registers, vm/isa/float.hpp, result, flags and FS.
// A single in an f register is boxed: the upper half all ones; anything else reads as the canonical NaN.
// Source: RISC-V Unprivileged 20191213, chapters 11 and 12 (boxing: 12.2).
#pragma once
#include "vm/hart/hart.hpp"
#include "vm/isa/float.hpp"
#include "vm/isa/operations.hpp"
#include "vm/translate/op.hpp"

namespace vm {

inline constexpr u64 box_of_single = 0xffff'ffff'0000'0000;
constexpr u64 box(u32 single) { return box_of_single | single; }
constexpr u32 unbox(u64 value) { return value >= box_of_single ? static_cast<u32>(value) : f32_canonical_nan; }

// One width of floating-point number, so that the single and double instructions are one text.
struct Single {
  using Bits = u32;
  static constexpr Bits sign = 0x8000'0000;
  static Bits read(const Hart& hart, unsigned f) { return unbox(hart.f[f]); }
  static u64 write(Bits bits) { return box(bits); }
  static constexpr auto add = f32_add, sub = f32_sub, mul = f32_mul, div = f32_div;
  static constexpr auto sqrt = f32_sqrt;
  static constexpr auto fma = f32_fma;
  static constexpr auto min = f32_min, max = f32_max;
  static constexpr auto eq = f32_eq, lt = f32_lt, le = f32_le;
  static constexpr auto classify = f32_classify;
  static constexpr auto to_i32 = f32_to_i32;
  static constexpr auto to_u32 = f32_to_u32;
  static constexpr auto to_i64 = f32_to_i64;
  static constexpr auto to_u64 = f32_to_u64;
  static constexpr auto from_i32 = i32_to_f32;
  static constexpr auto from_u32 = u32_to_f32;
  static constexpr auto from_i64 = i64_to_f32;
  static constexpr auto from_u64 = u64_to_f32;
};
struct Double {
  using Bits = u64;
  static constexpr Bits sign = u64{1} << 63;
  static Bits read(const Hart& hart, unsigned f) { return hart.f[f]; }
  static u64 write(Bits bits) { return bits; }
  static constexpr auto add = f64_add, sub = f64_sub, mul = f64_mul, div = f64_div;
  static constexpr auto sqrt = f64_sqrt;
  static constexpr auto fma = f64_fma;
  static constexpr auto min = f64_min, max = f64_max;
  static constexpr auto eq = f64_eq, lt = f64_lt, le = f64_le;
  static constexpr auto classify = f64_classify;
  static constexpr auto to_i32 = f64_to_i32;
  static constexpr auto to_u32 = f64_to_u32;
  static constexpr auto to_i64 = f64_to_i64;
  static constexpr auto to_u64 = f64_to_u64;
  static constexpr auto from_i32 = i32_to_f64;
  static constexpr auto from_u32 = u32_to_f64;
  static constexpr auto from_i64 = i64_to_f64;
  static constexpr auto from_u64 = u64_to_f64;
};

constexpr bool is_double(Operation operation) {
  return (operation >= Operation::fmadd_d && operation <= Operation::fmv_d_x) || operation == Operation::fcvt_d_s;
}

// False: the rounding mode in frm is reserved, and the instruction is illegal.
template <Operation operation>
[[gnu::noinline]] bool execute_floating(Hart& hart, const Op& op) {
  using O = Operation;
  using F = std::conditional_t<is_double(operation), Double, Single>;
  constexpr auto is = [](O single, O wide) { return operation == single || operation == wide; };
  constexpr u8 dynamic = 7, last_mode = 4;
  constexpr bool rounds =
      !(is(O::fsgnj_s, O::fsgnj_d) || is(O::fsgnjn_s, O::fsgnjn_d) || is(O::fsgnjx_s, O::fsgnjx_d) || is(O::fmin_s, O::fmin_d) ||
        is(O::fmax_s, O::fmax_d) || is(O::fmv_x_w, O::fmv_x_d) || is(O::fmv_w_x, O::fmv_d_x) || is(O::feq_s, O::feq_d) ||
        is(O::flt_s, O::flt_d) || is(O::fle_s, O::fle_d) || is(O::fclass_s, O::fclass_d));
  u8 rm = 0;
  if constexpr (rounds) {
    rm = op.bits() >> 12 & 7;
    if (rm == dynamic) rm = hart.csr.frm;
    if (rm > last_mode) return false;
  }
  u8 flags = 0;
  const auto a = [&] { return F::read(hart, op.rs1); };
  const auto b = [&] { return F::read(hart, op.rs2); };
  const auto c = [&] { return F::read(hart, op.bits() >> 27); };
  const auto to_f = [&](typename F::Bits bits) {
    hart.f[op.rd] = F::write(bits);
    hart.csr.fflags |= flags;
    hart.csr.set_fs_dirty();
    return true;
  };
  const auto to_x = [&](auto value) {
    hart.x[op.rd] = static_cast<u64>(static_cast<i64>(value));
    if (flags != 0) {
      hart.csr.fflags |= flags;
      hart.csr.set_fs_dirty();
    }
    return true;
  };
  const u64 x = hart.x[op.rs1];

  if constexpr (is(O::fadd_s, O::fadd_d)) return to_f(F::add(a(), b(), rm, flags));
  if constexpr (is(O::fsub_s, O::fsub_d)) return to_f(F::sub(a(), b(), rm, flags));
  if constexpr (is(O::fmul_s, O::fmul_d)) return to_f(F::mul(a(), b(), rm, flags));
  if constexpr (is(O::fdiv_s, O::fdiv_d)) return to_f(F::div(a(), b(), rm, flags));
  if constexpr (is(O::fsqrt_s, O::fsqrt_d)) return to_f(F::sqrt(a(), rm, flags));
  if constexpr (is(O::fmadd_s, O::fmadd_d)) return to_f(F::fma(a(), b(), c(), rm, flags));
  if constexpr (is(O::fmsub_s, O::fmsub_d)) return to_f(F::fma(a(), b(), c() ^ F::sign, rm, flags));
  if constexpr (is(O::fnmsub_s, O::fnmsub_d)) return to_f(F::fma(a() ^ F::sign, b(), c(), rm, flags));
  if constexpr (is(O::fnmadd_s, O::fnmadd_d)) return to_f(F::fma(a() ^ F::sign, b(), c() ^ F::sign, rm, flags));
  if constexpr (is(O::fsgnj_s, O::fsgnj_d)) return to_f((a() & ~F::sign) | (b() & F::sign));
  if constexpr (is(O::fsgnjn_s, O::fsgnjn_d)) return to_f((a() & ~F::sign) | (~b() & F::sign));
  if constexpr (is(O::fsgnjx_s, O::fsgnjx_d)) return to_f(a() ^ (b() & F::sign));
  if constexpr (is(O::fmin_s, O::fmin_d)) return to_f(F::min(a(), b(), flags));
  if constexpr (is(O::fmax_s, O::fmax_d)) return to_f(F::max(a(), b(), flags));
  if constexpr (is(O::feq_s, O::feq_d)) return to_x(F::eq(a(), b(), flags));
  if constexpr (is(O::flt_s, O::flt_d)) return to_x(F::lt(a(), b(), flags));
  if constexpr (is(O::fle_s, O::fle_d)) return to_x(F::le(a(), b(), flags));
  if constexpr (is(O::fclass_s, O::fclass_d)) return to_x(F::classify(a()));
  if constexpr (is(O::fcvt_w_s, O::fcvt_w_d)) return to_x(F::to_i32(a(), rm, flags));
  if constexpr (is(O::fcvt_wu_s, O::fcvt_wu_d)) return to_x(static_cast<i32>(F::to_u32(a(), rm, flags)));
  if constexpr (is(O::fcvt_l_s, O::fcvt_l_d)) return to_x(F::to_i64(a(), rm, flags));
  if constexpr (is(O::fcvt_lu_s, O::fcvt_lu_d)) return to_x(F::to_u64(a(), rm, flags));
  if constexpr (is(O::fcvt_s_w, O::fcvt_d_w)) return to_f(F::from_i32(static_cast<i32>(x), rm, flags));
  if constexpr (is(O::fcvt_s_wu, O::fcvt_d_wu)) return to_f(F::from_u32(static_cast<u32>(x), rm, flags));
  if constexpr (is(O::fcvt_s_l, O::fcvt_d_l)) return to_f(F::from_i64(static_cast<i64>(x), rm, flags));
  if constexpr (is(O::fcvt_s_lu, O::fcvt_d_lu)) return to_f(F::from_u64(x, rm, flags));
  // Moves carry bits: no boxing check on the way out.
  if constexpr (operation == O::fmv_x_w) return to_x(static_cast<i32>(hart.f[op.rs1]));
  if constexpr (operation == O::fmv_x_d) return to_x(hart.f[op.rs1]);
  if constexpr (operation == O::fmv_w_x) return to_f(static_cast<u32>(x));
  if constexpr (operation == O::fmv_d_x) return to_f(x);
  if constexpr (operation == O::fcvt_s_d) return to_f(f64_to_f32(hart.f[op.rs1], rm, flags));
  if constexpr (operation == O::fcvt_d_s) return to_f(f32_to_f64(unbox(hart.f[op.rs1]), rm, flags));
}

}  // namespace vm
