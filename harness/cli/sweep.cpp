// SPDX-License-Identifier: Apache-2.0
// interlock sweep plan|run|resume|status.
#include <memory>

#include "harness/cli/commands.hpp"
#include "harness/sweep/session.hpp"

namespace harness {

void declare_sweep(CLI::App& app, int& status) {
  auto options = std::make_shared<SweepOptions>();
  CLI::App* sweep = app.add_subcommand("sweep", "measures variants against each other: plan, run, resume, status");
  sweep->require_subcommand(1);
  sweep->footer(
      "examples:\n  interlock sweep run\n  interlock sweep plan mine.toml\n  interlock sweep resume results/runs/20260101-120000-1\n");
  const auto declare = [&](const char* name, const char* description, int (*act)(const SweepOptions&)) {
    CLI::App* command = sweep->add_subcommand(name, description);
    command->callback([options, act, &status] { status = act(*options); });
    return command;
  };
  const auto add_sweep = [&](CLI::App* command) {
    command->add_option("FILE", options->file, "a sweep in TOML (default: the built-in `quick`)");
    command->add_option("--blocks", options->blocks, "blocks of every configuration, instead of the sweep's")->check(CLI::Range(1, 10000));
  };

  CLI::App* plan = declare("plan", "what a sweep would measure, and how long it would take", &sweep_plan);
  add_sweep(plan);
  plan->add_flag("--show", options->show, "print the sweep's TOML text, to start one's own from");
  plan->footer("examples:\n  interlock sweep plan\n  interlock sweep plan --show > mine.toml\n");

  CLI::App* run = declare("run", "runs a sweep and prints its tables", &sweep_run);
  add_sweep(run);
  run->add_option("--out", options->out, "the run's folder (default: results/runs/TIME-SEED)");
  run->add_option("--guests", options->guests,
                  "the folder of the bare-metal programs (default: guests/bare-metal beside the build folder)");
  run->footer(
      "Each cell is a process; each is in the journal when it has finished. Ctrl-C ends the sweep, and `interlock sweep resume` goes on.\n"
      "The folder gets manifest.json, journal.sqlite, tables.md, throughput.csv, latency.csv and report.md.\n\n"
      "examples:\n  interlock sweep run\n  interlock sweep run mine.toml --blocks 5 --out results/runs/mine\n");

  CLI::App* resume = declare("resume", "goes on with a run that was interrupted or killed", &sweep_resume);
  resume->add_option("DIR", options->out, "the run's folder")->required();
  resume->add_option("--guests", options->guests, "the folder of the bare-metal programs, if it moved");
  resume->footer(
      "The variants and guests must be those that the run began with.\n\nexamples:\n  interlock sweep resume "
      "results/runs/20260101-120000-1\n");

  CLI::App* state = declare("status", "how far a run is", &sweep_status);
  state->add_option("DIR", options->out, "the run's folder (default: the newest below results/runs)");
  state->footer("examples:\n  interlock sweep status\n");
}

}  // namespace harness
