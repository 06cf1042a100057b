// SPDX-License-Identifier: Apache-2.0
// What a sweep is to measure, as read from a TOML file: grids of cells without verdicts, and a few comparisons declared beforehand.
//
//   name = "mine"            seed = 1             base = "baseline"      variants = ["*"]
//   retries = 1              rerun_share = 0.1    timeout = 60
//   [[grid]]                 any number: workloads = [...], threads = [1, 2], mode = ["throughput", "latency"], blocks = 3,
//                            seconds = 0.1 (layer workloads), micro_tlb = [0, 16, 256] and append = "iterations=9" (guest workloads)
//   [[comparison]]           at most 4: workload = "...", variant = "rcu", threads = 2, blocks = 12, if_built = true; the rest as in a grid
//   [taint]                  calibration = 0.1, steal = 0.05, involuntary = 100, cpu = 0.8
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "harness/workloads/layer_cell.hpp"
#include "vm/error.hpp"

namespace harness {

struct GridSpec {
  std::vector<std::string> workloads;
  std::vector<unsigned> threads = {1};      // of a layer workload, or harts of a guest
  std::vector<unsigned> micro_tlb = {256};  // entries; guest workloads only
  std::vector<CellMode> modes = {CellMode::throughput};
  unsigned blocks = 3;
  double seconds = 0.1;  // of one layer cell
  std::string append;    // a guest's parameters; empty: the workload's own
};

// One variant against the base, declared before anything is measured.
struct ComparisonSpec {
  GridSpec cell;  // one workload, one thread count, one micro-TLB size, one mode
  std::string variant;
  bool if_built = false;  // left out, with a note, when the variant is not built
};

// A block beyond a limit is run again. Measured over the block's cells, all in shares of 1 unless stated.
struct TaintLimits {
  double calibration = 0.10;  // how much the calibration spin may differ before and after
  double steal = 0.05;        // processor time taken by the hypervisor, of all processors over the cell
  double involuntary = 100;   // involuntary context switches a second and thread, for cells within the cores
  double cpu = 0.80;          // least CPU time for wall time, for layer cells of one thread
};

struct SweepSpec {
  std::string name = "unnamed";
  std::uint64_t seed = 1;
  std::string base = "baseline";
  std::vector<std::string> variants = {"*"};  // "*": every variant that is built
  unsigned retries = 1;                       // of a tainted block
  double rerun_share = 0.1;                   // tainted blocks run again, at most, of all blocks
  double timeout = 60;                        // seconds a cell may take
  std::vector<GridSpec> grids;
  std::vector<ComparisonSpec> comparisons;
  TaintLimits taint;
};

inline constexpr std::size_t most_comparisons = 4;

// Errors name `file`, the line, the column, and what to write instead. Unknown keys are errors. Reads nothing but `text`.
vm::Result<SweepSpec> parse_sweep(const std::string& text, const std::string& file);

// The TOML text of the built-in sweep.
const std::string& quick_sweep();

const char* name(CellMode mode);

}  // namespace harness
