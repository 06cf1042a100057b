// SPDX-License-Identifier: Apache-2.0
// Answers worked out by hand from IEEE 754 and the manual: what random agreement of two implementations could both get wrong, and RMM,
// which the host does not have.
#include <gtest/gtest.h>

#include "vm/isa/float.hpp"
#include "vm/isa/float_format.hpp"

namespace {

using namespace vm;

constexpr u64 bits(double a) { return std::bit_cast<u64>(a); }
constexpr u32 bits(float a) { return std::bit_cast<u32>(a); }
constexpr u64 quiet = 0x7ff8'0000'0000'1234;
constexpr u64 signaling = 0x7ff0'0000'0000'1234;
constexpr double inf = __builtin_inf();
constexpr u8 nx = fflag_inexact, uf = fflag_underflow, of = fflag_overflow, dz = fflag_divide_by_zero, nv = fflag_invalid;

struct Binary {
  u64 (*function)(u64, u64, u8, u8&);
  u64 a, b;
  u8 rm;
  u64 result;
  u8 flags;
};

TEST(float, special_operands_give_the_results_and_flags_of_the_standard) {
  constexpr u64 nan = f64_canonical_nan;
  const Binary table[] = {
      {f64_add, bits(inf), bits(-inf), 0, nan, nv},
      {f64_sub, bits(inf), bits(inf), 0, nan, nv},
      {f64_add, bits(inf), bits(1.0), 0, bits(inf), 0},
      {f64_add, quiet, bits(1.0), 0, nan, 0},
      {f64_add, signaling, bits(1.0), 0, nan, nv},
      {f64_add, quiet, signaling, 0, nan, nv},
      {f64_add, bits(0.0), bits(-0.0), round_nearest_even, bits(0.0), 0},
      {f64_add, bits(0.0), bits(-0.0), round_down, bits(-0.0), 0},
      {f64_add, bits(-0.0), bits(-0.0), round_up, bits(-0.0), 0},
      {f64_sub, bits(1.5), bits(1.5), round_down, bits(-0.0), 0},
      {f64_sub, bits(1.5), bits(1.5), round_nearest_away, bits(0.0), 0},
      {f64_mul, bits(0.0), bits(inf), 0, nan, nv},
      {f64_mul, bits(-2.0), bits(inf), 0, bits(-inf), 0},
      {f64_mul, bits(-0.0), bits(5.0), 0, bits(-0.0), 0},
      {f64_div, bits(0.0), bits(0.0), 0, nan, nv},
      {f64_div, bits(inf), bits(-inf), 0, nan, nv},
      {f64_div, bits(-1.0), bits(0.0), 0, bits(-inf), dz},
      {f64_div, bits(inf), bits(0.0), 0, bits(inf), 0},
      {f64_div, bits(1.0), bits(-inf), 0, bits(-0.0), 0},
      {f64_div, signaling, bits(0.0), 0, nan, nv},
      // Overflow by mode.
      {f64_mul, bits(0x1p1000), bits(0x1p1000), round_nearest_even, bits(inf), of | nx},
      {f64_mul, bits(0x1p1000), bits(0x1p1000), round_to_zero, bits(inf) - 1, of | nx},
      {f64_mul, bits(0x1p1000), bits(0x1p1000), round_down, bits(inf) - 1, of | nx},
      {f64_mul, bits(-0x1p1000), bits(0x1p1000), round_down, bits(-inf), of | nx},
      {f64_mul, bits(-0x1p1000), bits(0x1p1000), round_up, bits(-inf) - 1, of | nx},
      {f64_mul, bits(0x1p1000), bits(0x1p1000), round_nearest_away, bits(inf), of | nx},
      // Underflow: an exact subnormal raises nothing; a lost one raises both.
      {f64_mul, bits(0x1p-1022), bits(0x1p-52), 0, 1, 0},
      {f64_mul, bits(0x1p-1022), bits(0x1p-53), 0, 0, uf | nx},
      {f64_mul, bits(0x1p-1022), bits(0x1p-53), round_up, 1, uf | nx},
      {f64_mul, bits(0x1p-1022), bits(0x1p-53), round_nearest_away, 1, uf | nx},
      {f64_mul, bits(0x1p-1022), bits(0x1.8p-53), round_nearest_even, 1, uf | nx},
      {f64_mul, bits(-0x1p-1022), bits(0x1p-60), round_nearest_away, bits(-0.0), uf | nx},
      // Ties away from zero, where to even would stay.
      {f64_add, bits(1.0), bits(0x1p-53), round_nearest_even, bits(1.0), nx},
      {f64_add, bits(1.0), bits(0x1p-53), round_nearest_away, bits(1.0) + 1, nx},
      {f64_add, bits(-1.0), bits(-0x1p-53), round_nearest_away, bits(-1.0) + 1, nx},
      {f64_add, bits(1.0), bits(0x1.fffffffffffffp-54), round_nearest_away, bits(1.0), nx},
      {f64_add, bits(1.0), bits(0x1p-200), round_nearest_away, bits(1.0), nx},
      {f64_add, bits(1.0), bits(0x1p-200), round_up, bits(1.0) + 1, nx},
      {f64_sub, bits(1.0), bits(0x1p-200), round_to_zero, bits(1.0) - 1, nx},
      {f64_div, bits(1.0), bits(3.0), round_nearest_away, 0x3fd5'5555'5555'5555, nx},
  };
  for (const Binary& row : table) {
    u8 flags = 0;
    const auto index = &row - table;
    EXPECT_EQ(row.function(row.a, row.b, row.rm, flags), row.result) << "row " << index;
    EXPECT_EQ(flags, row.flags) << "row " << index;
  }
}

TEST(float, tininess_is_detected_after_rounding) {
  // (1 + 2^-52) * (1 - 2^-52) * 2^-1022 = (1 - 2^-104) * 2^-1022: with 53 bits and an unbounded exponent it rounds up to 2^-1022.
  u8 flags = 0;
  EXPECT_EQ(f64_mul(bits(0x1.0000000000001p-1022), bits(0x1.ffffffffffffep-1), round_nearest_even, flags), bits(0x1p-1022));
  EXPECT_EQ(flags, nx);
  flags = 0;
  EXPECT_EQ(f64_mul(bits(0x1.0000000000001p-1022), bits(0x1.ffffffffffffep-1), round_nearest_away, flags), bits(0x1p-1022));
  EXPECT_EQ(flags, nx);
  // Half a unit of the least place below: tiny with any exponent, though the result is the least normal number.
  flags = 0;
  EXPECT_EQ(f64_mul(bits(0x1.fffffffffffffp-1022), bits(0.5), round_nearest_even, flags), bits(0x1p-1022));
  EXPECT_EQ(flags, nx | uf);
}

TEST(float, fused_multiply_add_rounds_once_and_signals_infinity_times_zero) {
  struct Row {
    u64 a, b, c;
    u8 rm;
    u64 result;
    u8 flags;
  };
  constexpr u64 nan = f64_canonical_nan;
  const Row table[] = {
      {bits(inf), bits(0.0), bits(1.0), 0, nan, nv},
      {bits(inf), bits(0.0), quiet, 0, nan, nv},  // the manual: also when the addend is a quiet NaN
      {bits(0.0), bits(-inf), quiet, 0, nan, nv},
      {bits(2.0), bits(3.0), quiet, 0, nan, 0},
      {bits(2.0), bits(3.0), signaling, 0, nan, nv},
      {bits(inf), bits(1.0), bits(-inf), 0, nan, nv},
      {bits(inf), bits(-1.0), bits(-inf), 0, bits(-inf), 0},
      {bits(1.0), bits(1.0), bits(inf), 0, bits(inf), 0},
      {bits(0.0), bits(-1.0), bits(0.0), round_nearest_even, bits(0.0), 0},
      {bits(0.0), bits(-1.0), bits(0.0), round_down, bits(-0.0), 0},
      {bits(0.0), bits(-1.0), bits(-0.0), round_nearest_even, bits(-0.0), 0},
      {bits(3.0), bits(5.0), bits(-15.0), round_down, bits(-0.0), 0},
      // (1 + 2^-52)^2 - 1 - 2^-51 = 2^-104: a product rounded first would give 0.
      {bits(0x1.0000000000001p0), bits(0x1.0000000000001p0), bits(-0x1.0000000000002p0), 0, bits(0x1p-104), 0},
      {bits(0x1.0000000000001p0), bits(0x1.0000000000001p0), bits(0.0), round_nearest_away, bits(0x1.0000000000002p0), nx},
      // A tie of the product that the addend breaks, up and down.
      {bits(0x1.8p0), bits(0x1.0000000000001p0), bits(0x1p-200), round_nearest_even, bits(0x1.8000000000002p0), nx},
      {bits(0x1.8p0), bits(0x1.0000000000001p0), bits(-0x1p-200), round_nearest_even, bits(0x1.8000000000001p0), nx},
      {bits(0x1p-1000), bits(0x1p-1000), bits(0x1p-1074), round_up, 2, nx | uf},
      {bits(0x1p1000), bits(0x1p1000), bits(-0x1p1000), round_to_zero, bits(inf) - 1, of | nx},
  };
  for (const Row& row : table) {
    u8 flags = 0;
    const auto index = &row - table;
    EXPECT_EQ(f64_fma(row.a, row.b, row.c, row.rm, flags), row.result) << "row " << index;
    EXPECT_EQ(flags, row.flags) << "row " << index;
  }
}

TEST(float, square_roots) {
  struct Row {
    u64 a;
    u8 rm;
    u64 result;
    u8 flags;
  };
  const Row table[] = {
      {bits(-0.0), 0, bits(-0.0), 0},
      {bits(-1.0), 0, f64_canonical_nan, nv},
      {bits(-inf), 0, f64_canonical_nan, nv},
      {bits(inf), 0, bits(inf), 0},
      {bits(2.25), round_nearest_away, bits(1.5), 0},
      {bits(2.0), round_to_zero, 0x3ff6'a09e'667f'3bcc, nx},
      {bits(2.0), round_nearest_away, 0x3ff6'a09e'667f'3bcd, nx},
      {bits(2.0), round_up, 0x3ff6'a09e'667f'3bcd, nx},
      {1, round_nearest_away, bits(0x1p-537), 0},
      {signaling, 0, f64_canonical_nan, nv},
  };
  for (const Row& row : table) {
    u8 flags = 0;
    EXPECT_EQ(f64_sqrt(row.a, row.rm, flags), row.result) << std::hex << row.a;
    EXPECT_EQ(flags, row.flags) << std::hex << row.a;
  }
  u8 flags = 0;
  EXPECT_EQ(f32_sqrt(bits(2.0f), round_nearest_away, flags), 0x3fb5'04f3u);
}

TEST(float, raised_flags_are_added_to_those_that_stand) {
  u8 flags = nv;
  f64_div(bits(1.0), bits(0.0), 0, flags);
  EXPECT_EQ(flags, nv | dz);
  f32_add(bits(1.0f), bits(0x1p-30f), 0, flags);
  EXPECT_EQ(flags, nv | dz | nx);
  f32_mul(bits(0x1p100f), bits(0x1p100f), 0, flags);
  EXPECT_EQ(flags, nv | dz | nx | of);
  f32_mul(bits(0x1p-100f), bits(0x1p-100f), 0, flags);
  EXPECT_EQ(flags, nv | dz | nx | of | uf);
}

}  // namespace
