// SPDX-License-Identifier: Apache-2.0
// The tables of a run. No table says "faster" or "slower": that takes the verdicts of declared comparisons.
#pragma once
#include <string>
#include <vector>

#include "harness/tables/results.hpp"
#include "harness/tables/table.hpp"

namespace harness {

// For people: layer throughput, its paired ratios, guest throughput with shares, declared comparisons; those that have rows.
std::vector<Table> throughput_tables(const Results& results, TableFormat format);
// One row for each configuration and variant, plain numbers; what a program reads.
Table throughput_rows(const Results& results);

std::vector<Table> latency_tables(const Results& results, TableFormat format);
Table latency_rows(const Results& results);

// The notes that every table of the run carries: the command that makes it again, the manifest, how complete it is.
std::vector<std::string> source_notes(const Results& results, const char* which, TableFormat format);

// Writes tables.md, throughput.csv, latency.csv and report.md into the run's folder, each whole or not at all.
vm::Result<void> write_reports(const Results& results);

// What `interlock table` prints; `which` is throughput, latency or all.
std::string render_tables(const Results& results, const std::string& which, TableFormat format);

}  // namespace harness
