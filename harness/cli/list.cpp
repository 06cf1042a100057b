// SPDX-License-Identifier: Apache-2.0
// interlock list: variants, workloads, sweeps.
#include <fmt/core.h>

#include <memory>

#include "harness/cli/commands.hpp"
#include "harness/sweep/cell.hpp"
#include "harness/workloads/guest_cell.hpp"
#include "harness/workloads/layer_cell.hpp"

namespace harness {
namespace {

int print_list(bool all) {
  const auto variants = built_variants();
  if (!variants) return complain("list", variants.error().message);
  fmt::print("variants (layer: from which folder, declared progress)\n");
  for (const BuiltVariant& variant : *variants) {
    const auto layers = describe_variant_of(variant);
    if (!layers) return complain("list", layers.error().message);
    fmt::print("  {}\n    tlb               {}\n    gc                {}\n    device_registers  {}\n", variant.name, layers->tlb,
               layers->gc, layers->device_registers);
  }
  fmt::print("\nlayer workloads (throughput, latency)\n");
  for (const WorkloadInfo& workload : layer_workloads()) {
    if (!workload.hidden || all) fmt::print("  {:<26}{}\n", workload.name, workload.description);
  }
  fmt::print("\nguest workloads (throughput)\n");
  for (const GuestWorkload& workload : guest_workloads()) fmt::print("  {:<26}{}\n", workload.name, workload.description);
  fmt::print("\nsweeps\n  {:<26}built in; interlock sweep plan shows what it measures\n  {:<26}your own: interlock sweep run FILE\n",
             "quick", "FILE.toml");
  return 0;
}

}  // namespace

void declare_list(CLI::App& app, int& status) {
  auto all = std::make_shared<bool>(false);
  CLI::App* list = app.add_subcommand("list", "the variants that are built, the workloads, the sweeps");
  list->add_flag("--all", *all, "also the workloads that test the harness itself");
  list->footer("examples:\n  interlock list\n  interlock list --all\n");
  list->callback([all, &status] { status = print_list(*all); });
}

}  // namespace harness
