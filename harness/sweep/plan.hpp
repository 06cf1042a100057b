// SPDX-License-Identifier: Apache-2.0
// The cells of a sweep and the order in which they run, fixed before the first one starts.
//
// A configuration is what a comparison holds equal: workload, threads, micro-TLB size, mode, sizes. A block runs one configuration once on
// each of its variants, in seeded random order, so what is compared ran within about a second. Block r of n of every configuration lies
// at a random place in the r-th n-th of the sweep: a slow hour of the machine touches all configurations alike.
// Invariant: the same spec, variants and block count give the same plan.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "harness/sweep/spec.hpp"

namespace harness {

struct Configuration {
  std::string workload;
  unsigned threads = 1;
  unsigned micro_tlb = 0;  // guests only
  CellMode mode = CellMode::throughput;
  double seconds = 0;  // layer workloads only
  std::string append;  // guests only
  bool declared = false;
  unsigned blocks = 0;
  std::vector<std::string> variants;

  bool guest() const { return workload.starts_with("guest."); }
  // "tlb.read_mostly, 2 threads", "guest.page_walk, 2 harts, micro-TLB 16"
  std::string title() const;
};

struct Block {
  unsigned configuration = 0;  // index
  unsigned repetition = 0;
  std::uint64_t seed = 0;             // of the operation streams: one for all variants of the block
  std::vector<std::string> variants;  // in the order in which they run
};

struct Plan {
  std::string name, base;
  std::uint64_t seed = 0;
  unsigned retries = 0;
  double rerun_share = 0;
  double timeout = 0;
  TaintLimits taint;
  std::vector<Configuration> configurations;
  std::vector<Block> blocks;
  std::vector<std::string> notes;  // what of the spec was left out, and why

  std::size_t cells() const;
  // Seconds, by the sizes of cells; reruns not counted.
  double expected_seconds() const;
};

// Seconds that one cell of it takes with its process, about.
double expected_seconds(const Configuration& configuration);

// `built`: the variants that there are. `blocks`: 0, or instead of every block count of the spec. Errors: a variant that is not built.
vm::Result<Plan> make_plan(const SweepSpec& spec, const std::vector<std::string>& built, unsigned blocks);

}  // namespace harness
