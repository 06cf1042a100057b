// SPDX-License-Identifier: Apache-2.0
// One child process, in a process group of its own, from start to end: its output, its exit and what it cost.
#pragma once
#include <string>
#include <vector>

#include "vm/error.hpp"

namespace harness {

struct ChildRequest {
  std::vector<std::string> arguments;    // [0] is the executable's path
  std::vector<std::string> environment;  // NAME=VALUE, added to ours
  double timeout = 60;                   // seconds; then the whole group is killed
};

struct ChildResult {
  int status = -1;  // exit status; -1 if a signal ended it
  int signal = 0;   // that signal
  bool timed_out = false;
  bool interrupted = false;    // killed because interrupt_requested()
  std::string output, errors;  // standard output and standard error, at most 64 MiB together
  double wall = 0, cpu = 0;    // seconds
  long involuntary = 0;        // context switches
};

// Blocks until the child has ended. Error: it could not be started.
vm::Result<ChildResult> run_child(const ChildRequest& request);

// From here on SIGINT, SIGTERM and SIGHUP only ask for an end: run_child kills its child and returns. A second SIGINT ends the process.
void watch_interrupts();
bool interrupt_requested();
// 128 + the signal's number: the exit status after an interrupt.
int interrupt_status();

}  // namespace harness
