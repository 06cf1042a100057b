// SPDX-License-Identifier: Apache-2.0
#include "harness/cell/verbs.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "harness/workloads/guest_cell.hpp"
#include "harness/workloads/layer_cell.hpp"
#include "vm/machine/machine.hpp"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;

const char* name(vm::PauseKind kind) {
  switch (kind) {
    case vm::PauseKind::stop_the_world: return "stop-the-world";
    case vm::PauseKind::handshake: return "handshake";
    case vm::PauseKind::concurrent: return "concurrent";
    case vm::PauseKind::incremental: return "incremental";
  }
  return "unknown";
}

int answer(const Json& json, bool right) {
  fmt::print("{}\n", json.dump());
  return right ? 0 : 1;
}

template <class Result>
Json common_part(const Result& result) {
  Json json;
  json["operations"] = result.operations;
  json["seconds"] = result.seconds;
  json["digest"] = fmt::format("{:016x}", result.digest);
  for (const auto& [key, value] : result.counters) json["counters"][key] = value;
  if (!result.error.empty()) json["error"] = result.error;
  return json;
}

// Parses, or says why not; true when the verb should go on.
bool parse(CLI::App& app, int argc, char** argv, int& status) {
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::ParseError& error) {
    status = app.exit(error) == 0 ? 0 : 2;
    return false;
  }
}

}  // namespace

int describe() {
  const vm::VariantDescription description = vm::describe_variant();
  Json json;
  json["name"] = description.name;
  json["tlb"] = {{"from", description.tlb_from}, {"lookup", vm::name(description.tlb_lookup)}, {"fill", vm::name(description.tlb_fill)}};
  json["gc"] = {{"from", description.gc_from}, {"pause", name(description.pause)}};
  json["device_registers"] = {{"from", description.device_registers_from}, {"inspect", vm::name(description.inspect)}, {"mutate", vm::name(description.mutate)}};
  return answer(json, true);
}

int layer_cell(int argc, char** argv) {
  CLI::App app{"Runs one layer workload and prints its result as JSON.", "interlock-cell layer"};
  LayerRequest request;
  std::string mode = "throughput";
  app.add_option("--workload", request.workload)->required();
  app.add_option("--threads", request.threads)->check(CLI::Range(1, 64));
  app.add_option("--seed", request.seed);
  app.add_option("--seconds", request.seconds)->check(CLI::Range(0.001, 3600.0));
  app.add_option("--mode", mode)->check(CLI::IsMember({"throughput", "latency"}));
  app.add_option("--cpus", request.cpus)->delimiter(',');
  int status = 0;
  if (!parse(app, argc, argv, status)) return status;
  request.mode = mode == "latency" ? CellMode::latency : CellMode::throughput;
  const LayerResult result = run_layer_cell(request);
  Json json = common_part(result);
  if (request.mode == CellMode::latency && result.error.empty()) {
    json["timer_cost_ns"] = result.timer_cost;
    json["latency_min_ns"] = result.latency.min();
    json["latency_max_ns"] = result.latency.max();
    json["latency_histogram"] = result.latency.serialize();
  }
  return answer(json, result.error.empty());
}

int guest_cell(int argc, char** argv) {
  CLI::App app{"Runs one bare-metal program on a machine and prints its result as JSON.", "interlock-cell guest"};
  GuestRequest request;
  app.add_option("--program", request.program)->required();
  app.add_option("--append", request.append);
  app.add_option("--harts", request.harts)->check(CLI::Range(1, 64));
  app.add_option("--micro-tlb", request.micro_tlb);
  app.add_option("--cpus", request.cpus)->delimiter(',');
  int status = 0;
  if (!parse(app, argc, argv, status)) return status;
  const GuestResult result = run_guest_cell(request);
  return answer(common_part(result), result.error.empty());
}

}  // namespace harness
