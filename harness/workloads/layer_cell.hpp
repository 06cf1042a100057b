// SPDX-License-Identifier: Apache-2.0
// A layer cell: one workload driven straight at one layer of the linked variant.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/measure/histogram.hpp"

namespace harness {

enum class CellMode { throughput, latency };

struct LayerRequest {
  std::string workload;
  unsigned threads = 1;
  std::uint64_t seed = 1;
  CellMode mode = CellMode::throughput;
  double seconds = 0.2;
  std::vector<unsigned> cpus;  // thread i runs on cpus[i % size]
};

struct LayerResult {
  std::string error;              // empty: the answer was right
  std::uint64_t operations = 0;
  double seconds = 0;             // wall
  std::uint64_t digest = 0;       // of the operation streams: equal for every variant
  double timer_cost = 0;          // nanoseconds; latency cells
  Histogram latency;              // nanoseconds, of single operations; latency cells
  std::vector<std::pair<std::string, double>> counters;  // of the layer
};

struct WorkloadInfo {
  const char* name;
  const char* layer;
  const char* description;
  bool hidden = false;
};
// Every layer workload, in the order of tables.
const std::vector<WorkloadInfo>& layer_workloads();

// Defined once for each variant (harness/workloads/layer_cell.variant.cpp).
LayerResult run_layer_cell(const LayerRequest& request);

}  // namespace harness
