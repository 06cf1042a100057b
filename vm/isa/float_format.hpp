// SPDX-License-Identifier: Apache-2.0
// The two formats, taken apart and put together: what all software arithmetic rests on.
// A finite number travels as (sign, exponent, significand with its leading one at the top); an exact or jammed 128-bit result is rounded
// once, by round_and_pack.
// Source: IEEE 754-2008, sections 3.4, 4.3, 7; RISC-V Unprivileged 20191213, section 11.2.
#pragma once
#include <bit>

#include "vm/isa/float.hpp"

namespace vm {

enum RoundingMode : u8 { round_nearest_even, round_to_zero, round_down, round_up, round_nearest_away };

struct F32 {
  using Bits = u32;
  static constexpr unsigned fraction = 23;
  static constexpr int bias = 127;
  static constexpr Bits canonical_nan = f32_canonical_nan;
};

struct F64 {
  using Bits = u64;
  static constexpr unsigned fraction = 52;
  static constexpr int bias = 1023;
  static constexpr Bits canonical_nan = f64_canonical_nan;
};

template <class F>
inline constexpr typename F::Bits sign_bit = typename F::Bits{1} << (8 * sizeof(typename F::Bits) - 1);
template <class F>
inline constexpr typename F::Bits infinity = (static_cast<typename F::Bits>(2 * F::bias + 1) << F::fraction);
template <class F>
inline constexpr typename F::Bits quiet_bit = typename F::Bits{1} << (F::fraction - 1);

template <class F>
constexpr bool is_nan(typename F::Bits a) {
  return (a & ~sign_bit<F>) > infinity<F>;
}
template <class F>
constexpr bool is_signaling(typename F::Bits a) {
  return is_nan<F>(a) && (a & quiet_bit<F>) == 0;
}
template <class F>
constexpr bool is_negative(typename F::Bits a) {
  return (a & sign_bit<F>) != 0;
}
template <class F>
constexpr bool is_infinite(typename F::Bits a) {
  return (a & ~sign_bit<F>) == infinity<F>;
}
template <class F>
constexpr bool is_zero(typename F::Bits a) {
  return (a & ~sign_bit<F>) == 0;
}
template <class F>
constexpr typename F::Bits with_sign(bool negative, typename F::Bits magnitude) {
  return magnitude | (negative ? sign_bit<F> : 0);
}

// A finite number other than zero: significand / 2^63 * 2^exponent, bit 63 set.
struct Finite {
  bool negative = false;
  int exponent = 0;
  u64 significand = 0;
};

template <class F>
constexpr Finite unpack(typename F::Bits a) {
  const int field = static_cast<int>((a & ~sign_bit<F>) >> F::fraction);
  const u64 fraction = a & ((typename F::Bits{1} << F::fraction) - 1);
  const u64 hidden = field == 0 ? 0 : u64{1} << F::fraction;
  const u64 unaligned = fraction | hidden;
  const int shift = std::countl_zero(unaligned);
  const int exponent = (field == 0 ? 1 : field) - F::bias - (shift - static_cast<int>(63 - F::fraction));
  return {is_negative<F>(a), exponent, unaligned << shift};
}

// Shifts right; what falls out at the end stays as a one in bit 0, so that rounding still sees that something was there.
constexpr u128 shift_right_jam(u128 value, unsigned count) {
  if (count == 0) return value;
  if (count >= 128) return value != 0;
  return (value >> count) | ((value << (128 - count)) != 0);
}

// value / 2^count (count at least 1) to an integer by the mode. Sets `inexact` if something was lost.
constexpr u128 round_shift(u128 value, unsigned count, bool negative, u8 rm, bool& inexact) {
  const u128 kept = count >= 128 ? 0 : value >> count;
  // What is lost, as a fraction of the last place times 2^128.
  const u128 lost = count > 128 ? u128{value != 0} : count == 128 ? value : value << (128 - count);
  constexpr u128 half = u128{1} << 127;
  inexact = lost != 0;
  bool up = false;
  switch (rm) {
    case round_nearest_even: up = lost > half || (lost == half && (kept & 1) != 0); break;
    case round_to_zero: break;
    case round_down: up = negative && lost != 0; break;
    case round_up: up = !negative && lost != 0; break;
    default: up = lost >= half; break;
  }
  return kept + (up ? 1 : 0);
}

template <class F>
constexpr typename F::Bits overflowed(bool negative, u8 rm, u8& flags) {
  flags |= fflag_overflow | fflag_inexact;
  const bool to_infinity =
      rm == round_nearest_even || rm == round_nearest_away || (rm == round_up && !negative) || (rm == round_down && negative);
  return with_sign<F>(negative, to_infinity ? infinity<F> : infinity<F> - 1);
}

// value / 2^127 * 2^exponent, value not 0, to the nearest representable number by the mode.
template <class F>
constexpr typename F::Bits round_and_pack(bool negative, int exponent, u128 value, u8 rm, u8& flags) {
  using Bits = typename F::Bits;
  constexpr int smallest = 1 - F::bias;                 // exponent of the least normal number
  constexpr unsigned excess = 128 - (F::fraction + 1);  // bits below a normal number's last place
  const u64 high = static_cast<u64>(value >> 64);
  const int shift = high != 0 ? std::countl_zero(high) : 64 + std::countl_zero(static_cast<u64>(value));
  value <<= shift;
  exponent -= shift;

  bool inexact = false;
  u128 kept = round_shift(value, excess, negative, rm, inexact);  // as if the exponent had no bounds
  const bool carried = (kept >> (F::fraction + 1)) != 0;
  if (exponent >= smallest) {
    exponent += carried;
    if (exponent > F::bias) return overflowed<F>(negative, rm, flags);
    if (inexact) flags |= fflag_inexact;
    // The hidden one adds one to the exponent field; after a carry the fraction is zero, and the next exponent is meant.
    const Bits fraction = carried ? 0 : static_cast<Bits>(kept) & ((Bits{1} << F::fraction) - 1);
    return with_sign<F>(negative, (static_cast<Bits>(exponent + F::bias) << F::fraction) + fraction);
  }
  const bool tiny = !(carried && exponent + 1 == smallest);  // after rounding
  kept = round_shift(value, excess + static_cast<unsigned>(smallest - exponent), negative, rm, inexact);
  if (inexact) flags |= static_cast<u8>(fflag_inexact | (tiny ? fflag_underflow : 0));
  return with_sign<F>(negative, static_cast<Bits>(kept));  // a carry into the exponent field makes the least normal number
}

// The result when an operand is a NaN.
template <class F>
constexpr typename F::Bits nan_result(bool signaling, u8& flags) {
  if (signaling) flags |= fflag_invalid;
  return F::canonical_nan;
}
template <class F>
constexpr typename F::Bits invalid_result(u8& flags) {
  flags |= fflag_invalid;
  return F::canonical_nan;
}

}  // namespace vm
