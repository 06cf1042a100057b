// SPDX-License-Identifier: Apache-2.0
// interlock run: checks the arguments, then becomes the process of the variant. The machine's terminal, signals and exit status are that
// process's.
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "harness/cell/run_options.hpp"
#include "harness/cli/commands.hpp"
#include "harness/sweep/variants.hpp"

namespace harness {

int run_machine(int argc, char** argv) {
  CLI::App app{"Runs a machine on this terminal.", "interlock run"};
  RunOptions options;
  declare_run_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return complain("run", std::string(error.what()) + " (interlock run --help)", 2);
  }
  const auto variant = built_variant(options.variant);
  if (!variant) return complain("run", variant.error().message, 2);
  if (const auto finished = finish_run_options(options); !finished) return complain("run", finished.error().message, 2);

  std::string program = variant->cell.string();
  std::vector<char*> arguments = {program.data()};
  arguments.insert(arguments.end(), argv, argv + argc);
  arguments.push_back(nullptr);
  execv(program.c_str(), arguments.data());
  return complain("run", program + " cannot be started: " + std::strerror(errno));
}

}  // namespace harness
