// SPDX-License-Identifier: Apache-2.0
// interlock: the command line.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "harness/cli/commands.hpp"

namespace harness {

int complain(const std::string& what, const std::string& message, int status) {
  fmt::print(stderr, "interlock{}{}: {}\n", what.empty() ? "" : " ", what, message);
  return status;
}

}  // namespace harness

int main(int argc, char** argv) {
  // `run` has the variant's process parse its arguments: they are the same there.
  if (argc >= 2 && std::strcmp(argv[1], "run") == 0) return harness::run_machine(argc - 1, argv + 1);

  CLI::App app{"Compares synchronization techniques inside a RISC-V virtual machine.", "interlock"};
  app.footer(
      "examples:\n"
      "  interlock list                          the variants that are built, and the workloads\n"
      "  interlock sweep run                     the built-in sweep: under four minutes, ends in two tables\n"
      "  interlock table --format markdown       the tables of the newest run again\n"
      "  interlock run --variant rcu --bios none --kernel build/guests/bare-metal/hello.elf --harts 4\n\n"
      "Exit status: 0; 1 failure, wrong answers of cells included; 2 wrong usage; 130 after Ctrl-C.\n");
  app.require_subcommand(1);
  int status = 0;
  app.add_subcommand("run", "a machine on this terminal (interlock run --help)");
  harness::declare_sweep(app, status);
  harness::declare_table(app, status);
  harness::declare_list(app, status);
  // CLI11 would only say that a subcommand is missing.
  const CLI::App* at = &app;
  for (int i = 1; i < argc && argv[i][0] != '-'; ++i) {
    const auto commands = at->get_subcommands({});
    if (commands.empty()) break;
    const auto named =
        std::find_if(commands.begin(), commands.end(), [&](const CLI::App* command) { return command->get_name() == argv[i]; });
    if (named == commands.end())
      return harness::complain(
          "", fmt::format("there is no command '{}' here (interlock{} --help)", argv[i], i == 1 ? "" : std::string(" ") + argv[1]), 2);
    at = *named;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::string where;
    for (const CLI::App* reached = &app; !reached->get_subcommands().empty();) {
      reached = reached->get_subcommands().front();
      where += (where.empty() ? "" : " ") + reached->get_name();
    }
    return harness::complain(where, std::string(error.what()) + " (interlock" + (where.empty() ? "" : " " + where) + " --help)", 2);
  }
  return status;
}
