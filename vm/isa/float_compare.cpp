// SPDX-License-Identifier: Apache-2.0
// Comparison, minimum, maximum, classification: no rounding, so one way for all hosts.
#include "vm/isa/float_format.hpp"

namespace vm {

namespace {

// Numbers only. Sign and magnitude; both zeros are equal.
template <class F>
bool less(typename F::Bits a, typename F::Bits b) {
  if (is_zero<F>(a) && is_zero<F>(b)) return false;
  if (is_negative<F>(a) != is_negative<F>(b)) return is_negative<F>(a);
  return is_negative<F>(a) ? a > b : a < b;
}
template <class F>
bool equal(typename F::Bits a, typename F::Bits b) {
  return a == b || (is_zero<F>(a) && is_zero<F>(b));
}

template <class F>
bool eq(typename F::Bits a, typename F::Bits b, u8& flags) {
  if (is_nan<F>(a) || is_nan<F>(b)) {
    if (is_signaling<F>(a) || is_signaling<F>(b)) flags |= fflag_invalid;
    return false;
  }
  return equal<F>(a, b);
}

template <class F>
bool ordered(typename F::Bits a, typename F::Bits b, bool or_equal, u8& flags) {
  if (is_nan<F>(a) || is_nan<F>(b)) {
    flags |= fflag_invalid;
    return false;
  }
  return less<F>(a, b) || (or_equal && equal<F>(a, b));
}

template <class F>
typename F::Bits extreme(typename F::Bits a, typename F::Bits b, bool greatest, u8& flags) {
  if (is_signaling<F>(a) || is_signaling<F>(b)) flags |= fflag_invalid;
  if (is_nan<F>(a)) return is_nan<F>(b) ? F::canonical_nan : b;
  if (is_nan<F>(b)) return a;
  const bool a_is_less = less<F>(a, b) || (equal<F>(a, b) && is_negative<F>(a));
  return a_is_less != greatest ? a : b;
}

template <class F>
u64 classify(typename F::Bits a) {
  const bool negative = is_negative<F>(a);
  const typename F::Bits magnitude = a & ~sign_bit<F>;
  if (is_signaling<F>(a)) return 1 << 8;
  if (is_nan<F>(a)) return 1 << 9;
  if (magnitude == infinity<F>) return negative ? 1 << 0 : 1 << 7;
  if (magnitude == 0) return negative ? 1 << 3 : 1 << 4;
  if ((magnitude >> F::fraction) == 0) return negative ? 1 << 2 : 1 << 5;
  return negative ? 1 << 1 : 1 << 6;
}

}  // namespace

u64 f64_min(u64 a, u64 b, u8& flags) { return extreme<F64>(a, b, false, flags); }
u64 f64_max(u64 a, u64 b, u8& flags) { return extreme<F64>(a, b, true, flags); }
u32 f32_min(u32 a, u32 b, u8& flags) { return extreme<F32>(a, b, false, flags); }
u32 f32_max(u32 a, u32 b, u8& flags) { return extreme<F32>(a, b, true, flags); }
bool f64_eq(u64 a, u64 b, u8& flags) { return eq<F64>(a, b, flags); }
bool f64_lt(u64 a, u64 b, u8& flags) { return ordered<F64>(a, b, false, flags); }
bool f64_le(u64 a, u64 b, u8& flags) { return ordered<F64>(a, b, true, flags); }
bool f32_eq(u32 a, u32 b, u8& flags) { return eq<F32>(a, b, flags); }
bool f32_lt(u32 a, u32 b, u8& flags) { return ordered<F32>(a, b, false, flags); }
bool f32_le(u32 a, u32 b, u8& flags) { return ordered<F32>(a, b, true, flags); }
u64 f64_classify(u64 a) { return classify<F64>(a); }
u64 f32_classify(u32 a) { return classify<F32>(a); }

}  // namespace vm
