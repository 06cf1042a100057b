// SPDX-License-Identifier: Apache-2.0
// IEEE 754 arithmetic as RISC-V wants it: F and D operations on raw bits.
// `rm` is a rounding mode, resolved and valid: 0 RNE, 1 RTZ, 2 RDN, 3 RUP, 4 RMM. Exceptions are ORed into `flags` as fflags bits.
// Hand in the flags that the guest has accumulated, not zero: where inexact stands already, RNE needs no look at the host's own flags,
// and is several times faster.
// A NaN result is the canonical NaN; tininess is detected after rounding. f32 values are the low 32 bits: NaN boxing is the caller's.
// Threads: pure functions; they expect and leave the host's default control word (RNE, exceptions masked). Progress: wait-free.
// Source: RISC-V Unprivileged 20191213, chapters 11 and 12; IEEE 754-2008.
#pragma once
#include "vm/platform/types.hpp"

namespace vm {

inline constexpr u8 fflag_inexact = 1;
inline constexpr u8 fflag_underflow = 2;
inline constexpr u8 fflag_overflow = 4;
inline constexpr u8 fflag_divide_by_zero = 8;
inline constexpr u8 fflag_invalid = 16;

inline constexpr u64 f64_canonical_nan = 0x7ff8'0000'0000'0000;
inline constexpr u32 f32_canonical_nan = 0x7fc0'0000;

u64 f64_add(u64 a, u64 b, u8 rm, u8& flags);
u64 f64_sub(u64 a, u64 b, u8 rm, u8& flags);
u64 f64_mul(u64 a, u64 b, u8 rm, u8& flags);
u64 f64_div(u64 a, u64 b, u8 rm, u8& flags);
u64 f64_sqrt(u64 a, u8 rm, u8& flags);
u64 f64_fma(u64 a, u64 b, u64 c, u8 rm, u8& flags);  // a * b + c, rounded once; flip signs for fmsub, fnmsub, fnmadd
u32 f32_add(u32 a, u32 b, u8 rm, u8& flags);
u32 f32_sub(u32 a, u32 b, u8 rm, u8& flags);
u32 f32_mul(u32 a, u32 b, u8 rm, u8& flags);
u32 f32_div(u32 a, u32 b, u8 rm, u8& flags);
u32 f32_sqrt(u32 a, u8 rm, u8& flags);
u32 f32_fma(u32 a, u32 b, u32 c, u8 rm, u8& flags);

// minimumNumber and maximumNumber: -0 is less than +0, a NaN gives way to a number.
u64 f64_min(u64 a, u64 b, u8& flags);
u64 f64_max(u64 a, u64 b, u8& flags);
u32 f32_min(u32 a, u32 b, u8& flags);
u32 f32_max(u32 a, u32 b, u8& flags);
// eq is quiet; lt and le signal invalid for any NaN.
bool f64_eq(u64 a, u64 b, u8& flags);
bool f64_lt(u64 a, u64 b, u8& flags);
bool f64_le(u64 a, u64 b, u8& flags);
bool f32_eq(u32 a, u32 b, u8& flags);
bool f32_lt(u32 a, u32 b, u8& flags);
bool f32_le(u32 a, u32 b, u8& flags);
// The 10-bit mask of fclass.
u64 f64_classify(u64 a);
u64 f32_classify(u32 a);

// To integers: out of range and NaN saturate, with the invalid flag. The caller sign-extends 32-bit results (the unsigned ones too).
i32 f64_to_i32(u64 a, u8 rm, u8& flags);
u32 f64_to_u32(u64 a, u8 rm, u8& flags);
i64 f64_to_i64(u64 a, u8 rm, u8& flags);
u64 f64_to_u64(u64 a, u8 rm, u8& flags);
i32 f32_to_i32(u32 a, u8 rm, u8& flags);
u32 f32_to_u32(u32 a, u8 rm, u8& flags);
i64 f32_to_i64(u32 a, u8 rm, u8& flags);
u64 f32_to_u64(u32 a, u8 rm, u8& flags);
u64 i32_to_f64(i32 a, u8 rm, u8& flags);
u64 u32_to_f64(u32 a, u8 rm, u8& flags);
u64 i64_to_f64(i64 a, u8 rm, u8& flags);
u64 u64_to_f64(u64 a, u8 rm, u8& flags);
u32 i32_to_f32(i32 a, u8 rm, u8& flags);
u32 u32_to_f32(u32 a, u8 rm, u8& flags);
u32 i64_to_f32(i64 a, u8 rm, u8& flags);
u32 u64_to_f32(u64 a, u8 rm, u8& flags);
u64 f32_to_f64(u32 a, u8 rm, u8& flags);
u32 f64_to_f32(u64 a, u8 rm, u8& flags);

}  // namespace vm
