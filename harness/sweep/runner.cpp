// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "harness/sweep/cell.hpp"
#include "harness/sweep/probe.hpp"
#include "harness/sweep/process.hpp"
#include "harness/sweep/progress.hpp"
#include "harness/workloads/stream.hpp"

namespace harness {
namespace {

// What must be equal for every variant: the answers to one and the same work.
std::string work_of(const Configuration& configuration, const Block& block) {
  if (configuration.guest()) return fmt::format("{} {} {}", configuration.workload, configuration.threads, configuration.append);
  return fmt::format("{} {} {}", configuration.workload, configuration.threads, block.seed);
}

class Sweep {
 public:
  Sweep(const SweepRun& run, Plan plan) : run_(run), plan_(std::move(plan)), cores_(core_count()), processors_(processors_in_order()) {}

  vm::Result<SweepOutcome> run() {
    read_journal();
    std::size_t cells = 0;
    double weight = 0;
    for (unsigned b = 0; b < plan_.blocks.size(); ++b) {
      const BlockState& state = states_[b];
      if (state.last.complete) continue;
      const std::size_t missing = plan_.blocks[b].variants.size() - state.places.size();
      cells += missing;
      weight += static_cast<double>(missing) * expected_seconds(configuration(b));
    }
    Progress progress(weight, cells);
    progress_ = &progress;
    for (unsigned b = 0; b < plan_.blocks.size(); ++b) {
      if (states_[b].last.complete) continue;
      auto end = run_block(b);
      if (!end || end->end != SweepEnd::finished) return end;
    }
    for (const unsigned b : blocks_to_rerun()) {
      if (states_[b].last.complete) {
        BlockRecord again;
        again.block = b;
        again.attempt = states_[b].last.attempt + 1;
        states_[b].last = again;
        states_[b].places.clear();
      }
      const std::size_t missing = plan_.blocks[b].variants.size() - states_[b].places.size();
      progress.extend(static_cast<double>(missing) * expected_seconds(configuration(b)), missing);
      auto end = run_block(b);
      if (!end || end->end != SweepEnd::finished) return end;
    }
    return SweepOutcome{};
  }

 private:
  struct BlockState {
    BlockRecord last;           // of the latest attempt
    std::set<unsigned> places;  // of its cells that are in the journal
    std::string taint;          // of those cells
  };

  const Configuration& configuration(unsigned block) const { return plan_.configurations[plan_.blocks[block].configuration]; }

  void read_journal() {
    states_.resize(plan_.blocks.size());
    for (unsigned b = 0; b < states_.size(); ++b) states_[b].last.block = b;
    for (const BlockRecord& record : run_.journal->blocks()) {
      states_[record.block].last = record;
    }
    for (const CellRecord& cell : run_.journal->cells()) {
      BlockState& state = states_[cell.block];
      digests_.try_emplace(work_of(configuration(cell.block), plan_.blocks[cell.block]), cell.answer.digest, cell.variant);
      if (cell.attempt != state.last.attempt) continue;
      state.places.insert(cell.place);
      if (state.taint.empty()) state.taint = taint_of(configuration(cell.block), plan_.taint, cell, cores_);
    }
  }

  // Declared comparisons first, then the rest, in the order of the plan. (What was interrupted ran before, as an incomplete block.)
  std::vector<unsigned> blocks_to_rerun() const {
    const auto budget = static_cast<std::size_t>(std::ceil(plan_.rerun_share * static_cast<double>(plan_.blocks.size())));
    std::size_t rerun = 0;
    std::vector<unsigned> order;
    for (const bool declared : {true, false}) {
      for (unsigned b = 0; b < states_.size(); ++b) {
        if (configuration(b).declared != declared) continue;
        rerun += states_[b].last.attempt != 0;
        if (states_[b].last.complete && !states_[b].last.taint.empty() && states_[b].last.attempt < plan_.retries) order.push_back(b);
      }
    }
    order.resize(std::min(order.size(), budget - std::min(budget, rerun)));
    return order;
  }

  vm::Result<SweepOutcome> run_block(unsigned b) {
    const Block& block = plan_.blocks[b];
    BlockState& state = states_[b];
    BlockRecord& record = state.last;
    if (state.places.empty()) {
      record.calibration_before = calibration_spin();
      state.taint.clear();
    } else {
      ++record.interruptions;
    }
    if (auto done = run_.journal->put(record); !done) return done.error();
    for (unsigned place = 0; place < block.variants.size(); ++place) {
      if (state.places.count(place) != 0) continue;
      auto end = run_cell(b, place);
      if (!end || end->end != SweepEnd::finished) return end;
    }
    record.calibration_after = calibration_spin();
    record.taint = state.taint.empty() ? taint_of_spins(record.calibration_before, record.calibration_after, plan_.taint) : state.taint;
    record.complete = true;
    if (auto done = run_.journal->put(record); !done) return done.error();
    return SweepOutcome{};
  }

