// SPDX-License-Identifier: Apache-2.0
// One cell: its command line, and what its process answered.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/sweep/plan.hpp"
#include "harness/sweep/variants.hpp"

namespace harness {

struct CellAnswer {
  std::string error;  // not empty: the cell's answer was wrong, or there was none
  std::uint64_t operations = 0;
  double seconds = 0;
  std::string digest;  // hexadecimal; equal for every variant
  std::vector<std::pair<std::string, double>> counters;
  double timer_cost = 0;                           // nanoseconds; latency cells
  std::uint64_t latency_min = 0, latency_max = 0;  // nanoseconds
  std::string histogram;                           // as of Histogram::serialize
};

std::vector<std::string> cell_arguments(const BuiltVariant& variant, const Configuration& configuration, std::uint64_t seed,
                                        const std::vector<unsigned>& cpus, const std::string& guests);

// `output`: the JSON object that interlock-cell printed. A text that is none gives an answer with an error.
CellAnswer read_answer(const std::string& output);

// What `interlock-cell describe` says.
struct VariantLayers {
  std::string name;
  std::string tlb, gc, device_registers;  // "baseline (lookup blocking, fill blocking)" and so on
};
vm::Result<VariantLayers> describe_variant_of(const BuiltVariant& variant);

// Counters as one JSON object, and back; for the journal.
std::string write_counters(const std::vector<std::pair<std::string, double>>& counters);
std::vector<std::pair<std::string, double>> read_counters(const std::string& text);

}  // namespace harness
