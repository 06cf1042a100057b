// SPDX-License-Identifier: Apache-2.0
#include "vm/isa/float_soft.hpp"

#include <utility>

namespace vm::soft {

namespace {

// significand / 2^126 * 2^exponent: one bit of room for the carry of a sum.
struct Wide {
  bool negative = false;
  int exponent = 0;
  u128 significand = 0;
};

Wide widen(const Finite& a) { return {a.negative, a.exponent, u128{a.significand} << 63}; }

// The exact product. Significands have at least 11 zeros at the end, so that nothing is lost by the shift.
Wide product(const Finite& a, const Finite& b) {
  return {a.negative != b.negative, a.exponent + b.exponent + 1, (u128{a.significand} * b.significand) >> 1};
}

// Rounded once. A jammed bit is far below the last place: a cancellation of more than one bit happens only where the shift is 0 or 1,
// and then it loses nothing.
template <class F>
typename F::Bits sum(Wide a, Wide b, u8 rm, u8& flags) {
  if (a.exponent < b.exponent) std::swap(a, b);
  b.significand = shift_right_jam(b.significand, static_cast<unsigned>(a.exponent - b.exponent));
  if (a.negative == b.negative) {
    a.significand += b.significand;
  } else if (a.significand >= b.significand) {
    a.significand -= b.significand;
  } else {
    a.significand = b.significand - a.significand;
    a.negative = b.negative;
  }
  if (a.significand == 0) return with_sign<F>(rm == round_down, 0);
  return round_and_pack<F>(a.negative, a.exponent + 1, a.significand, rm, flags);
}

u64 integer_root(u128 square, bool& exact) {
  u64 root = 0;
  for (u64 bit = u64{1} << 63; bit != 0; bit >>= 1) {
    const u64 candidate = root | bit;
    if (u128{candidate} * candidate <= square) root = candidate;
  }
  exact = u128{root} * root == square;
  return root;
}

}  // namespace

template <class F>
typename F::Bits add(typename F::Bits a, typename F::Bits b, u8 rm, u8& flags) {
  if (is_nan<F>(a) || is_nan<F>(b)) return nan_result<F>(is_signaling<F>(a) || is_signaling<F>(b), flags);
  if (is_infinite<F>(a)) return is_infinite<F>(b) && a != b ? invalid_result<F>(flags) : a;
  if (is_infinite<F>(b)) return b;
  if (is_zero<F>(a)) return !is_zero<F>(b) || a == b ? b : with_sign<F>(rm == round_down, 0);
  if (is_zero<F>(b)) return a;
  return sum<F>(widen(unpack<F>(a)), widen(unpack<F>(b)), rm, flags);
}

template <class F>
typename F::Bits sub(typename F::Bits a, typename F::Bits b, u8 rm, u8& flags) {
  return add<F>(a, b ^ sign_bit<F>, rm, flags);
}

template <class F>
typename F::Bits mul(typename F::Bits a, typename F::Bits b, u8 rm, u8& flags) {
  if (is_nan<F>(a) || is_nan<F>(b)) return nan_result<F>(is_signaling<F>(a) || is_signaling<F>(b), flags);
  const bool negative = is_negative<F>(a) != is_negative<F>(b);
  if (is_infinite<F>(a) || is_infinite<F>(b)) {
    return is_zero<F>(a) || is_zero<F>(b) ? invalid_result<F>(flags) : with_sign<F>(negative, infinity<F>);
  }
  if (is_zero<F>(a) || is_zero<F>(b)) return with_sign<F>(negative, 0);
  const Wide p = product(unpack<F>(a), unpack<F>(b));
  return round_and_pack<F>(p.negative, p.exponent + 1, p.significand, rm, flags);
}

template <class F>
typename F::Bits div(typename F::Bits a, typename F::Bits b, u8 rm, u8& flags) {
  if (is_nan<F>(a) || is_nan<F>(b)) return nan_result<F>(is_signaling<F>(a) || is_signaling<F>(b), flags);
  const bool negative = is_negative<F>(a) != is_negative<F>(b);
  if (is_infinite<F>(a)) return is_infinite<F>(b) ? invalid_result<F>(flags) : with_sign<F>(negative, infinity<F>);
  if (is_infinite<F>(b)) return with_sign<F>(negative, 0);
  if (is_zero<F>(b)) {
    if (is_zero<F>(a)) return invalid_result<F>(flags);
    flags |= fflag_divide_by_zero;
    return with_sign<F>(negative, infinity<F>);
  }
  if (is_zero<F>(a)) return with_sign<F>(negative, 0);
  const Finite n = unpack<F>(a);
  const Finite d = unpack<F>(b);
  const u128 numerator = u128{n.significand} << 64;
  const u128 quotient = numerator / d.significand;  // between 2^63 and 2^65; 2^64 stands for 1
  const bool rest = quotient * d.significand != numerator;
  return round_and_pack<F>(negative, n.exponent - d.exponent, (quotient << 63) | rest, rm, flags);
}

template <class F>
typename F::Bits sqrt(typename F::Bits a, u8 rm, u8& flags) {
  if (is_nan<F>(a)) return nan_result<F>(is_signaling<F>(a), flags);
  if (is_zero<F>(a)) return a;
  if (is_negative<F>(a)) return invalid_result<F>(flags);
  if (is_infinite<F>(a)) return a;
  const Finite n = unpack<F>(a);
  const bool odd = (n.exponent & 1) != 0;
  bool exact = false;
  const u64 root = integer_root(u128{n.significand} << (odd ? 64 : 63), exact);  // 2^63 stands for 1
  return round_and_pack<F>(false, n.exponent >> 1, (u128{root} << 64) | !exact, rm, flags);
}

template <class F>
typename F::Bits fma(typename F::Bits a, typename F::Bits b, typename F::Bits c, u8 rm, u8& flags) {
  const bool undefined = (is_infinite<F>(a) && is_zero<F>(b)) || (is_zero<F>(a) && is_infinite<F>(b));
  if (is_nan<F>(a) || is_nan<F>(b) || is_nan<F>(c)) {
    return nan_result<F>(undefined || is_signaling<F>(a) || is_signaling<F>(b) || is_signaling<F>(c), flags);
  }
  if (undefined) return invalid_result<F>(flags);
  const bool negative = is_negative<F>(a) != is_negative<F>(b);
  if (is_infinite<F>(a) || is_infinite<F>(b)) {
    return is_infinite<F>(c) && is_negative<F>(c) != negative ? invalid_result<F>(flags) : with_sign<F>(negative, infinity<F>);
  }
  if (is_infinite<F>(c)) return c;
  if (is_zero<F>(a) || is_zero<F>(b)) {
    if (!is_zero<F>(c) || is_negative<F>(c) == negative) return c;
    return with_sign<F>(rm == round_down, 0);
  }
  const Wide p = product(unpack<F>(a), unpack<F>(b));
  if (is_zero<F>(c)) return round_and_pack<F>(p.negative, p.exponent + 1, p.significand, rm, flags);
  return sum<F>(p, widen(unpack<F>(c)), rm, flags);
}

template <class F>
u64 to_integer(typename F::Bits a, bool is_signed, unsigned width, u8 rm, u8& flags) {
  const u64 all = width == 64 ? ~u64{0} : (u64{1} << width) - 1;
  const u64 largest = is_signed ? all >> 1 : all;
  const u64 most_negative = is_signed ? largest + 1 : 0;  // its magnitude
  const bool negative = is_negative<F>(a) && !is_nan<F>(a);
  if (is_zero<F>(a)) return 0;
  bool inexact = false;
  u128 magnitude = 0;
  const bool number = !is_nan<F>(a) && !is_infinite<F>(a);
  const Finite n = unpack<F>(a);
  const bool fits = number && n.exponent <= 64;
  if (fits) magnitude = round_shift(u128{n.significand} << 64, static_cast<unsigned>(127 - n.exponent), negative, rm, inexact);
  if (!fits || magnitude > (negative ? most_negative : largest)) {
    flags |= fflag_invalid;
    return negative ? (0 - most_negative) & all : largest;
  }
  if (inexact) flags |= fflag_inexact;
  const u64 value = static_cast<u64>(magnitude);
  return (negative ? 0 - value : value) & all;
}

template <class F>
typename F::Bits from_integer(bool negative, u64 magnitude, u8 rm, u8& flags) {
  if (magnitude == 0) return 0;
  return round_and_pack<F>(negative, 63, u128{magnitude} << 64, rm, flags);
}

template <class To, class From>
typename To::Bits convert(typename From::Bits a, u8 rm, u8& flags) {
  if (is_nan<From>(a)) return nan_result<To>(is_signaling<From>(a), flags);
  if (is_infinite<From>(a)) return with_sign<To>(is_negative<From>(a), infinity<To>);
  if (is_zero<From>(a)) return with_sign<To>(is_negative<From>(a), 0);
  const Finite n = unpack<From>(a);
  return round_and_pack<To>(n.negative, n.exponent, u128{n.significand} << 64, rm, flags);
}

template u32 add<F32>(u32, u32, u8, u8&);
template u64 add<F64>(u64, u64, u8, u8&);
template u32 sub<F32>(u32, u32, u8, u8&);
template u64 sub<F64>(u64, u64, u8, u8&);
template u32 mul<F32>(u32, u32, u8, u8&);
template u64 mul<F64>(u64, u64, u8, u8&);
template u32 div<F32>(u32, u32, u8, u8&);
template u64 div<F64>(u64, u64, u8, u8&);
template u32 sqrt<F32>(u32, u8, u8&);
template u64 sqrt<F64>(u64, u8, u8&);
template u32 fma<F32>(u32, u32, u32, u8, u8&);
template u64 fma<F64>(u64, u64, u64, u8, u8&);
template u64 to_integer<F32>(u32, bool, unsigned, u8, u8&);
template u64 to_integer<F64>(u64, bool, unsigned, u8, u8&);
template u32 from_integer<F32>(bool, u64, u8, u8&);
template u64 from_integer<F64>(bool, u64, u8, u8&);
template u64 convert<F64, F32>(u32, u8, u8&);
template u32 convert<F32, F64>(u64, u8, u8&);

}  // namespace vm::soft
