// SPDX-License-Identifier: Apache-2.0
// Conversions. The common ones (truncation, and integers that fit the format or are rounded to nearest) are done by the host, and their
// inexactness is found by arithmetic; so MXCSR is not touched.
#include <type_traits>

#include "vm/isa/float_host.hpp"
#include "vm/isa/float_soft.hpp"

namespace vm {

namespace {

template <class F, class I>
I to_integer(typename F::Bits bits, u8 rm, u8& flags) {
  using host::Host;
  constexpr bool is_signed = std::is_signed_v<I>;
  constexpr unsigned width = 8 * sizeof(I);
  if (rm == round_to_zero) {
    // Inside these bounds the truncated value fits I, and i64; NaN is outside.
    const auto value = std::bit_cast<Host<F>>(bits);
    constexpr double least = !is_signed ? -1.0 : width == 64 ? -0x1p63 : -0x1p31 - 1;
    constexpr double beyond = is_signed && width == 32 ? 0x1p31 : width == 32 ? 0x1p32 : 0x1p63;
    const double wide = value;
    if ((wide > least || (is_signed && width == 64 && wide == least)) && wide < beyond) {
      const i64 whole = static_cast<i64>(wide);
      if (static_cast<double>(whole) != wide) flags |= fflag_inexact;  // exact: a truncated double is a double
      return static_cast<I>(whole);
    }
  }
  return static_cast<I>(soft::to_integer<F>(bits, is_signed, width, rm, flags));
}

template <class F, class I>
typename F::Bits from_integer(I value, u8 rm, u8& flags) {
  bool negative = false;
  u64 magnitude = static_cast<u64>(value);
  if constexpr (std::is_signed_v<I>) {
    negative = value < 0;
    magnitude = negative ? 0 - static_cast<u64>(static_cast<i64>(value)) : static_cast<u64>(value);
  }
  if (magnitude >> (F::fraction + 1) == 0) {  // exact in every mode
    const auto whole = static_cast<host::Host<F>>(static_cast<i64>(magnitude));
    return std::bit_cast<typename F::Bits>(negative ? -whole : whole) & ~(magnitude == 0 ? sign_bit<F> : 0);
  }
  return soft::from_integer<F>(negative, magnitude, rm, flags);
}

}  // namespace

i32 f64_to_i32(u64 a, u8 rm, u8& flags) { return to_integer<F64, i32>(a, rm, flags); }
u32 f64_to_u32(u64 a, u8 rm, u8& flags) { return to_integer<F64, u32>(a, rm, flags); }
i64 f64_to_i64(u64 a, u8 rm, u8& flags) { return to_integer<F64, i64>(a, rm, flags); }
u64 f64_to_u64(u64 a, u8 rm, u8& flags) { return to_integer<F64, u64>(a, rm, flags); }
i32 f32_to_i32(u32 a, u8 rm, u8& flags) { return to_integer<F32, i32>(a, rm, flags); }
u32 f32_to_u32(u32 a, u8 rm, u8& flags) { return to_integer<F32, u32>(a, rm, flags); }
i64 f32_to_i64(u32 a, u8 rm, u8& flags) { return to_integer<F32, i64>(a, rm, flags); }
u64 f32_to_u64(u32 a, u8 rm, u8& flags) { return to_integer<F32, u64>(a, rm, flags); }
u64 i32_to_f64(i32 a, u8 rm, u8& flags) { return from_integer<F64>(a, rm, flags); }
u64 u32_to_f64(u32 a, u8 rm, u8& flags) { return from_integer<F64>(a, rm, flags); }
u64 i64_to_f64(i64 a, u8 rm, u8& flags) { return from_integer<F64>(a, rm, flags); }
u64 u64_to_f64(u64 a, u8 rm, u8& flags) { return from_integer<F64>(a, rm, flags); }
u32 i32_to_f32(i32 a, u8 rm, u8& flags) { return from_integer<F32>(a, rm, flags); }
u32 u32_to_f32(u32 a, u8 rm, u8& flags) { return from_integer<F32>(a, rm, flags); }
u32 i64_to_f32(i64 a, u8 rm, u8& flags) { return from_integer<F32>(a, rm, flags); }
u32 u64_to_f32(u64 a, u8 rm, u8& flags) { return from_integer<F32>(a, rm, flags); }

u64 f32_to_f64(u32 a, u8 rm, u8& flags) {
  if (is_nan<F32>(a)) return soft::convert<F64, F32>(a, rm, flags);
  return std::bit_cast<u64>(static_cast<double>(std::bit_cast<float>(a)));  // exact
}

u32 f64_to_f32(u64 a, u8 rm, u8& flags) {
  if (rm == round_nearest_even) {
    const auto wide = std::bit_cast<double>(a);
    const auto narrow = static_cast<float>(wide);
    const u32 magnitude = std::bit_cast<u32>(narrow) & ~sign_bit<F32>;
    // A finite result above the least normal number: nothing but inexactness can be raised.
    if (magnitude > u32{1} << F32::fraction && magnitude < infinity<F32>) {
      if (static_cast<double>(narrow) != wide) flags |= fflag_inexact;
      return std::bit_cast<u32>(narrow);
    }
  }
  return soft::convert<F32, F64>(a, rm, flags);
}

}  // namespace vm
