// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "harness/workloads/guest_cell.hpp"
#include "harness/workloads/stream.hpp"

namespace harness {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

vm::Error not_built(const std::string& variant, const std::vector<std::string>& built) {
  return vm::Error{fmt::format("variant '{}' is not built; built are {}", variant, fmt::join(built, ", "))};
}

std::string append_of(const std::string& workload) {
  for (const GuestWorkload& guest : guest_workloads()) {
    if (workload == guest.name) return guest.append;
  }
  return {};
}

template <class T>
void shuffle(std::vector<T>& values, Random& random) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.below(i)]);
}

void add_configurations(const GridSpec& grid, bool declared, const std::vector<std::string>& variants, unsigned blocks, Plan& plan) {
  for (const std::string& workload : grid.workloads) {
    const bool guest = workload.starts_with("guest.");
    const std::vector<unsigned> sizes = guest ? grid.micro_tlb : std::vector<unsigned>{0};
    for (const CellMode mode : grid.modes) {
      for (const unsigned threads : grid.threads) {
        for (const unsigned entries : sizes) {
          Configuration one;
          one.workload = workload;
          one.threads = threads;
          one.micro_tlb = entries;
          one.mode = mode;
          one.seconds = guest ? 0 : grid.seconds;
          if (guest) one.append = grid.append.empty() ? append_of(workload) : grid.append;
          one.declared = declared;
          one.blocks = blocks != 0 ? blocks : grid.blocks;
          one.variants = variants;
          plan.configurations.push_back(std::move(one));
        }
      }
    }
  }
}

void order_blocks(Plan& plan) {
  Random random(plan.seed);
  std::vector<double> places;
  std::vector<Block> blocks;
  for (unsigned i = 0; i < plan.configurations.size(); ++i) {
    const Configuration& configuration = plan.configurations[i];
    for (unsigned repetition = 0; repetition < configuration.blocks; ++repetition) {
      Block block{i, repetition, plan.seed * 4096 + repetition, configuration.variants};
      shuffle(block.variants, random);
      blocks.push_back(std::move(block));
      places.push_back((repetition + random.unit()) / configuration.blocks);
    }
  }
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return places[a] < places[b]; });
  for (const std::size_t index : order) plan.blocks.push_back(std::move(blocks[index]));
}

}  // namespace

std::string Configuration::title() const {
  std::string text = fmt::format("{}, {} {}{}", workload, threads, guest() ? "hart" : "thread", threads == 1 ? "" : "s");
  if (guest()) text += fmt::format(", micro-TLB {}", micro_tlb);
  if (mode == CellMode::latency) text += ", latency";
  return text;
}

double expected_seconds(const Configuration& configuration) {
  if (configuration.guest()) return 0.35;
  return configuration.mode == CellMode::latency ? configuration.seconds + 0.08 : 1.7 * configuration.seconds + 0.06;
}

std::size_t Plan::cells() const {
  return std::accumulate(blocks.begin(), blocks.end(), std::size_t{0},
                         [](std::size_t n, const Block& block) { return n + block.variants.size(); });
}

double Plan::expected_seconds() const {
  double seconds = 0;
  for (const Block& block : blocks)
    seconds += static_cast<double>(block.variants.size()) * harness::expected_seconds(configurations[block.configuration]);
  return seconds;
}

vm::Result<Plan> make_plan(const SweepSpec& spec, const std::vector<std::string>& built, unsigned blocks) {
  Plan plan;
  plan.name = spec.name;
  plan.base = spec.base;
  plan.seed = spec.seed;
  plan.retries = spec.retries;
  plan.rerun_share = spec.rerun_share;
  plan.timeout = spec.timeout;
  plan.taint = spec.taint;
  std::vector<std::string> variants;
  for (const std::string& wanted : spec.variants) {
    if (wanted == "*") {
      for (const std::string& one : built) {
        if (!contains(variants, one)) variants.push_back(one);
      }
      continue;
    }
    if (!contains(built, wanted)) return not_built(wanted, built);
    if (!contains(variants, wanted)) variants.push_back(wanted);
  }
  if (!contains(variants, spec.base)) {
    return vm::Error{fmt::format("the base variant '{}' is not among the sweep's variants: {}", spec.base, fmt::join(variants, ", "))};
  }
  for (const GridSpec& grid : spec.grids) add_configurations(grid, false, variants, blocks, plan);
  for (const ComparisonSpec& comparison : spec.comparisons) {
    if (!contains(built, comparison.variant)) {
      if (!comparison.if_built) return not_built(comparison.variant, built);
      plan.notes.push_back(fmt::format("the comparison of {} on {} was left out: {} is not built", spec.base, comparison.cell.workloads[0],
                                       comparison.variant));
      continue;
    }
    add_configurations(comparison.cell, true, {spec.base, comparison.variant}, blocks, plan);
  }
  order_blocks(plan);
  return plan;
}

}  // namespace harness
