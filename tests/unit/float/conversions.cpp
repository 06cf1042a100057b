// SPDX-License-Identifier: Apache-2.0
// Conversions against the host's C library in the four modes, and against the manual's tables.
#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <type_traits>

#include "tests/unit/float/operands.hpp"
#include "vm/isa/float_soft.hpp"

namespace {

using namespace vm;
using namespace float_tests;

constexpr unsigned rounds = 200'000;

class HostMode {
 public:
  explicit HostMode(u8 rm) {
    constexpr int modes_of_host[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    std::fesetround(modes_of_host[rm]);
    std::feclearexcept(FE_ALL_EXCEPT);
  }
  ~HostMode() { std::fesetround(FE_TONEAREST); }
  static u8 flags() {
    const int raised = std::fetestexcept(FE_ALL_EXCEPT);
    return static_cast<u8>((raised & FE_INEXACT ? fflag_inexact : 0) | (raised & FE_UNDERFLOW ? fflag_underflow : 0) |
                           (raised & FE_OVERFLOW ? fflag_overflow : 0) | (raised & FE_INVALID ? fflag_invalid : 0));
  }
};

// Through a pointer: expanded in line, rint() is right in the default mode only.
double (*volatile library_rint)(double) = &rint;

// What the manual asks of a conversion to integer, by way of rint() and comparisons in the wider type.
template <class I>
I to_integer_by_library(double a, u8 rm, u8& flags) {
  volatile double value = a;
  volatile double whole = 0;  // written while the mode is set
  {
    const HostMode mode(rm);
    whole = library_rint(value);
  }
  constexpr double beyond = std::is_signed_v<I> ? (sizeof(I) == 4 ? 0x1p31 : 0x1p63) : (sizeof(I) == 4 ? 0x1p32 : 0x1p64);
  constexpr double least = std::is_signed_v<I> ? -beyond : 0.0;
  if (std::isnan(a) || whole >= beyond) {
    flags |= fflag_invalid;
    return std::numeric_limits<I>::max();
  }
  if (whole < least) {
    flags |= fflag_invalid;
    return std::numeric_limits<I>::min();
  }
  if (whole != a) flags |= fflag_inexact;
  return static_cast<I>(whole);
}

template <class Bits, class I>
void check_to_integer(Bits bits, I (*convert)(Bits, u8, u8&)) {
  using Value = std::conditional_t<sizeof(Bits) == 8, double, float>;
  for (const u8 rm : host_modes) {
    u8 wanted_flags = 0;
    u8 flags = 0;
    const I wanted = to_integer_by_library<I>(std::bit_cast<Value>(bits), rm, wanted_flags);
    ASSERT_EQ(convert(bits, rm, flags), wanted) << std::hex << "0x" << +bits << " rm=" << +rm << " bits=" << 8 * sizeof(I);
    ASSERT_EQ(flags, wanted_flags) << std::hex << "0x" << +bits << " rm=" << +rm << " bits=" << 8 * sizeof(I);
  }
}

template <class F>
std::vector<typename F::Bits> operands_with_edges() {
  std::vector<typename F::Bits> all = edges<F>();
  Operands<F> random(7);
  for (unsigned i = 0; i < rounds; ++i) all.push_back(random.next());
  return all;
}

TEST(float, conversions_to_integers_round_and_saturate_like_the_library) {
  for (const u64 bits : operands_with_edges<F64>()) {
    check_to_integer(bits, f64_to_i32);
    check_to_integer(bits, f64_to_u32);
    check_to_integer(bits, f64_to_i64);
    check_to_integer(bits, f64_to_u64);
    if (HasFatalFailure()) return;
  }
  for (const u32 bits : operands_with_edges<F32>()) {
    check_to_integer(bits, f32_to_i32);
    check_to_integer(bits, f32_to_u32);
    check_to_integer(bits, f32_to_i64);
    check_to_integer(bits, f32_to_u64);
    if (HasFatalFailure()) return;
  }
}

template <class To, class I>
void check_from_integer(I value, typename To::Bits (*convert)(I, u8, u8&)) {
  using Value = std::conditional_t<sizeof(typename To::Bits) == 8, double, float>;
  for (const u8 rm : host_modes) {
    volatile I operand = value;
    u8 wanted_flags = 0;
    Value wanted = 0;
    {
      const HostMode mode(rm);
      volatile Value result = static_cast<Value>(operand);
      wanted_flags = HostMode::flags();
      wanted = result;
    }
    if constexpr (std::is_same_v<I, u64>) {
      // Compilers make this conversion of two operations: the magnitude's own bits say what is lost.
      const unsigned used = value == 0 ? 0 : 64 - static_cast<unsigned>(std::countl_zero(value) + std::countr_zero(value));
      wanted_flags = used > To::fraction + 1 ? fflag_inexact : 0;
    }
    u8 flags = 0;
    ASSERT_EQ(convert(value, rm, flags), std::bit_cast<typename To::Bits>(wanted)) << value << " rm=" << +rm;
    ASSERT_EQ(flags, wanted_flags) << value << " rm=" << +rm;
  }
}

TEST(float, conversions_from_integers_round_like_the_host) {
  std::mt19937_64 random(11);
  std::vector<u64> values = {0,
                             1,
                             2,
                             3,
                             0x7fff'ffff,
                             0x8000'0000,
                             0xffff'ffff,
                             0x7fff'ffff'ffff'ffff,
                             0x8000'0000'0000'0000,
                             ~u64{0},
                             0x100'0001,
                             0xffff'ff80'0000'0000};
  for (unsigned i = 0; i < rounds; ++i) {
    const u64 word = random();
    values.push_back(word >> (random() % 64));
    values.push_back((word >> (random() % 64)) << (random() % 64));
  }
  for (const u64 value : values) {
    check_from_integer<F64>(static_cast<i32>(value), i32_to_f64);
    check_from_integer<F64>(static_cast<u32>(value), u32_to_f64);
    check_from_integer<F64>(static_cast<i64>(value), i64_to_f64);
    check_from_integer<F64>(static_cast<u64>(value), u64_to_f64);
    check_from_integer<F32>(static_cast<i32>(value), i32_to_f32);
    check_from_integer<F32>(static_cast<u32>(value), u32_to_f32);
    check_from_integer<F32>(static_cast<i64>(value), i64_to_f32);
    if (value >> 63 == 0) check_from_integer<F32>(static_cast<u64>(value), u64_to_f32);
    if (HasFatalFailure()) return;
  }
}

TEST(float, narrowing_and_widening_agree_with_the_host) {
  for (const u64 bits : operands_with_edges<F64>()) {
    for (const u8 rm : host_modes) {
      volatile double operand = std::bit_cast<double>(bits);
      float wanted = 0;
      u8 wanted_flags = 0;
      {
        const HostMode mode(rm);
        volatile float result = static_cast<float>(operand);
        wanted_flags = HostMode::flags();
        wanted = result;
      }
      u8 flags = 0;
      const u32 result = f64_to_f32(bits, rm, flags);
      ASSERT_EQ(result, std::isnan(wanted) ? f32_canonical_nan : std::bit_cast<u32>(wanted)) << std::hex << "0x" << bits << " rm=" << +rm;
      ASSERT_EQ(flags, wanted_flags) << std::hex << "0x" << bits << " rm=" << +rm;
    }
  }
  for (const u32 bits : operands_with_edges<F32>()) {
    u8 flags = 0;
    const u64 wide = f32_to_f64(bits, round_nearest_even, flags);
    ASSERT_EQ(flags, is_signaling<F32>(bits) ? fflag_invalid : 0) << std::hex << bits;
    if (is_nan<F32>(bits)) {
      ASSERT_EQ(wide, f64_canonical_nan);
    } else {
      ASSERT_EQ(wide, (soft::convert<F64, F32>(bits, round_nearest_even, flags))) << std::hex << bits;
      ASSERT_EQ(std::bit_cast<double>(wide), static_cast<double>(std::bit_cast<float>(bits)));
    }
  }
}

struct Known {
  double operand;
  u8 rm;
  i64 result;
  u8 flags;
};

TEST(float, every_mode_rounds_halves_as_the_manual_says) {
  constexpr Known table[] = {
      {2.5, round_nearest_even, 2, fflag_inexact},
      {3.5, round_nearest_even, 4, fflag_inexact},
      {-2.5, round_nearest_even, -2, fflag_inexact},
      {2.5, round_to_zero, 2, fflag_inexact},
      {-2.5, round_to_zero, -2, fflag_inexact},
      {2.5, round_down, 2, fflag_inexact},
      {-2.5, round_down, -3, fflag_inexact},
      {2.5, round_up, 3, fflag_inexact},
      {-2.5, round_up, -2, fflag_inexact},
      {2.5, round_nearest_away, 3, fflag_inexact},
      {-2.5, round_nearest_away, -3, fflag_inexact},
      {2.25, round_nearest_away, 2, fflag_inexact},
      {-2.75, round_nearest_away, -3, fflag_inexact},
      {0.5, round_nearest_away, 1, fflag_inexact},
      {0.49999999999999994, round_nearest_away, 0, fflag_inexact},
      {3.0, round_nearest_away, 3, 0},
      {-0.0, round_down, 0, 0},
  };
  for (const Known& known : table) {
    u8 flags = 0;
    EXPECT_EQ(f64_to_i64(std::bit_cast<u64>(known.operand), known.rm, flags), known.result) << known.operand << " rm=" << +known.rm;
    EXPECT_EQ(flags, known.flags) << known.operand << " rm=" << +known.rm;
  }
}

TEST(float, conversions_out_of_range_give_the_limits_of_table_11_4) {
  constexpr double inf = __builtin_inf();
  const auto check = [](double a, i32 w, u32 wu, i64 l, u64 lu) {
    const u64 bits = std::bit_cast<u64>(a);
    for (const u8 rm : modes) {
      u8 flags[4] = {};
      EXPECT_EQ(f64_to_i32(bits, rm, flags[0]), w);
      EXPECT_EQ(f64_to_u32(bits, rm, flags[1]), wu);
      EXPECT_EQ(f64_to_i64(bits, rm, flags[2]), l);
      EXPECT_EQ(f64_to_u64(bits, rm, flags[3]), lu);
      for (const u8 f : flags) EXPECT_EQ(f, fflag_invalid) << a << " rm=" << +rm;
    }
  };
  check(inf, 0x7fff'ffff, 0xffff'ffff, 0x7fff'ffff'ffff'ffff, ~u64{0});
  check(0x1p70, 0x7fff'ffff, 0xffff'ffff, 0x7fff'ffff'ffff'ffff, ~u64{0});
  check(std::bit_cast<double>(f64_canonical_nan), 0x7fff'ffff, 0xffff'ffff, 0x7fff'ffff'ffff'ffff, ~u64{0});
  check(std::bit_cast<double>(f64_canonical_nan | u64{1} << 63), 0x7fff'ffff, 0xffff'ffff, 0x7fff'ffff'ffff'ffff, ~u64{0});
  check(-inf, std::numeric_limits<i32>::min(), 0, std::numeric_limits<i64>::min(), 0);
  check(-0x1p70, std::numeric_limits<i32>::min(), 0, std::numeric_limits<i64>::min(), 0);
}

}  // namespace
