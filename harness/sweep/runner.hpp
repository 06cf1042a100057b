// SPDX-License-Identifier: Apache-2.0
// Runs what the journal's plan still lacks, one process a cell.
//
// Protocol:  cells in the plan's order; a cell's answer is checked, then written, then the next one starts. When all blocks are complete,
//            tainted ones run again: declared comparisons first, each at most `retries` times, all together at most `rerun_share` of the
//            blocks. A block that stays tainted counts, and the tables mark it.
// Invariant: a cell in the journal gave a right answer, with the digest of every other variant on the same operations.
#pragma once
#include <string>
#include <vector>

#include "harness/sweep/journal.hpp"
#include "harness/sweep/variants.hpp"

namespace harness {

enum class SweepEnd { finished, interrupted, failed };

struct SweepOutcome {
  SweepEnd end = SweepEnd::finished;
  std::string failure;  // of a failed one: the cell and what was wrong
};

struct SweepRun {
  Journal* journal = nullptr;
  std::vector<BuiltVariant> variants;
  std::string guests;  // folder of the bare-metal programs
};

// The caller called watch_interrupts(). Errors: the journal cannot be read or written.
vm::Result<SweepOutcome> run_sweep(const SweepRun& run);

// The first limit that a cell's cost breaks, as a phrase; empty: none. `cores`: of this machine.
std::string taint_of(const Configuration& configuration, const TaintLimits& limits, const CellRecord& cell, unsigned cores);
// The same for the spins around a block.
std::string taint_of_spins(double before, double after, const TaintLimits& limits);

}  // namespace harness
