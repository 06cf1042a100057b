// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/session.hpp"

#include <fmt/core.h>

#include <ctime>
#include <filesystem>
#include <optional>

#include "harness/sweep/manifest.hpp"
#include "harness/sweep/probe.hpp"
#include "harness/sweep/process.hpp"
#include "harness/sweep/progress.hpp"
#include "harness/sweep/runner.hpp"
#include "harness/sweep/sha256.hpp"
#include "harness/sweep/whole_file.hpp"
#include "harness/tables/tables.hpp"
#include "harness/workloads/guest_cell.hpp"

namespace harness {
namespace {

int complain(const char* verb, const std::string& message, int status = 1) {
  fmt::print(stderr, "interlock sweep {}: {}\n", verb, message);
  return status;
}

// A sweep with its text and plan, from a file or built in. On an error it has complained.
struct Prepared {
  std::string label, text;
  std::vector<BuiltVariant> variants;
  Plan plan;
};

std::optional<Prepared> prepare(const char* verb, const SweepOptions& options, int& status) {
  Prepared prepared;
  prepared.label = options.file.empty() ? "quick (built in)" : options.file;
  prepared.text = quick_sweep();
  if (!options.file.empty()) {
    auto text = read_whole_file(options.file);
    if (!text) {
      status = complain(verb, text.error().message, 2);
      return std::nullopt;
    }
    prepared.text = std::move(*text);
  }
  const auto spec = parse_sweep(prepared.text, options.file.empty() ? "quick" : options.file);
  if (!spec) {
    status = complain(verb, spec.error().message, 2);
    return std::nullopt;
  }
  auto variants = built_variants();
  if (!variants) {
    status = complain(verb, variants.error().message);
    return std::nullopt;
  }
  prepared.variants = std::move(*variants);
  auto plan = make_plan(*spec, names_of(prepared.variants), options.blocks);
  if (!plan) {
    status = complain(verb, plan.error().message, 2);
    return std::nullopt;
  }
  prepared.plan = std::move(*plan);
  return prepared;
}

bool has_guests(const Plan& plan) {
  for (const Configuration& configuration : plan.configurations) {
    if (configuration.guest()) return true;
  }
  return false;
}

vm::Result<void> check_guests(const Plan& plan, const std::string& folder) {
  for (const Configuration& configuration : plan.configurations) {
    for (const GuestWorkload& guest : guest_workloads()) {
      if (configuration.workload != guest.name || std::filesystem::exists(folder + '/' + guest.program)) continue;
      return vm::Error{
          fmt::format("{} is not in {}: build the guests with `scripts/guests.sh bare-metal`, or name their folder with --guests",
                      guest.program, folder)};
    }
  }
  return {};
}

std::string new_folder(const Plan& plan) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
  return fmt::format("results/runs/{}-{}", text, plan.seed);
}

// After the last cell: reports, tables, and what the user should know.
int conclude(const char* verb, const std::string& folder, Journal& journal, const SweepOutcome& outcome) {
  if (outcome.end == SweepEnd::interrupted) {
    fmt::print(stderr, "interlock sweep {}: interrupted; every finished cell is kept. Go on with: interlock sweep resume {}\n", verb,
               folder);
    return interrupt_status();
  }
  if (outcome.end == SweepEnd::finished) {
    if (auto done = journal.set_fact("ended", "finished"); !done) return complain(verb, done.error().message);
  }
  const auto results = read_results(folder);
  if (!results) return complain(verb, results.error().message);
  if (auto done = write_reports(*results); !done) return complain(verb, done.error().message);
  if (outcome.end == SweepEnd::failed)
    return complain(verb, fmt::format("wrong answer: {} (interlock sweep status {})", outcome.failure, folder));
  fmt::print("{}", render_tables(*results, "all", TableFormat::terminal));
  fmt::print(stderr, "\n{0}/report.md, tables.md, throughput.csv, latency.csv are written; interlock table {0} prints the tables again\n",
             folder);
  if (!results->failures.empty())
    return complain(verb, fmt::format("{} cell(s) gave a wrong answer earlier in this run: see interlock sweep status {}",
                                      results->failures.size(), folder));
  return 0;
}

int go(const char* verb, const std::string& folder, Journal& journal, std::vector<BuiltVariant> variants, const std::string& guests) {
  const auto outcome = run_sweep({&journal, std::move(variants), guests});
  if (!outcome) return complain(verb, outcome.error().message + fmt::format("; mend that, then interlock sweep resume {}", folder));
  return conclude(verb, folder, journal, *outcome);
}

}  // namespace

