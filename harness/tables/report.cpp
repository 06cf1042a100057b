// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <set>

#include "harness/sweep/whole_file.hpp"
#include "harness/tables/tables.hpp"

namespace harness {
namespace {

const char* name(TableFormat format) {
  switch (format) {
    case TableFormat::terminal: return "terminal";
    case TableFormat::markdown: return "markdown";
    case TableFormat::csv: return "csv";
  }
  return "";
}

std::string varied(const Results& results) {
  std::set<std::string> workloads, variants;
  std::set<unsigned> threads, entries;
  for (const Configuration& configuration : results.plan.configurations) {
    workloads.insert(configuration.workload);
    variants.insert(configuration.variants.begin(), configuration.variants.end());
    threads.insert(configuration.threads);
    if (configuration.guest()) entries.insert(configuration.micro_tlb);
  }
  std::string text =
      fmt::format("variants {}; workloads {}; threads {}", fmt::join(variants, ", "), fmt::join(workloads, ", "), fmt::join(threads, ", "));
  if (!entries.empty()) text += fmt::format("; micro-TLB entries {}", fmt::join(entries, ", "));
  return text;
}

std::string report_text(const Results& results) {
  const Plan& plan = results.plan;
  std::string text = fmt::format("# Sweep `{}`, seed {}\n\n", plan.name, plan.seed);
  text +=
      fmt::format("Result `{}` (SHA-256 of manifest.json, which names sources, binaries, libraries and machine).\n\n", results.manifest);
  if (!results.failures.empty()) {
    text +=
        fmt::format("**{} cell(s) gave a wrong answer. A run with wrong answers shows nothing about speed.**\n\n", results.failures.size());
    for (const FailureRecord& failure : results.failures) {
      text += fmt::format("- block {}, {}: {}\n  `{}`\n", failure.block, failure.variant, failure.error, failure.command);
    }
    text += '\n';
  }
  text += "## Machine\n\n" + results.machine +
          "\n\nProcessor frequency, performance counters and pressure (PSI): unavailable to this sweep.\n\n";
  text += "## What was varied\n\n" + varied(results) +
          ". Environment size and address layout, from process to process. The order of blocks, and of variants within them.\n\n";
  text +=
      "## What was not varied\n\nCompiler, flags and link order (one build); the machine; key distribution (Zipf 0.99 where keys are "
      "drawn); layer and heap "
      "capacities; the load (closed loop). Ratios hold for this machine and build.\n\n";
  for (const std::string& note : plan.notes) text += "- " + note + '\n';
  text += "## Validity\n\n";
  text += fmt::format(
      "- {} of {} blocks are complete; {} ran again because they were tainted, {} of those that count are tainted still; {} were split by "
      "an interruption.\n",
      results.complete_blocks, plan.blocks.size(), results.rerun_blocks, results.tainted_blocks, results.split_blocks);
  for (const auto& [kind, count] : results.taints) text += fmt::format("  - {}: {}\n", kind, count);
  text += fmt::format(
      "- A block is tainted if the calibration spin changes by more than {:g} %, more than {:g} % of the processors' time is stolen, a "
      "thread within the cores is "
      "switched away more than {:g} times a second, or a layer cell of one thread has less than {:g} CPU seconds a wall second. It runs "
      "again at most {} time(s), and "
      "at most {:g} % of all blocks do.\n",
      100 * plan.taint.calibration, 100 * plan.taint.steal, plan.taint.involuntary, plan.taint.cpu, plan.retries, 100 * plan.rerun_share);
  text += "- Every cell's answer was checked before its time counted, and every variant gave the same digest for the same work.\n";
  text +=
      "- Exploratory rows carry ranges over few blocks and no verdict. Declared comparisons carry a bootstrap interval and no verdict.\n\n";
  return text;
}

}  // namespace

std::vector<std::string> source_notes(const Results& results, const char* which, TableFormat format) {
  std::vector<std::string> notes = {fmt::format("made by: interlock table {} --which {} --format {}", results.folder, which, name(format)),
                                    fmt::format("result {}; {}", results.manifest.substr(0, 16), results.machine)};
  std::string state = fmt::format("{} of {} blocks; {} run again, {} still tainted", results.complete_blocks, results.plan.blocks.size(),
                                  results.rerun_blocks, results.tainted_blocks);
  if (results.complete_blocks != results.plan.blocks.size())
    state += fmt::format("; not finished: interlock sweep resume {}", results.folder);
  notes.push_back(state);
  if (!results.failures.empty())
    notes.push_back(
        fmt::format("FAILED: {} cell(s) gave a wrong answer, see interlock sweep status {}", results.failures.size(), results.folder));
  return notes;
}

std::string render_tables(const Results& results, const std::string& which, TableFormat format) {
  std::vector<Table> tables;
  const bool throughput = which != "latency", latency = which != "throughput";
  if (format == TableFormat::csv) {
    if (throughput) tables.push_back(throughput_rows(results));
    if (latency) tables.push_back(latency_rows(results));
    std::erase_if(tables, [&](const Table& table) { return table.rows.empty() && which == "all"; });
  } else {
    if (throughput) tables = throughput_tables(results, format);
    if (latency) {
      for (Table& table : latency_tables(results, format)) tables.push_back(std::move(table));
    }
  }
  std::string text;
  for (const Table& table : tables) text += (text.empty() ? "" : "\n") + render(table, format);
  return text;
}

vm::Result<void> write_reports(const Results& results) {
  const std::string tables = render_tables(results, "all", TableFormat::markdown);
  const std::pair<const char*, std::string> files[] = {{"tables.md", tables},
                                                       {"throughput.csv", render(throughput_rows(results), TableFormat::csv)},
                                                       {"latency.csv", render(latency_rows(results), TableFormat::csv)},
                                                       {"report.md", report_text(results) + tables}};
  for (const auto& [file, text] : files) {
    if (auto done = write_whole_file(results.folder + '/' + file, text); !done) return done;
  }
  return {};
}

}  // namespace harness
