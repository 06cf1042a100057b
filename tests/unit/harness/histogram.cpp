// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/histogram.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/stress.hpp"

namespace {

using harness::Histogram;

std::uint64_t exact_percentile(const std::vector<std::uint64_t>& sorted, double fraction) {
  const auto wanted = static_cast<std::size_t>(std::ceil(fraction * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(wanted, 1) - 1];
}

// Spread over octaves, as latencies are: a random width first, then a value of it.
std::uint64_t draw(tests::Restless& random) { return random.next() >> (24 + random.below(40)); }

TEST(harness, histogram_percentile_is_within_one_thousandth_of_the_exact_one) {
  tests::Restless random(11);
  for (int round = 0; round < 20; ++round) {
    Histogram histogram;
    std::vector<std::uint64_t> values;
    for (std::uint64_t i = 0; i < 1 + random.below(20'000); ++i) {
      values.push_back(draw(random));
      histogram.record(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double fraction : {0.001, 0.5, 0.9, 0.99, 0.999, 1.0}) {
      const std::uint64_t exact = exact_percentile(values, fraction);
      const std::uint64_t shown = histogram.percentile(fraction);
      ASSERT_GE(shown, exact);
      ASSERT_LE(static_cast<double>(shown - exact), static_cast<double>(exact) / 1000) << "fraction " << fraction << ", exact " << exact;
    }
    ASSERT_EQ(histogram.min(), values.front());
    ASSERT_EQ(histogram.max(), values.back());
    ASSERT_EQ(histogram.count(), values.size());
  }
}

TEST(harness, histogram_buckets_tile_the_range) {
  ASSERT_EQ(Histogram::index(0), 0U);
  for (std::size_t bucket = 0; bucket + 1 < Histogram::buckets; ++bucket) {
    ASSERT_EQ(Histogram::index(Histogram::upper(bucket)), bucket);
    ASSERT_EQ(Histogram::index(Histogram::upper(bucket) + 1), bucket + 1);
  }
}

TEST(harness, histogram_survives_its_text_and_merges_like_one) {
  tests::Restless random(12);
  Histogram one, other, both;
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t value = draw(random);
    (i % 3 == 0 ? one : other).record(value);
    both.record(value);
  }
  const auto read = Histogram::parse(other.serialize(), other.min(), other.max());
  ASSERT_TRUE(read);
  one.merge(*read);
  EXPECT_EQ(one.serialize(), both.serialize());
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.min(), both.min());
  EXPECT_EQ(one.max(), both.max());
}

TEST(harness, histogram_text_that_is_damaged_is_refused) {
  for (const char* text : {"1", "1:", ":4", "1:2 ", "1:2  3:4", "a:1", "1:-2", "999999999:1", "1:2,3:4"}) {
    EXPECT_FALSE(Histogram::parse(text, 0, 0)) << text;
  }
  EXPECT_TRUE(Histogram::parse("", 0, 0));
}

TEST(harness, histogram_says_how_many_samples_lie_above) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 1000; ++value) histogram.record(value);
  EXPECT_EQ(histogram.samples_above(0.5), 500U);
  EXPECT_EQ(histogram.samples_above(0.99), 10U);
  EXPECT_EQ(histogram.samples_above(0.999), 1U);
}

}  // namespace
