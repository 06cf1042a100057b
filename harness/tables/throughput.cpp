// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "harness/tables/statistics.hpp"
#include "harness/tables/tables.hpp"

namespace harness {
namespace {

std::vector<double> values_of(const VariantResults& results) {
  std::vector<double> values;
  for (const auto& [repetition, value] : results.throughput) values.push_back(value);
  return values;
}

// Four significant digits, never an exponent for what a throughput can be.
std::string digits(double value) {
  if (value >= 1000) return fmt::format("{:.0f}", value);
  if (value >= 100) return fmt::format("{:.1f}", value);
  if (value >= 10) return fmt::format("{:.2f}", value);
  if (value >= 0.1) return fmt::format("{:.3f}", value);
  return fmt::format("{:.3g}", value);
}

std::string with_range(double middle, double low, double high, std::size_t n) {
  return n < 2 ? digits(middle) : fmt::format("{} [{}..{}]", digits(middle), digits(low), digits(high));
}

std::string throughput_text(const VariantResults& results, double unit) {
  std::vector<double> values = values_of(results);
  if (values.empty()) return "-";
  for (double& value : values) value /= unit;
  return with_range(median(values), least(values), greatest(values), values.size());
}

std::string ratio_text(const std::vector<double>& ratios) {
  return ratios.empty() ? "-" : with_range(geometric_mean(ratios), least(ratios), greatest(ratios), ratios.size());
}

std::string threads_text(const Results& results, const Configuration& configuration) {
  return fmt::format("{}{}", configuration.threads, results.oversubscribed(configuration) ? "*" : "");
}

std::string blocks_text(const ConfigurationResults& results) {
  return results.tainted == 0 ? fmt::format("{}", results.blocks) : fmt::format("{} ({} tainted)", results.blocks, results.tainted);
}

// Every variant that some exploratory configuration has, in the plan's order.
std::vector<std::string> variants_of(const Results& results, bool guest) {
  std::vector<std::string> names;
  for (const Configuration& configuration : results.plan.configurations) {
    if (configuration.declared || configuration.guest() != guest) continue;
    for (const std::string& name : configuration.variants) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  const auto base = std::find(names.begin(), names.end(), results.plan.base);
  if (base != names.end()) std::rotate(names.begin(), base, base + 1);
  return names;
}

bool listed(const Results& results, std::size_t i, bool guest) {
  const Configuration& configuration = results.plan.configurations[i];
  return !configuration.declared && configuration.guest() == guest && configuration.mode == CellMode::throughput &&
         results.by_configuration[i].blocks != 0;
}

void add_notes(Table& table, const Results& results, TableFormat format) {
  for (std::string& note : source_notes(results, "throughput", format)) table.notes.push_back(std::move(note));
}

Table layer_table(const Results& results, bool ratios, TableFormat format) {
  Table table;
  const std::string& base = results.plan.base;
  if (ratios) {
    table.title = "Layer throughput, ratio to " + base;
    table.notes.push_back("geometric mean of the ratios within a block [least..greatest]; above 1: more operations than " + base +
                          " in the same block");
  } else {
    table.title = "Layer throughput";
    table.notes.push_back(
        "million operations a second, all threads together: median over blocks [least..greatest]; exploratory, no verdict");
  }
  table.notes.push_back(fmt::format("* oversubscribed: more threads than the {} cores", results.cores));
  add_notes(table, results, format);
  table.column("workload", false);
  table.column("threads", true);
  table.column("blocks", true);
  std::vector<std::string> variants = variants_of(results, false);
  if (ratios) std::erase(variants, base);
  for (const std::string& variant : variants) table.column(variant, true);
  for (std::size_t i = 0; i < results.plan.configurations.size(); ++i) {
    if (!listed(results, i, false)) continue;
    const Configuration& configuration = results.plan.configurations[i];
    const ConfigurationResults& of = results.by_configuration[i];
    std::vector<std::string> row = {configuration.workload, threads_text(results, configuration), blocks_text(of)};
    for (const std::string& variant : variants) {
      const auto found = of.variants.find(variant);
      row.push_back(found == of.variants.end() ? "-"
                    : ratios                   ? ratio_text(paired_ratios(of, variant, base))
                                               : throughput_text(found->second, 1e6));
    }
    table.rows.push_back(std::move(row));
  }
  if (variants.empty()) table.rows.clear();
  return table;
}

std::string counter_text(const VariantResults& results, const char* name, double scale, const char* shape) {
  const auto found = results.counters.find(name);
  return found == results.counters.end() ? "-" : fmt::format(fmt::runtime(shape), scale * median(found->second));
}

Table guest_table(const Results& results, TableFormat format) {
  Table table;
  table.title = "Guest throughput";
  table.notes = {
      "kop/s: thousand operations a second of the guest's clock, all harts: median over blocks [least..greatest]; exploratory, no verdict",
      "ratio: to " + results.plan.base + ", within a block; geometric mean [least..greatest]",
      "tlb/M, gc/M, reg/M: layer operations per million retired instructions; % of busy samples in the engine, the loop and each layer",
      fmt::format("* oversubscribed: more harts than the {} cores", results.cores)};
  add_notes(table, results, format);
  for (const char* name : {"workload", "harts", "uTLB", "variant", "blocks", "kop/s", "ratio", "tlb/M", "gc/M", "reg/M", "engine%", "loop%",
                           "tlb%", "gc%", "reg%"}) {
    table.column(name, name != std::string("workload") && name != std::string("variant"));
  }
  const std::vector<std::string> variants = variants_of(results, true);
  for (std::size_t i = 0; i < results.plan.configurations.size(); ++i) {
    if (!listed(results, i, true)) continue;
    const Configuration& configuration = results.plan.configurations[i];
    const ConfigurationResults& of = results.by_configuration[i];
    for (const std::string& variant : variants) {
      const auto found = of.variants.find(variant);
      if (found == of.variants.end()) continue;
      const VariantResults& one = found->second;
      table.rows.push_back({configuration.workload, threads_text(results, configuration), std::to_string(configuration.micro_tlb), variant,
                            blocks_text(of), throughput_text(one, 1e3),
                            variant == results.plan.base ? "1" : ratio_text(paired_ratios(of, variant, results.plan.base)),
                            counter_text(one, "tlb_ops_per_million", 1, "{:.1f}"), counter_text(one, "gc_ops_per_million", 1, "{:.1f}"),
                            counter_text(one, "registers_ops_per_million", 1, "{:.1f}"), counter_text(one, "share_engine", 100, "{:.1f}"),
                            counter_text(one, "share_loop", 100, "{:.1f}"), counter_text(one, "share_tlb", 100, "{:.1f}"),
                            counter_text(one, "share_gc", 100, "{:.1f}"), counter_text(one, "share_registers", 100, "{:.1f}")});
    }
  }
  return table;
}

Table comparison_table(const Results& results, TableFormat format) {
  Table table;
  table.title = "Declared comparisons";
  table.notes = {"ratio of throughputs within a block, geometric mean over blocks; declared before anything ran",
                 "95 %: percentile bootstrap interval of that mean over blocks (10,000 samples, seeded); an interval, no verdict"};
  if (!results.plan.notes.empty()) table.notes.insert(table.notes.end(), results.plan.notes.begin(), results.plan.notes.end());
  table.notes.push_back(fmt::format("* oversubscribed: more threads than the {} cores", results.cores));
  add_notes(table, results, format);
  for (const char* name :
       {"workload", "threads", "uTLB", "variant", "to", "blocks", "ratio", "95 %", "least..greatest", "kop/s", "kop/s of base"}) {
    table.column(name, name != std::string("workload") && name != std::string("variant") && name != std::string("to"));
  }
  for (std::size_t i = 0; i < results.plan.configurations.size(); ++i) {
    const Configuration& configuration = results.plan.configurations[i];
    const ConfigurationResults& of = results.by_configuration[i];
    if (!configuration.declared || of.blocks == 0) continue;
    const std::string& variant = configuration.variants.back();
    const std::vector<double> ratios = paired_ratios(of, variant, results.plan.base);
    if (ratios.empty()) continue;
    const Interval interval = bootstrap_interval(ratios, results.plan.seed);
    table.rows.push_back({configuration.workload, threads_text(results, configuration),
                          configuration.guest() ? std::to_string(configuration.micro_tlb) : "-", variant, results.plan.base,
                          blocks_text(of), digits(geometric_mean(ratios)),
                          ratios.size() < 2 ? "-" : fmt::format("[{}, {}]", digits(interval.low), digits(interval.high)),
                          fmt::format("{}..{}", digits(least(ratios)), digits(greatest(ratios))),
                          throughput_text(of.variants.at(variant), 1e3), throughput_text(of.variants.at(results.plan.base), 1e3)});
  }
  return table;
}

}  // namespace

std::vector<Table> throughput_tables(const Results& results, TableFormat format) {
  std::vector<Table> tables = {layer_table(results, false, format), layer_table(results, true, format), guest_table(results, format),
                               comparison_table(results, format)};
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  return tables;
}

Table throughput_rows(const Results& results) {
  Table table;
  table.title = "Throughput: operations a second; ratios to " + results.plan.base + " within blocks";
  table.notes = source_notes(results, "throughput", TableFormat::csv);
  const std::vector<const char*> counters = {
      "tlb_ops_per_million", "gc_ops_per_million", "registers_ops_per_million", "share_engine", "share_loop", "share_tlb", "share_gc",
      "share_registers"};
  for (const char* name : {"workload", "threads", "micro_tlb", "declared", "oversubscribed", "variant", "base", "blocks", "tainted_blocks",
                           "ops_per_second_median", "ops_per_second_min", "ops_per_second_max", "ratio", "ratio_min", "ratio_max",
                           "ratio_low95", "ratio_high95"}) {
    table.column(name, false);
  }
  for (const char* name : counters) table.column(name, false);
  const auto plain = [](double value) { return fmt::format("{:.6g}", value); };
  for (std::size_t i = 0; i < results.plan.configurations.size(); ++i) {
    const Configuration& configuration = results.plan.configurations[i];
    const ConfigurationResults& of = results.by_configuration[i];
    if (configuration.mode != CellMode::throughput) continue;
    for (const auto& [variant, one] : of.variants) {
      const std::vector<double> values = values_of(one);
      const std::vector<double> ratios =
          variant == results.plan.base ? std::vector<double>{} : paired_ratios(of, variant, results.plan.base);
      std::vector<std::string> row = {configuration.workload,
                                      std::to_string(configuration.threads),
                                      configuration.guest() ? std::to_string(configuration.micro_tlb) : "",
                                      configuration.declared ? "yes" : "no",
                                      results.oversubscribed(configuration) ? "yes" : "no",
                                      variant,
                                      results.plan.base,
                                      std::to_string(of.blocks),
                                      std::to_string(of.tainted),
                                      plain(median(values)),
                                      plain(least(values)),
                                      plain(greatest(values))};
      if (ratios.empty()) {
        row.insert(row.end(), 5, "");
      } else {
        row.insert(row.end(), {plain(geometric_mean(ratios)), plain(least(ratios)), plain(greatest(ratios))});
        if (configuration.declared && ratios.size() > 1) {
          const Interval interval = bootstrap_interval(ratios, results.plan.seed);
          row.insert(row.end(), {plain(interval.low), plain(interval.high)});
        } else {
          row.insert(row.end(), 2, "");
        }
      }
      for (const char* name : counters) {
        const auto found = one.counters.find(name);
        row.push_back(found == one.counters.end() ? "" : plain(median(found->second)));
      }
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

}  // namespace harness
