// SPDX-License-Identifier: Apache-2.0
// What tables print, and what they refuse to.
#include <gtest/gtest.h>

#include <cmath>

#include "harness/sweep/sha256.hpp"
#include "harness/tables/latency.hpp"
#include "harness/tables/statistics.hpp"
#include "harness/tables/table.hpp"
#include "tests/stress.hpp"

namespace {

using namespace harness;

TEST(harness, percentile_with_fewer_than_ten_samples_above_is_not_printed) {
  Histogram histogram;
  for (std::uint64_t i = 0; i < 999; ++i) histogram.record(1000);
  EXPECT_EQ(percentile_text(histogram, 0.99, 10), "-");
  histogram.record(1000);
  EXPECT_EQ(percentile_text(histogram, 0.99, 10), "1000");
  EXPECT_EQ(percentile_text(histogram, 0.999, 10), "-");
}

TEST(harness, latency_below_twice_the_timers_cost_is_not_printed_as_a_number) {
  Histogram histogram;
  for (int i = 0; i < 100; ++i) histogram.record(20);
  EXPECT_EQ(percentile_text(histogram, 0.5, 10.2), "< 21");
  EXPECT_EQ(greatest_text(histogram, 10.2), "< 21");
  EXPECT_EQ(percentile_text(histogram, 0.5, 9.9), "20");
  EXPECT_EQ(greatest_text(histogram, 9.9), "20");
}

TEST(harness, statistics_are_exact_on_small_cases) {
  EXPECT_EQ(median({5, 1, 3}), 3);
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
  EXPECT_NEAR(geometric_mean({0.5, 2}), 1, 1e-12);
  EXPECT_NEAR(geometric_mean({2, 4, 8}), 4, 1e-12);
  const Interval one = bootstrap_interval({3, 3, 3}, 1);
  EXPECT_NEAR(one.low, 3, 1e-12);
  EXPECT_NEAR(one.high, 3, 1e-12);
}

// 12 draws with true ratio 1: a percentile interval of so few covers less than 95 %, about 91 %; far from it would be a defect.
TEST(harness, bootstrap_interval_covers_the_true_ratio_about_as_often_as_it_says) {
  tests::Restless random(3);
  const auto normal = [&] {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random.below(1 << 20)) / (1 << 20);
    return sum - 6;
  };
  constexpr int runs = 200;
  int covered = 0;
  for (int run = 0; run < runs; ++run) {
    std::vector<double> ratios;
    for (int i = 0; i < 12; ++i) ratios.push_back(std::exp(0.1 * normal()));
    const Interval interval = bootstrap_interval(ratios, static_cast<std::uint64_t>(run));
    covered += interval.low <= 1 && 1 <= interval.high;
  }
  EXPECT_GE(covered, runs * 84 / 100);
  EXPECT_LE(covered, runs * 98 / 100);
}

Table sample() {
  Table table;
  table.title = "T";
  table.notes = {"made by: x"};
  table.column("name", false);
  table.column("value", true);
  table.rows = {{"a", "1"}, {"long, \"quoted\"", "22"}};
  return table;
}

TEST(harness, table_has_three_forms) {
  EXPECT_EQ(render(sample(), TableFormat::csv), "# T\n# made by: x\nname,value\na,1\n\"long, \"\"quoted\"\"\",22\n");
  EXPECT_EQ(render(sample(), TableFormat::markdown),
            "## T\n\n- made by: x\n\n| name           | value |\n|:---------------|------:|\n| a              |     1 |\n| long, "
            "\"quoted\" |    22 |\n");
  EXPECT_EQ(render(sample(), TableFormat::terminal),
            "T\n  made by: x\nname            value\n---------------------\na                   1\nlong, \"quoted\"     22\n");
}

// FIPS 180-4 examples, and lengths around the padding's edges (values of coreutils' sha256sum).
TEST(harness, sha256_gives_the_standards_answers) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(sha256(std::string(55, 'a')), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  EXPECT_EQ(sha256(std::string(64, 'a')), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

}  // namespace