  vm::Result<SweepOutcome> run_cell(unsigned b, unsigned place) {
    const Block& block = plan_.blocks[b];
    const Configuration& setting = configuration(b);
    BlockState& state = states_[b];
    CellRecord cell;
    cell.block = b;
    cell.attempt = state.last.attempt;
    cell.place = place;
    cell.variant = block.variants[place];
    const auto built =
        std::find_if(run_.variants.begin(), run_.variants.end(), [&](const BuiltVariant& v) { return v.name == cell.variant; });
    if (built == run_.variants.end()) return vm::Error{fmt::format("variant '{}' is not built any more", cell.variant)};
    if (interrupt_requested()) return SweepOutcome{SweepEnd::interrupted, {}};
    progress_->begin(fmt::format("{} on {}", setting.title(), cell.variant));

    ChildRequest request;
    request.arguments = cell_arguments(*built, setting, block.seed, processors_, run_.guests);
    request.timeout = plan_.timeout;
    // Padding moves the stack from process to process: no variant keeps a lucky or unlucky layout.
    Random random(plan_.seed ^ (std::uint64_t{b} << 32 | std::uint64_t{cell.attempt} << 16 | place));
    request.environment = {"INTERLOCK_PADDING=" + std::string(random.below(4096), 'x')};
    const double steal = steal_seconds();
    const auto child = run_child(request);
    if (!child) return child.error();
    if (child->interrupted) return SweepOutcome{SweepEnd::interrupted, {}};
    const double steal_after = steal_seconds();
    cell.wall = child->wall;
    cell.cpu = child->cpu;
    cell.involuntary = child->involuntary;
    cell.steal = steal < 0 || steal_after < 0 ? -1 : steal_after - steal;
    const std::string wrong = check(*child, b, cell);
    if (!wrong.empty()) return failed(cell, request, wrong);

    if (auto done = run_.journal->add(cell); !done) return done.error();
    state.places.insert(place);
    if (state.taint.empty()) state.taint = taint_of(setting, plan_.taint, cell, cores_);
    progress_->advance(expected_seconds(setting));
    return SweepOutcome{};
  }

  // What is wrong with the answer, which it puts into the cell; empty: nothing.
  std::string check(const ChildResult& child, unsigned b, CellRecord& cell) {
    if (child.timed_out) return fmt::format("took longer than {} s and was killed", plan_.timeout);
    if (child.signal != 0)
      return fmt::format("ended by signal {}{}", child.signal, child.errors.empty() ? "" : ": " + child.errors.substr(0, 500));
    cell.answer = read_answer(child.output);
    if (!cell.answer.error.empty()) return cell.answer.error + (child.errors.empty() ? "" : " (" + child.errors.substr(0, 500) + ")");
    if (child.status != 0) return fmt::format("exit status {} with an answer that names no error", child.status);
    const auto [known, added] = digests_.try_emplace(work_of(configuration(b), plan_.blocks[b]), cell.answer.digest, cell.variant);
    if (!added && known->second.first != cell.answer.digest) {
      return fmt::format("digest {} differs from {} of {} on the same work", cell.answer.digest, known->second.first, known->second.second);
    }
    return {};
  }

  vm::Result<SweepOutcome> failed(const CellRecord& cell, const ChildRequest& request, std::string wrong) {
    std::replace(wrong.begin(), wrong.end(), '\n', ' ');
    FailureRecord failure{cell.block, cell.attempt, cell.variant, wrong, fmt::format("{}", fmt::join(request.arguments, " "))};
    if (auto done = run_.journal->add(failure); !done) return done.error();
    return SweepOutcome{SweepEnd::failed, fmt::format("{} on {}: {}", configuration(cell.block).title(), cell.variant, wrong)};
  }

  const SweepRun& run_;
  Plan plan_;
  unsigned cores_;
  std::vector<unsigned> processors_;
  std::vector<BlockState> states_;
  std::map<std::string, std::pair<std::string, std::string>> digests_;  // by work: digest, and the variant that gave it first
  Progress* progress_ = nullptr;
};

}  // namespace

vm::Result<SweepOutcome> run_sweep(const SweepRun& run) {
  auto plan = run.journal->plan();
  if (!plan) return plan.error();
  return Sweep(run, std::move(*plan)).run();
}

std::string taint_of(const Configuration& configuration, const TaintLimits& limits, const CellRecord& cell, unsigned cores) {
  if (cell.wall <= 0) return {};
  const double stolen = cell.steal / (cell.wall * cores);
  if (cell.steal >= 0 && stolen > limits.steal) return fmt::format("{:.1f} % of the processors' time was stolen", 100 * stolen);
  const double switches = static_cast<double>(cell.involuntary) / (cell.wall * configuration.threads);
  if (configuration.threads <= cores && switches > limits.involuntary) {
    return fmt::format("{:.0f} involuntary switches a second and thread", switches);
  }
  const double share = cell.cpu / cell.wall;
  if (!configuration.guest() && configuration.threads == 1 && share < limits.cpu)
    return fmt::format("{:.2f} CPU seconds a wall second", share);
  return {};
}

std::string taint_of_spins(double before, double after, const TaintLimits& limits) {
  const double ratio = before > 0 && after > 0 ? std::max(before, after) / std::min(before, after) : 1;
  if (ratio - 1 > limits.calibration) return fmt::format("the calibration spin changed by {:.0f} %", 100 * (ratio - 1));
  return {};
}

}  // namespace harness
