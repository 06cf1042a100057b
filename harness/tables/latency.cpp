// SPDX-License-Identifier: Apache-2.0
#include "harness/tables/latency.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/tables/tables.hpp"

namespace harness {
namespace {

constexpr std::pair<const char*, double> percentiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};

template <class Add>
void each_row(const Results& results, Add add) {
  for (std::size_t i = 0; i < results.plan.configurations.size(); ++i) {
    const Configuration& configuration = results.plan.configurations[i];
    if (configuration.mode != CellMode::latency) continue;
    for (const std::string& variant : configuration.variants) {
      const auto found = results.by_configuration[i].variants.find(variant);
      if (found != results.by_configuration[i].variants.end() && found->second.latency.count() != 0)
        add(configuration, results.by_configuration[i], variant, found->second);
    }
  }
}

}  // namespace

std::uint64_t timer_floor(double timer_cost) { return static_cast<std::uint64_t>(std::ceil(2 * timer_cost)); }

std::string percentile_text(const Histogram& histogram, double fraction, double timer_cost) {
  if (histogram.samples_above(fraction) < 10) return "-";
  const std::uint64_t floor = timer_floor(timer_cost);
  const std::uint64_t value = histogram.percentile(fraction);
  return value < floor ? fmt::format("< {}", floor) : std::to_string(value);
}

std::string greatest_text(const Histogram& histogram, double timer_cost) {
  const std::uint64_t floor = timer_floor(timer_cost);
  return histogram.max() < floor ? fmt::format("< {}", floor) : std::to_string(histogram.max());
}

std::vector<Table> latency_tables(const Results& results, TableFormat format) {
  Table table;
  double low = 0, high = 0;
  each_row(results, [&](const Configuration&, const ConfigurationResults&, const std::string&, const VariantResults& one) {
    low = low == 0 ? one.timer_cost : std::min(low, one.timer_cost);
    high = std::max(high, one.timer_cost);
  });
  table.title = "Layer latency";
  table.notes = {
      "nanoseconds of single operations (closed loop), all threads and blocks in one histogram of three significant digits; exploratory, "
      "no verdict",
      fmt::format("each time includes the timer once: {:.1f} to {:.1f} ns (median, by row); below twice that a figure prints as \"< x\"",
                  low, high),
      "-: fewer than ten samples lie above it", fmt::format("* oversubscribed: more threads than the {} cores", results.cores)};
  for (std::string& note : source_notes(results, "latency", format)) table.notes.push_back(std::move(note));
  table.column("workload", false);
  table.column("threads", true);
  table.column("variant", false);
  for (const auto& [name, fraction] : percentiles) table.column(name, true);
  for (const char* name : {"max", "n", "blocks"}) table.column(name, true);
  each_row(results, [&](const Configuration& configuration, const ConfigurationResults& of, const std::string& variant,
                        const VariantResults& one) {
    std::vector<std::string> row = {configuration.workload,
                                    fmt::format("{}{}", configuration.threads, results.oversubscribed(configuration) ? "*" : ""), variant};
    for (const auto& [name, fraction] : percentiles) row.push_back(percentile_text(one.latency, fraction, one.timer_cost));
    row.push_back(greatest_text(one.latency, one.timer_cost));
    row.push_back(std::to_string(one.latency.count()));
    row.push_back(of.tainted == 0 ? std::to_string(of.blocks) : fmt::format("{} ({} tainted)", of.blocks, of.tainted));
    table.rows.push_back(std::move(row));
  });
  return table.rows.empty() ? std::vector<Table>{} : std::vector<Table>{std::move(table)};
}

Table latency_rows(const Results& results) {
  Table table;
  table.title =
      "Latency in nanoseconds, one timer cost included; empty: fewer than ten samples above; \"< x\": below twice the timer's cost";
  table.notes = source_notes(results, "latency", TableFormat::csv);
  for (const char* name : {"workload", "threads", "oversubscribed", "variant", "blocks", "tainted_blocks", "p50", "p90", "p99", "p99.9",
                           "max", "n", "timer_cost"}) {
    table.column(name, false);
  }
  each_row(results,
           [&](const Configuration& configuration, const ConfigurationResults& of, const std::string& variant, const VariantResults& one) {
             std::vector<std::string> row = {configuration.workload,
                                             std::to_string(configuration.threads),
                                             results.oversubscribed(configuration) ? "yes" : "no",
                                             variant,
                                             std::to_string(of.blocks),
                                             std::to_string(of.tainted)};
             for (const auto& [name, fraction] : percentiles) {
               const std::string text = percentile_text(one.latency, fraction, one.timer_cost);
               row.push_back(text == "-" ? "" : text);
             }
             row.push_back(greatest_text(one.latency, one.timer_cost));
             row.push_back(std::to_string(one.latency.count()));
             row.push_back(fmt::format("{:.2f}", one.timer_cost));
             table.rows.push_back(std::move(row));
           });
  return table;
}

}  // namespace harness
