// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace {

using harness::make_plan;
using harness::Plan;

const std::vector<std::string> built = {"baseline", "parking", "private", "rcu"};

harness::SweepSpec spec_of(const std::string& text) {
  auto spec = harness::parse_sweep(text, "f.toml");
  EXPECT_TRUE(spec) << spec.error().message;
  return *spec;
}

TEST(harness, every_block_holds_every_variant_of_its_configuration_once) {
  const auto plan = make_plan(spec_of(harness::quick_sweep()), built, 0);
  ASSERT_TRUE(plan) << plan.error().message;
  std::map<unsigned, std::set<unsigned>> repetitions;
  for (const auto& block : plan->blocks) {
    std::vector<std::string> ran = block.variants, wanted = plan->configurations[block.configuration].variants;
    std::sort(ran.begin(), ran.end());
    std::sort(wanted.begin(), wanted.end());
    EXPECT_EQ(ran, wanted);
    EXPECT_TRUE(repetitions[block.configuration].insert(block.repetition).second);
  }
  for (unsigned i = 0; i < plan->configurations.size(); ++i) EXPECT_EQ(repetitions[i].size(), plan->configurations[i].blocks);
}

TEST(harness, plan_repeats_for_a_seed_and_differs_for_another) {
  const auto order = [](std::uint64_t seed) {
    auto spec = spec_of(harness::quick_sweep());
    spec.seed = seed;
    std::string text;
    const auto plan = make_plan(spec, built, 0);
    for (const auto& block : plan->blocks) {
      text += std::to_string(block.configuration) + ':';
      for (const auto& variant : block.variants) text += variant + ',';
    }
    return text;
  };
  EXPECT_EQ(order(5), order(5));
  EXPECT_NE(order(5), order(6));
}

TEST(harness, repetitions_of_a_configuration_are_spread_over_the_sweep) {
  const auto plan = make_plan(spec_of("[[grid]]\nworkloads = [\"gc.find\", \"gc.churn\", \"registers.poll\"]\nblocks = 40\n"), built, 0);
  ASSERT_TRUE(plan);
  for (std::size_t at = 0; at < plan->blocks.size(); ++at) {
    const double here = static_cast<double>(at) / static_cast<double>(plan->blocks.size());
    const double wanted = plan->blocks[at].repetition / 40.0;
    EXPECT_NEAR(here, wanted, 0.06) << "block " << at;
  }
}

TEST(harness, place_within_a_block_is_even_over_variants) {
  const auto plan = make_plan(spec_of("[[grid]]\nworkloads = \"gc.find\"\nblocks = 2000\n"), built, 0);
  ASSERT_TRUE(plan);
  std::map<std::string, unsigned> first;
  for (const auto& block : plan->blocks) ++first[block.variants[0]];
  for (const auto& name : built) EXPECT_NEAR(first[name], 500, 100) << name;  // 5 standard deviations
}

TEST(harness, plan_refuses_what_is_not_built_unless_told_otherwise) {
  const std::string grid = "[[grid]]\nworkloads = \"gc.find\"\n";
  const auto unknown = make_plan(spec_of("variants = [\"htm\"]\n" + grid), built, 0);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message, "variant 'htm' is not built; built are baseline, parking, private, rcu");
  const auto no_base = make_plan(spec_of("variants = [\"rcu\"]\n" + grid), built, 0);
  ASSERT_FALSE(no_base);
  EXPECT_NE(no_base.error().message.find("base variant 'baseline'"), std::string::npos);
  const std::string comparison = "[[comparison]]\nworkload = \"gc.find\"\nvariant = \"htm\"\n";
  EXPECT_FALSE(make_plan(spec_of(comparison), built, 0));
  const auto left_out = make_plan(spec_of(grid + comparison + "if_built = true\n"), built, 0);
  ASSERT_TRUE(left_out);
  EXPECT_EQ(left_out->configurations.size(), 1U);
  ASSERT_EQ(left_out->notes.size(), 1U);
  EXPECT_NE(left_out->notes[0].find("htm is not built"), std::string::npos);
}

TEST(harness, block_count_of_the_command_line_replaces_the_sweeps) {
  const auto plan = make_plan(spec_of(harness::quick_sweep()), built, 1);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->blocks.size(), plan->configurations.size());
}

}  // namespace
