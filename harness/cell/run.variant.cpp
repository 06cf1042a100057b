// SPDX-License-Identifier: Apache-2.0
#include "harness/cell/run.hpp"

#include <fmt/core.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "harness/cell/run_options.hpp"
#include "harness/cell/run_statistics.hpp"

namespace harness {
namespace {

// Waits for SIGINT, SIGTERM and SIGHUP in a thread of its own and stops the machine; a second one ends the process at once.
// The signals are blocked before any other thread starts, so that no hart is ever interrupted.
class StopOnSignal {
 public:
  StopOnSignal() {
    sigemptyset(&signals_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR2}) sigaddset(&signals_, number);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::thread([this] { wait(); });
  }
  ~StopOnSignal() {
    ending_ = true;
    pthread_kill(thread_.native_handle(), SIGUSR2);
    thread_.join();
  }
  void watch(vm::Machine* machine) {
    machine_ = machine;
    if (seen_ != 0 && machine != nullptr) machine->stop();
  }
  int seen() const { return seen_; }

 private:
  void wait() {
    for (;;) {
      int number = 0;
      if (sigwait(&signals_, &number) != 0 || ending_) return;
      if (number == SIGUSR2) continue;
      if (seen_.exchange(number) != 0) std::exit(128 + number);  // runs the handlers that restore the terminal
      if (vm::Machine* machine = machine_) machine->stop();
    }
  }
  sigset_t signals_{};
  std::thread thread_;
  std::atomic<vm::Machine*> machine_{nullptr};
  std::atomic<int> seen_{0};
  std::atomic<bool> ending_{false};
};

int exit_status(const vm::MachineReport& report) {
  if (report.reason != vm::StopReason::powered_off || report.code == 0) return 0;
  return report.code < 256 ? static_cast<int>(report.code) : 1;
}

}  // namespace

int run_on_terminal(int argc, char** argv) {
  CLI::App app{"Runs a machine on this terminal.", "interlock run"};
  RunOptions options;
  declare_run_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    return status == 0 ? 0 : 2;
  }
  if (const auto finished = finish_run_options(options); !finished) {
    fmt::print(stderr, "interlock run: {}\n", finished.error().message);
    return 2;
  }
  StopOnSignal signals;
  options.machine.console_output = STDOUT_FILENO;
  options.machine.sample_phases = options.stats;
  if (!options.quiet_input) {
    options.machine.console_input = STDIN_FILENO;
    options.machine.console_raw = isatty(STDIN_FILENO) != 0;
  }
  for (;;) {
    auto machine = vm::make_machine(options.machine);
    if (!machine) {
      fmt::print(stderr, "interlock run: {}\n", machine.error().message);
      return 1;
    }
    signals.watch(machine->get());
    const vm::MachineReport report = (*machine)->run();
    signals.watch(nullptr);
    machine->reset();  // the terminal is itself again
    if (options.stats) print_statistics(report);
    if (signals.seen() != 0) return 128 + signals.seen();
    if (report.reason == vm::StopReason::reset && !options.no_reboot) continue;
    return exit_status(report);
  }
}

}  // namespace harness