int sweep_plan(const SweepOptions& options) {
  int status = 0;
  const auto prepared = prepare("plan", options, status);
  if (!prepared) return status;
  if (options.show) {
    fmt::print("{}", prepared->text);
    return 0;
  }
  const Plan& plan = prepared->plan;
  fmt::print("{}: {} configurations, {} blocks, {} cells, about {}\n", prepared->label, plan.configurations.size(), plan.blocks.size(),
             plan.cells(), clock_text(plan.expected_seconds()));
  for (const Configuration& configuration : plan.configurations) {
    std::string variants;
    for (const std::string& variant : configuration.variants) variants += ' ' + variant;
    fmt::print("  {:<52} {:>3} block{}:{}{}\n", configuration.title(), configuration.blocks, configuration.blocks == 1 ? " " : "s",
               variants, configuration.declared ? " (declared)" : "");
  }
  for (const std::string& note : plan.notes) fmt::print("  {}\n", note);
  return 0;
}

int sweep_run(const SweepOptions& options) {
  int status = 0;
  auto prepared = prepare("run", options, status);
  if (!prepared) return status;
  const Plan& plan = prepared->plan;
  std::string guests;
  if (has_guests(plan)) {
    guests = std::filesystem::absolute(options.guests.empty() ? default_guests() : std::filesystem::path(options.guests))
                 .lexically_normal()
                 .string();
    if (auto found = check_guests(plan, guests); !found) return complain("run", found.error().message);
  }
  watch_interrupts();
  const std::string folder = options.out.empty() ? new_folder(plan) : options.out;
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) return complain("run", fmt::format("{} cannot be made: {}", folder, failure.message()));
  const std::string path = folder + "/journal.sqlite";
  if (std::filesystem::exists(path))
    return complain("run", fmt::format("{} holds a run already: interlock sweep resume {}, or another --out", folder, folder), 2);

  const auto manifest = make_manifest({prepared->label, prepared->text, &plan, prepared->variants, guests});
  if (!manifest) return complain("run", manifest.error().message);
  const auto programs = hash_of_programs(plan, prepared->variants, guests);
  if (!programs) return complain("run", programs.error().message);
  if (auto done = write_whole_file(folder + "/manifest.json", *manifest); !done) return complain("run", done.error().message);
  auto journal = Journal::create(path, plan,
                                 {{"manifest", sha256(*manifest)},
                                  {"programs", *programs},
                                  {"guests", guests},
                                  {"machine", machine_line()},
                                  {"cores", std::to_string(core_count())}});
  if (!journal) return complain("run", journal.error().message);
  fmt::print(stderr, "{}: {} cells in {} blocks, about {}; into {}\n", prepared->label, plan.cells(), plan.blocks.size(),
             clock_text(plan.expected_seconds()), folder);
  for (const std::string& note : plan.notes) fmt::print(stderr, "{}\n", note);
  return go("run", folder, *journal, std::move(prepared->variants), guests);
}

int sweep_resume(const SweepOptions& options) {
  auto journal = Journal::open(options.out + "/journal.sqlite", true);
  if (!journal) return complain("resume", journal.error().message);
  const auto plan = journal->plan();
  if (!plan) return complain("resume", plan.error().message);
  auto variants = built_variants();
  if (!variants) return complain("resume", variants.error().message);
  const std::string guests = options.guests.empty() ? journal->fact("guests") : options.guests;
  if (auto found = check_guests(*plan, guests); !found) return complain("resume", found.error().message);
  const auto programs = hash_of_programs(*plan, *variants, guests);
  if (!programs) return complain("resume", programs.error().message);
  if (*programs != journal->fact("programs")) {
    return complain(
        "resume",
        "the variants or guests were built anew since this run began, and cells of two builds cannot be compared: start a new run");
  }
  watch_interrupts();
  return go("resume", options.out, *journal, std::move(*variants), guests);
}

int sweep_status(const SweepOptions& options) {
  std::string folder = options.out;
  if (folder.empty()) {
    const auto newest = newest_run();
    if (!newest) return complain("status", newest.error().message);
    folder = *newest;
  }
  const auto results = read_results(folder);
  if (!results) return complain("status", results.error().message);
  fmt::print("{}: sweep {}, seed {}, result {}\n", folder, results->plan.name, results->plan.seed, results->manifest.substr(0, 16));
  fmt::print("{} of {} cells, {} of {} blocks; {} blocks run again, {} still tainted, {} split by an interruption\n",
             results->finished_cells, results->plan.cells(), results->complete_blocks, results->plan.blocks.size(), results->rerun_blocks,
             results->tainted_blocks, results->split_blocks);
  for (const FailureRecord& failure : results->failures) {
    fmt::print("wrong answer in block {} of {}: {}\n  {}\n", failure.block, failure.variant, failure.error, failure.command);
  }
  if (results->ended == "finished") {
    fmt::print("finished\n");
  } else {
    fmt::print("not finished: interlock sweep resume {}\n", folder);
  }
  return 0;
}

}  // namespace harness
