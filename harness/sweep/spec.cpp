// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/spec.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

#include "harness/workloads/guest_cell.hpp"

// toml++ 3.3 asserts what some malformed keys break: for us that is a mistake in the file, not the end of the process.
#undef NDEBUG
[[noreturn]] static void malformed(const char* condition) { throw std::runtime_error(condition); }
#define TOML_ASSERT(condition) (static_cast<bool>(condition) ? void() : malformed(#condition))
#include <toml++/toml.h>

namespace harness {
namespace {

// The first mistake ends the reading: an exception inside this file, a Result outside.
struct Mistake {
  toml::source_region at;
  std::string what;
};

[[noreturn]] void mistake(const toml::node& at, std::string what) { throw Mistake{at.source(), std::move(what)}; }

bool is_guest(const std::string& workload) { return workload.starts_with("guest."); }

bool is_known(const std::string& workload) {
  const auto& layers = layer_workloads();
  const auto& guests = guest_workloads();
  return std::any_of(layers.begin(), layers.end(), [&](const auto& w) { return workload == w.name; }) ||
         std::any_of(guests.begin(), guests.end(), [&](const auto& w) { return workload == w.name; });
}

std::string known_workloads() {
  std::string names;
  for (const auto& workload : layer_workloads()) {
    if (!workload.hidden) names += (names.empty() ? "" : ", ") + std::string(workload.name);
  }
  for (const auto& workload : guest_workloads()) names += ", " + std::string(workload.name);
  return names;
}

void refuse_unknown(const toml::table& table, const std::string& where, const std::vector<std::string>& known) {
  for (const auto& [key, value] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    std::string names;
    for (const std::string& name : known) names += (names.empty() ? "" : ", ") + name;
    throw Mistake{key.source(), fmt::format("unknown key '{}' in {}; its keys are {}", std::string(key.str()), where, names)};
  }
}

std::uint64_t whole(const toml::node& node, const char* key, std::uint64_t low, std::uint64_t high) {
  const auto value = node.is_integer() ? node.value<std::int64_t>() : std::nullopt;
  if (!value || *value < 0 || static_cast<std::uint64_t>(*value) < low || static_cast<std::uint64_t>(*value) > high) {
    mistake(node, fmt::format("'{}' wants a whole number from {} to {}", key, low, high));
  }
  return static_cast<std::uint64_t>(*value);
}

double number(const toml::node& node, const char* key, double low, double high) {
  const auto value = node.is_number() ? node.value<double>() : std::nullopt;
  if (!value || !(*value >= low && *value <= high)) mistake(node, fmt::format("'{}' wants a number from {} to {}", key, low, high));
  return *value;
}

std::string word(const toml::node& node, const char* key) {
  const auto value = node.is_string() ? node.value<std::string>() : std::nullopt;
  if (!value || value->empty()) mistake(node, fmt::format("'{}' wants a string that is not empty", key));
  return *value;
}

// A value, or an array of them; none twice.
template <class Read>
auto several(const toml::node& node, const char* key, Read read) {
  std::vector<decltype(read(node))> values;
  const auto add = [&](const toml::node& element) {
    auto value = read(element);
    if (std::find(values.begin(), values.end(), value) != values.end()) mistake(element, fmt::format("'{}' has this value twice", key));
    values.push_back(std::move(value));
  };
  if (const toml::array* array = node.as_array()) {
    for (const toml::node& element : *array) add(element);
    if (values.empty()) mistake(node, fmt::format("'{}' is empty", key));
  } else {
    add(node);
  }
  return values;
}

std::string read_workload(const toml::node& node) {
  const std::string workload = word(node, "workloads");
  if (!is_known(workload)) mistake(node, fmt::format("unknown workload '{}'; there are {}", workload, known_workloads()));
  return workload;
}

unsigned read_micro_tlb(const toml::node& node) {
  const auto entries = static_cast<unsigned>(whole(node, "micro_tlb", 0, 1024));
  if ((entries & (entries - 1)) != 0) mistake(node, "'micro_tlb' wants 0 or a power of two up to 1024");
  return entries;
}

CellMode read_mode(const toml::node& node) {
  const std::string mode = word(node, "mode");
  if (mode != "throughput" && mode != "latency") mistake(node, "'mode' is \"throughput\" or \"latency\"");
  return mode == "latency" ? CellMode::latency : CellMode::throughput;
}

std::vector<std::string> cell_keys(bool grid) {
  std::vector<std::string> keys = {grid ? "workloads" : "workload", "threads", "micro_tlb", "mode", "blocks", "seconds", "append"};
  if (!grid) keys.insert(keys.end(), {"variant", "if_built"});
  return keys;
}

GridSpec read_cells(const toml::table& table, bool grid) {
  const char* workload_key = grid ? "workloads" : "workload";
  const std::string where = grid ? "[[grid]]" : "[[comparison]]";
  refuse_unknown(table, where, cell_keys(grid));
  GridSpec spec;
  spec.blocks = grid ? 3 : 12;
  const toml::node* workloads = table.get(workload_key);
  if (workloads == nullptr) mistake(table, fmt::format("{} needs '{}'", where, workload_key));
  spec.workloads = several(*workloads, workload_key, read_workload);
  const bool any_guest = std::any_of(spec.workloads.begin(), spec.workloads.end(), is_guest);
  const bool any_layer = !std::all_of(spec.workloads.begin(), spec.workloads.end(), is_guest);
  if (const auto* node = table.get("threads")) {
    spec.threads = several(*node, "threads", [](const toml::node& n) { return static_cast<unsigned>(whole(n, "threads", 1, 64)); });
  }
  if (const auto* node = table.get("micro_tlb")) {
    if (!any_guest) mistake(*node, "'micro_tlb' is for guest workloads, and there is none here");
    spec.micro_tlb = several(*node, "micro_tlb", read_micro_tlb);
  }
  if (const auto* node = table.get("mode")) {
    spec.modes = several(*node, "mode", read_mode);
    if (any_guest && std::count(spec.modes.begin(), spec.modes.end(), CellMode::latency) != 0) {
      mistake(*node, "guest workloads have no latency mode: give the layer workloads a [[grid]] of their own");
    }
  }
  if (const auto* node = table.get("blocks")) spec.blocks = static_cast<unsigned>(whole(*node, "blocks", 1, 10000));
  if (const auto* node = table.get("seconds")) {
    if (!any_layer) mistake(*node, "'seconds' is for layer workloads; a guest's work is fixed by 'append'");
    spec.seconds = number(*node, "seconds", 0.001, 3600);
  }
  if (const auto* node = table.get("append")) {
    if (!any_guest) mistake(*node, "'append' is for guest workloads, and there is none here");
    spec.append = word(*node, "append");
  }
  return spec;
}

ComparisonSpec read_comparison(const toml::table& table) {
  ComparisonSpec comparison;
  comparison.cell = read_cells(table, false);
  const toml::node* variant = table.get("variant");
  if (variant == nullptr) mistake(table, "[[comparison]] needs 'variant', which is compared with the base");
  comparison.variant = word(*variant, "variant");
  if (const auto* node = table.get("if_built")) {
    if (!node->is_boolean()) mistake(*node, "'if_built' is true or false");
    comparison.if_built = *node->value<bool>();
  }
  const GridSpec& cell = comparison.cell;
  if (cell.workloads.size() * cell.threads.size() * cell.micro_tlb.size() * cell.modes.size() != 1) {
    mistake(table, "a [[comparison]] is of one workload, thread count, micro-TLB size and mode");
  }
  if (cell.modes[0] == CellMode::latency) mistake(table, "a [[comparison]] is of throughput; latency belongs into a [[grid]]");
  return comparison;
}

TaintLimits read_taint(const toml::table& table) {
  refuse_unknown(table, "[taint]", {"calibration", "steal", "involuntary", "cpu"});
  TaintLimits limits;
  if (const auto* node = table.get("calibration")) limits.calibration = number(*node, "calibration", 0.001, 100);
  if (const auto* node = table.get("steal")) limits.steal = number(*node, "steal", 0, 1);
  if (const auto* node = table.get("involuntary")) limits.involuntary = number(*node, "involuntary", 0, 1e9);
  if (const auto* node = table.get("cpu")) limits.cpu = number(*node, "cpu", 0, 1);
  return limits;
}

template <class Each>
void tables_of(const toml::node& node, const char* key, Each each) {
  const toml::array* array = node.as_array();
  if (array == nullptr) mistake(node, fmt::format("'{}' is an array of tables: write [[{}]]", key, key));
  for (const toml::node& element : *array) {
    const toml::table* table = element.as_table();
    if (table == nullptr) mistake(element, fmt::format("'{}' is an array of tables: write [[{}]]", key, key));
    each(*table);
  }
}

SweepSpec read_sweep(const toml::table& root) {
  refuse_unknown(root, "the sweep",
                 {"name", "seed", "base", "variants", "retries", "rerun_share", "timeout", "taint", "grid", "comparison"});
  SweepSpec spec;
  if (const auto* node = root.get("name")) spec.name = word(*node, "name");
  if (const auto* node = root.get("seed")) spec.seed = whole(*node, "seed", 0, std::uint64_t{1} << 62);
  if (const auto* node = root.get("base")) spec.base = word(*node, "base");
  if (const auto* node = root.get("variants")) {
    spec.variants = several(*node, "variants", [](const toml::node& n) { return word(n, "variants"); });
  }
  if (const auto* node = root.get("retries")) spec.retries = static_cast<unsigned>(whole(*node, "retries", 0, 100));
  if (const auto* node = root.get("rerun_share")) spec.rerun_share = number(*node, "rerun_share", 0, 1);
  if (const auto* node = root.get("timeout")) spec.timeout = number(*node, "timeout", 0.1, 86400);
  if (const auto* node = root.get("taint")) {
    if (!node->is_table()) mistake(*node, "'taint' is a table: write [taint]");
    spec.taint = read_taint(*node->as_table());
  }
  if (const auto* node = root.get("grid")) {
    tables_of(*node, "grid", [&](const toml::table& table) { spec.grids.push_back(read_cells(table, true)); });
  }
  if (const auto* node = root.get("comparison")) {
    tables_of(*node, "comparison", [&](const toml::table& table) {
      spec.comparisons.push_back(read_comparison(table));
      if (spec.comparisons.size() > most_comparisons)
        mistake(table, "at most 4 [[comparison]]: each one more makes a chance difference likelier");
      if (spec.comparisons.back().variant == spec.base) mistake(table, "a [[comparison]] of the base with itself");
    });
  }
  if (spec.grids.empty() && spec.comparisons.empty()) mistake(root, "nothing to measure: add a [[grid]] or a [[comparison]]");
  return spec;
}

vm::Error located(const std::string& file, const toml::source_region& at, std::string_view what) {
  std::string message = fmt::format("{}:{}:{}: {}", file, std::max(at.begin.line, 1U), std::max(at.begin.column, 1U), what);
  std::replace(message.begin(), message.end(), '\n', ' ');
  return vm::Error{std::move(message)};
}

}  // namespace

vm::Result<SweepSpec> parse_sweep(const std::string& text, const std::string& file) {
  try {
    return read_sweep(toml::parse(text));
  } catch (const Mistake& error) {
    return located(file, error.at, error.what);
  } catch (const toml::parse_error& error) {
    return located(file, error.source(), error.description());
  } catch (const std::runtime_error&) {
    return vm::Error{
        file + ":1:1: this is not TOML, and its parser cannot say where: look for a key that does not start with a letter, digit or quote"};
  }
}

const char* name(CellMode mode) { return mode == CellMode::latency ? "latency" : "throughput"; }

}  // namespace harness
