// SPDX-License-Identifier: Apache-2.0
#include "harness/tables/results.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace harness {

vm::Result<Results> read_results(const std::string& folder) {
  auto journal = Journal::open(folder + "/journal.sqlite", false);
  if (!journal) return journal.error();
  auto plan = journal->plan();
  if (!plan) return plan.error();
  Results results;
  results.folder = folder;
  results.plan = std::move(*plan);
  results.manifest = journal->fact("manifest");
  results.machine = journal->fact("machine");
  results.cores = static_cast<unsigned>(std::strtoul(journal->fact("cores").c_str(), nullptr, 10));
  results.ended = journal->fact("ended");
  results.failures = journal->failures();
  results.by_configuration.resize(results.plan.configurations.size());

  // Of each block the last complete attempt; one that is running now counts only as progress.
  std::map<unsigned, BlockRecord> counting;
  std::map<unsigned, unsigned> latest;
  for (const BlockRecord& record : journal->blocks()) {
    latest[record.block] = record.attempt;
    if (record.complete) counting[record.block] = record;
    results.rerun_blocks += record.attempt == 1;
    results.split_blocks += record.interruptions != 0;
  }
  for (const auto& [block, record] : counting) {
    ConfigurationResults& of = results.by_configuration[results.plan.blocks[block].configuration];
    ++of.blocks;
    ++results.complete_blocks;
    if (record.taint.empty()) continue;
    ++of.tainted;
    ++results.tainted_blocks;
    ++results.taints[record.taint.find("spin") != std::string::npos       ? "calibration spin"
                     : record.taint.find("stolen") != std::string::npos   ? "stolen processor time"
                     : record.taint.find("switches") != std::string::npos ? "involuntary switches"
                                                                          : "CPU time below wall time"];
  }
  for (const CellRecord& cell : journal->cells()) {
    results.finished_cells += latest[cell.block] == cell.attempt;
    const auto found = counting.find(cell.block);
    if (found == counting.end() || found->second.attempt != cell.attempt) continue;
    const Block& block = results.plan.blocks[cell.block];
    VariantResults& of = results.by_configuration[block.configuration].variants[cell.variant];
    of.throughput[block.repetition] = static_cast<double>(cell.answer.operations) / cell.answer.seconds;
    for (const auto& [key, value] : cell.answer.counters) of.counters[key].push_back(value);
    of.timer_cost = std::max(of.timer_cost, cell.answer.timer_cost);
    if (cell.answer.histogram.empty()) continue;
    const auto histogram = Histogram::parse(cell.answer.histogram, cell.answer.latency_min, cell.answer.latency_max);
    if (!histogram) return vm::Error{folder + "/journal.sqlite: " + histogram.error().message};
    of.latency.merge(*histogram);
  }
  return results;
}

std::vector<double> paired_ratios(const ConfigurationResults& results, const std::string& variant, const std::string& base) {
  std::vector<double> ratios;
  const auto of = results.variants.find(variant);
  const auto to = results.variants.find(base);
  if (of == results.variants.end() || to == results.variants.end()) return ratios;
  for (const auto& [repetition, value] : of->second.throughput) {
    const auto other = to->second.throughput.find(repetition);
    if (other != to->second.throughput.end()) ratios.push_back(value / other->second);
  }
  return ratios;
}

vm::Result<std::string> newest_run() {
  std::string newest;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator("results/runs", failure)) {
    if (std::filesystem::exists(entry.path() / "journal.sqlite")) newest = std::max(newest, entry.path().string());
  }
  if (newest.empty()) return vm::Error{"no run below results/runs: name one, or make one with `interlock sweep run`"};
  return newest;
}

}  // namespace harness
