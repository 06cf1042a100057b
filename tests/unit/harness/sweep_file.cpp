// SPDX-License-Identifier: Apache-2.0
// Sweep files: what is read, and what is said about mistakes.
#include <gtest/gtest.h>

#include "harness/sweep/spec.hpp"

namespace {

using harness::parse_sweep;

void expect_mistake(const std::string& text, const std::string& start, const std::string& part) {
  const auto spec = parse_sweep(text, "f.toml");
  ASSERT_FALSE(spec) << text;
  const std::string& message = spec.error().message;
  EXPECT_TRUE(message.starts_with("f.toml:" + start)) << message;
  EXPECT_NE(message.find(part), std::string::npos) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(harness, sweep_file_says_what_it_says) {
  const auto spec = parse_sweep(R"(
name = "mine"
seed = 42
base = "private"
variants = ["private", "rcu"]
retries = 3
timeout = 2.5
[taint]
steal = 0.5
[[grid]]
workloads = ["gc.find", "tlb.shootdown"]
threads = [1, 4]
mode = ["latency", "throughput"]
seconds = 0.01
blocks = 7
[[grid]]
workloads = "guest.compute"
micro_tlb = [0, 64]
append = "iterations=3"
[[comparison]]
workload = "gc.churn"
variant = "rcu"
threads = 2
)",
                                "f.toml");
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->name, "mine");
  EXPECT_EQ(spec->seed, 42U);
  EXPECT_EQ(spec->base, "private");
  EXPECT_EQ(spec->retries, 3U);
  EXPECT_EQ(spec->timeout, 2.5);
  EXPECT_EQ(spec->taint.steal, 0.5);
  ASSERT_EQ(spec->grids.size(), 2U);
  EXPECT_EQ(spec->grids[0].threads, (std::vector<unsigned>{1, 4}));
  EXPECT_EQ(spec->grids[0].modes.size(), 2U);
  EXPECT_EQ(spec->grids[0].blocks, 7U);
  EXPECT_EQ(spec->grids[1].micro_tlb, (std::vector<unsigned>{0, 64}));
  EXPECT_EQ(spec->grids[1].append, "iterations=3");
  ASSERT_EQ(spec->comparisons.size(), 1U);
  EXPECT_EQ(spec->comparisons[0].cell.blocks, 12U);
}

TEST(harness, built_in_sweep_is_a_valid_sweep_file) {
  const auto spec = parse_sweep(harness::quick_sweep(), "quick");
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->comparisons.size(), harness::most_comparisons);
  for (const auto& comparison : spec->comparisons) EXPECT_EQ(comparison.cell.blocks, 12U);
}

TEST(harness, sweep_file_mistakes_name_line_column_and_mend) {
  expect_mistake("seed = 1\nsed = 2\n", "2:1:", "unknown key 'sed' in the sweep; its keys are name, seed");
  expect_mistake("[[grid]]\nworkloads = [\"gc.find\", \"gc.fund\"]\n", "2:25:", "unknown workload 'gc.fund'; there are tlb.read_mostly");
  expect_mistake("[[grid]]\nthreads = [1]\n", "1:1:", "needs 'workloads'");
  expect_mistake("[[grid]]\nworkloads = \"gc.find\"\nthreads = [0]\n", "3:12:", "a whole number from 1 to 64");
  expect_mistake("[[grid]]\nworkloads = \"gc.find\"\nthreads = [2, 2]\n", "3:15:", "twice");
  expect_mistake("[[grid]]\nworkloads = \"gc.find\"\nblocks = \"many\"\n", "3:10:", "a whole number");
  expect_mistake("[[grid]]\nworkloads = \"gc.find\"\nmicro_tlb = 16\n", "3:13:", "for guest workloads");
  expect_mistake("[[grid]]\nworkloads = \"guest.compute\"\nmicro_tlb = 24\n", "3:13:", "a power of two");
  expect_mistake("[[grid]]\nworkloads = \"guest.compute\"\nmode = \"latency\"\n", "3:8:", "no latency mode");
  expect_mistake("[[grid]]\nworkloads = \"gc.find\"\nmode = \"speed\"\n", "3:8:", "\"throughput\" or \"latency\"");
  expect_mistake("[grid]\nworkloads = \"gc.find\"\n", "1:1:", "write [[grid]]");
  expect_mistake("seed = -1\n", "1:8:", "a whole number from 0");
  expect_mistake("timeout = nan\n", "1:11:", "a number from");
  expect_mistake("name = \"x\"\n", "1:1:", "nothing to measure");
  expect_mistake("name = \n", "1:", "");
  expect_mistake("[[comparison]]\nworkload = \"gc.find\"\n", "1:1:", "needs 'variant'");
  expect_mistake("[[comparison]]\nworkload = \"gc.find\"\nvariant = \"baseline\"\n", "1:1:", "with itself");
  expect_mistake("[[comparison]]\nworkload = \"gc.find\"\nvariant = \"rcu\"\nthreads = [1, 2]\n", "1:1:", "one workload");
  std::string five;
  for (int i = 0; i < 5; ++i) five += "[[comparison]]\nworkload = \"gc.find\"\nvariant = \"rcu\"\n";
  expect_mistake(five, "13:1:", "at most 4");
}

}  // namespace
