// SPDX-License-Identifier: Apache-2.0
// Comparisons, minimum and maximum, classification: over all pairs of edge values, against the host, and by hand for zeros and NaNs.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/unit/float/operands.hpp"

namespace {

using namespace vm;
using namespace float_tests;

template <class F, class Value>
void check_pairs(bool (*eq)(typename F::Bits, typename F::Bits, u8&), bool (*lt)(typename F::Bits, typename F::Bits, u8&),
                 bool (*le)(typename F::Bits, typename F::Bits, u8&), typename F::Bits (*min)(typename F::Bits, typename F::Bits, u8&),
                 typename F::Bits (*max)(typename F::Bits, typename F::Bits, u8&)) {
  for (const auto a : edges<F>()) {
    for (const auto b : edges<F>()) {
      const auto x = std::bit_cast<Value>(a);
      const auto y = std::bit_cast<Value>(b);
      const bool any_nan = is_nan<F>(a) || is_nan<F>(b);
      const u8 quiet = is_signaling<F>(a) || is_signaling<F>(b) ? fflag_invalid : 0;
      const u8 signaling = any_nan ? fflag_invalid : 0;
      u8 flags[5] = {};
      ASSERT_EQ(eq(a, b, flags[0]), x == y) << std::hex << +a << " " << +b;
      ASSERT_EQ(lt(a, b, flags[1]), std::isless(x, y)) << std::hex << +a << " " << +b;
      ASSERT_EQ(le(a, b, flags[2]), std::islessequal(x, y)) << std::hex << +a << " " << +b;
      const auto least = min(a, b, flags[3]);
      const auto greatest = max(a, b, flags[4]);
      ASSERT_EQ(flags[0], quiet);
      ASSERT_EQ(flags[1], signaling);
      ASSERT_EQ(flags[2], signaling);
      ASSERT_EQ(flags[3], quiet);
      ASSERT_EQ(flags[4], quiet);
      if (!any_nan) {
        ASSERT_TRUE((least == a && greatest == b) || (least == b && greatest == a));
        ASSERT_FALSE(std::bit_cast<Value>(least) > std::bit_cast<Value>(greatest));
        if (is_zero<F>(a) && is_zero<F>(b) && a != b) {
          ASSERT_EQ(least, sign_bit<F>);
          ASSERT_EQ(greatest, 0u);
        }
      } else {
        const auto number = !is_nan<F>(a) ? a : !is_nan<F>(b) ? b : F::canonical_nan;
        ASSERT_EQ(least, number);
        ASSERT_EQ(greatest, number);
      }
    }
  }
}

TEST(float, comparisons_of_doubles) { check_pairs<F64, double>(f64_eq, f64_lt, f64_le, f64_min, f64_max); }
TEST(float, comparisons_of_singles) { check_pairs<F32, float>(f32_eq, f32_lt, f32_le, f32_min, f32_max); }

TEST(float, classes) {
  const u64 doubles[] = {0xfff0'0000'0000'0000, 0xbff0'0000'0000'0000, 0x8000'0000'0000'0001, 0x8000'0000'0000'0000, 0,
                         0x000f'ffff'ffff'ffff, 0x0010'0000'0000'0000, 0x7ff0'0000'0000'0000, 0x7ff0'0000'0000'0001, 0xfff8'0000'0000'0000};
  const u32 singles[] = {0xff80'0000, 0xbf80'0000, 0x8000'0001, 0x8000'0000, 0,
                         0x007f'ffff, 0x0080'0000, 0x7f80'0000, 0xff80'0001, 0x7fc0'0000};
  for (unsigned i = 0; i < 10; ++i) {
    EXPECT_EQ(f64_classify(doubles[i]), u64{1} << i);
    EXPECT_EQ(f32_classify(singles[i]), u64{1} << i);
  }
}

}  // namespace
