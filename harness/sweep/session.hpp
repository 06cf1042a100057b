// SPDX-License-Identifier: Apache-2.0
// The verbs of `interlock sweep`, without their command line. Each prints, and returns the process's exit status.
#pragma once
#include <string>

namespace harness {

struct SweepOptions {
  std::string file;     // TOML; empty: the built-in sweep
  std::string out;      // the run's folder; empty: a new one, or the newest
  std::string guests;   // folder; empty: beside the build folder
  unsigned blocks = 0;  // 0: as the sweep says
  bool show = false;
};

int sweep_plan(const SweepOptions& options);
int sweep_run(const SweepOptions& options);
int sweep_resume(const SweepOptions& options);
int sweep_status(const SweepOptions& options);

}  // namespace harness
