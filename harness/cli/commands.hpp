// SPDX-License-Identifier: Apache-2.0
// The subcommands of `interlock`, one file each. A declare function adds the subcommand with its options and, as its callback, what it
// does. An error is one line on standard error. Exit status: 0; 1 failure; 2 wrong usage; 130 after Ctrl-C.
#pragma once
#include <CLI/CLI.hpp>
#include <string>

namespace harness {

void declare_sweep(CLI::App& app, int& status);
void declare_table(CLI::App& app, int& status);
void declare_list(CLI::App& app, int& status);

// `interlock run ...`: replaces this process by the variant's; returns only on an error. argv[0] is "run".
int run_machine(int argc, char** argv);

// Prints "interlock WHAT: message", and gives `status` back.
int complain(const std::string& what, const std::string& message, int status = 1);

}  // namespace harness
