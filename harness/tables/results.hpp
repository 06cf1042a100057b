// SPDX-License-Identifier: Apache-2.0
// What a journal holds, put together by configuration and variant.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "harness/measure/histogram.hpp"
#include "harness/sweep/journal.hpp"

namespace harness {

struct VariantResults {
  std::map<unsigned, double> throughput;                // operations a second, by repetition
  std::map<std::string, std::vector<double>> counters;  // one value a block
  Histogram latency;                                    // nanoseconds, of all blocks
  double timer_cost = 0;                                // nanoseconds: the greatest of the blocks' medians
};

struct ConfigurationResults {
  std::map<std::string, VariantResults> variants;
  unsigned blocks = 0;   // complete
  unsigned tainted = 0;  // of them
};

struct Results {
  std::string folder;  // of the run, as the user named it
  Plan plan;
  std::vector<ConfigurationResults> by_configuration;  // indices as in the plan
  std::string manifest;                                // SHA-256
  std::string machine;                                 // one line
  unsigned cores = 0;
  unsigned complete_blocks = 0, tainted_blocks = 0, rerun_blocks = 0, split_blocks = 0;  // split: interrupted and resumed inside
  std::map<std::string, unsigned> taints;                                                // of blocks that stayed tainted: kind, count
  std::size_t finished_cells = 0;  // of the attempts that count, also of blocks that are not complete
  std::vector<FailureRecord> failures;
  std::string ended;  // "finished"; empty: not yet

  bool oversubscribed(const Configuration& configuration) const { return configuration.threads > cores; }
};

// Reads `folder`/journal.sqlite. Only complete blocks count, and of each the last attempt.
vm::Result<Results> read_results(const std::string& folder);

// The paired ratios of a variant to the base, a block each, in the order of repetitions.
std::vector<double> paired_ratios(const ConfigurationResults& results, const std::string& variant, const std::string& base);

// The newest run below results/runs of the working folder. The error says how to make one.
vm::Result<std::string> newest_run();

}  // namespace harness
