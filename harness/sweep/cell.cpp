// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/cell.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "harness/sweep/process.hpp"
#include "harness/workloads/guest_cell.hpp"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

std::string program_of(const std::string& workload) {
  for (const GuestWorkload& guest : guest_workloads()) {
    if (workload == guest.name) return guest.program;
  }
  return {};
}

}  // namespace

std::vector<std::string> cell_arguments(const BuiltVariant& variant, const Configuration& configuration, std::uint64_t seed,
                                        const std::vector<unsigned>& cpus, const std::string& guests) {
  std::vector<std::string> arguments = {variant.cell.string()};
  const auto add = [&](std::string option, std::string value) {
    arguments.push_back(std::move(option));
    arguments.push_back(std::move(value));
  };
  if (configuration.guest()) {
    arguments.push_back("guest");
    add("--program", guests + "/" + program_of(configuration.workload));
    add("--append", configuration.append);
    add("--harts", std::to_string(configuration.threads));
    add("--micro-tlb", std::to_string(configuration.micro_tlb));
  } else {
    arguments.push_back("layer");
    add("--workload", configuration.workload);
    add("--threads", std::to_string(configuration.threads));
    add("--seed", std::to_string(seed));
    add("--mode", name(configuration.mode));
    add("--seconds", fmt::format("{}", configuration.seconds));
  }
  if (!cpus.empty()) add("--cpus", fmt::format("{}", fmt::join(cpus, ",")));
  return arguments;
}

CellAnswer read_answer(const std::string& output) {
  CellAnswer answer;
  const Json json = Json::parse(output, nullptr, false);
  if (!json.is_object()) {
    answer.error = "the cell printed no JSON object";
    return answer;
  }
  try {
    answer.error = json.value("error", "");
    answer.operations = json.value("operations", std::uint64_t{0});
    answer.seconds = json.value("seconds", 0.0);
    answer.digest = json.value("digest", "");
    answer.timer_cost = json.value("timer_cost_ns", 0.0);
    answer.latency_min = json.value("latency_min_ns", std::uint64_t{0});
    answer.latency_max = json.value("latency_max_ns", std::uint64_t{0});
    answer.histogram = json.value("latency_histogram", "");
    if (json.contains("counters")) {
      for (const auto& [key, value] : json["counters"].items()) answer.counters.emplace_back(key, value.get<double>());
    }
  } catch (const Json::exception& failure) {
    answer.error = std::string("the cell's answer has a wrong shape: ") + failure.what();
    return answer;
  }
  if (answer.error.empty() && (answer.operations == 0 || !(answer.seconds > 0) || answer.digest.empty())) {
    answer.error = "the cell's answer lacks operations, seconds or digest";
  }
  return answer;
}

vm::Result<VariantLayers> describe_variant_of(const BuiltVariant& variant) {
  ChildRequest request;
  request.arguments = {variant.cell.string(), "describe"};
  const auto child = run_child(request);
  if (!child) return child.error();
  const Json json = Json::parse(child->output, nullptr, false);
  if (child->status != 0 || !json.is_object()) return vm::Error{variant.cell.string() + " describe failed; build the project again"};
  try {
    const auto of = [&](const char* layer, std::initializer_list<const char*> keys) {
      std::string text;
      for (const char* key : keys) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", key, json.at(layer).at(key).get<std::string>());
      return fmt::format("{} ({})", json.at(layer).at("from").get<std::string>(), text);
    };
    return VariantLayers{json.at("name").get<std::string>(), of("tlb", {"lookup", "fill"}), of("gc", {"pause"}),
                         of("device_registers", {"inspect", "mutate"})};
  } catch (const Json::exception& failure) {
    return vm::Error{variant.cell.string() + " describes itself in an unknown shape: " + failure.what()};
  }
}

std::string write_counters(const std::vector<std::pair<std::string, double>>& counters) {
  Json json = Json::object();
  for (const auto& [key, value] : counters) json[key] = value;
  return json.dump();
}

std::vector<std::pair<std::string, double>> read_counters(const std::string& text) {
  std::vector<std::pair<std::string, double>> counters;
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return counters;
  for (const auto& [key, value] : json.items()) {
    if (value.is_number()) counters.emplace_back(key, value.get<double>());
  }
  return counters;
}

}  // namespace harness
