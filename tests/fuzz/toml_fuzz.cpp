// SPDX-License-Identifier: Apache-2.0
// Sweep files: whatever the text, the parser either refuses it in one line that says where, or gives a sweep that keeps every stated range.
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "harness/sweep/spec.hpp"
#include "vm/platform/invariant.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size);

namespace {

void check_cells(const harness::GridSpec& cells) {
  INTERLOCK_INVARIANT(!cells.workloads.empty() && !cells.threads.empty() && !cells.micro_tlb.empty() && !cells.modes.empty(), "an empty axis");
  INTERLOCK_INVARIANT(cells.blocks >= 1 && cells.blocks <= 10000, "%u blocks", cells.blocks);
  INTERLOCK_INVARIANT(cells.seconds > 0 && cells.seconds <= 3600, "%g seconds", cells.seconds);
  for (const unsigned threads : cells.threads) INTERLOCK_INVARIANT(threads >= 1 && threads <= 64, "%u threads", threads);
  for (const unsigned entries : cells.micro_tlb) INTERLOCK_INVARIANT(entries <= 1024 && (entries & (entries - 1)) == 0, "micro-TLB %u", entries);
  for (const std::string& workload : cells.workloads) {
    const bool guest = workload.starts_with("guest.");
    for (const harness::CellMode mode : cells.modes) INTERLOCK_INVARIANT(!guest || mode == harness::CellMode::throughput, "latency of a guest");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const auto spec = harness::parse_sweep(std::string(reinterpret_cast<const char*>(input), size), "input");
  if (!spec) {
    const std::string& message = spec.error().message;
    unsigned line = 0, column = 0;
    INTERLOCK_INVARIANT(std::sscanf(message.c_str(), "input:%u:%u: ", &line, &column) == 2 && line >= 1 && column >= 1, "%s", message.c_str());
    INTERLOCK_INVARIANT(message.find('\n') == std::string::npos, "%s", message.c_str());
    return 0;
  }
  INTERLOCK_INVARIANT(!spec->grids.empty() || !spec->comparisons.empty(), "nothing to measure");
  INTERLOCK_INVARIANT(spec->comparisons.size() <= harness::most_comparisons, "%zu comparisons", spec->comparisons.size());
  INTERLOCK_INVARIANT(spec->timeout > 0 && spec->rerun_share >= 0 && spec->rerun_share <= 1, "a number out of range");
  for (const harness::GridSpec& grid : spec->grids) check_cells(grid);
  for (const harness::ComparisonSpec& comparison : spec->comparisons) {
    check_cells(comparison.cell);
    INTERLOCK_INVARIANT(comparison.variant != spec->base, "a comparison of the base with itself");
  }
  return 0;
}
