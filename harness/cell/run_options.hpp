// SPDX-License-Identifier: Apache-2.0
// The options of `interlock run`, parsed by the driver (for help and early errors) and by the variant's process (for use).
#pragma once
#include <CLI/CLI.hpp>

#include "vm/machine/machine.hpp"

namespace harness {

struct RunOptions {
  std::string variant = "baseline";
  vm::MachineConfig machine;
  std::string memory = "256M";
  std::string heap = "16M";
  std::vector<std::string> disks;
  bool stats = false;
  bool no_reboot = false;
  bool quiet_input = false;
};

// Declares the options on `app`; they write to `options`, which must outlive it.
void declare_run_options(CLI::App& app, RunOptions& options);
// After parsing: sizes and disks into options.machine. Errors say which option and what it may be.
vm::Result<void> finish_run_options(RunOptions& options);

// "64M", "1G", "65536": bytes.
vm::Result<vm::u64> parse_size(const std::string& text, const std::string& option);

}  // namespace harness
