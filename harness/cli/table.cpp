// SPDX-License-Identifier: Apache-2.0
// interlock table: the tables of a run.
#include <fmt/core.h>

#include <memory>

#include "harness/cli/commands.hpp"
#include "harness/tables/tables.hpp"

namespace harness {
namespace {

struct Options {
  std::string folder, format = "terminal", which = "all";
};

int print_tables(const Options& options) {
  std::string folder = options.folder;
  if (folder.empty()) {
    const auto newest = newest_run();
    if (!newest) return complain("table", newest.error().message);
    folder = *newest;
  }
  const auto results = read_results(folder);
  if (!results) return complain("table", results.error().message);
  const TableFormat format = options.format == "csv"        ? TableFormat::csv
                             : options.format == "markdown" ? TableFormat::markdown
                                                            : TableFormat::terminal;
  const std::string text = render_tables(*results, options.which, format);
  if (text.empty())
    return complain("table", fmt::format("{} has no complete block of that kind yet (interlock sweep status {})", folder, folder));
  fmt::print("{}", text);
  return 0;
}

}  // namespace

void declare_table(CLI::App& app, int& status) {
  auto options = std::make_shared<Options>();
  CLI::App* table = app.add_subcommand("table", "the throughput and latency tables of a run");
  table->add_option("DIR", options->folder, "the run's folder (default: the newest below results/runs)");
  table->add_option("--format", options->format, "terminal, markdown or csv")
      ->check(CLI::IsMember({"terminal", "markdown", "csv"}))
      ->capture_default_str();
  table->add_option("--which", options->which, "throughput, latency or all")
      ->check(CLI::IsMember({"throughput", "latency", "all"}))
      ->capture_default_str();
  table->footer(
      "Only complete blocks count; a run that is not finished says so in its tables.\n\n"
      "examples:\n"
      "  interlock table\n"
      "  interlock table results/runs/20260101-120000-1 --which latency --format csv > latency.csv\n");
  table->callback([options, &status] { status = print_tables(*options); });
}

}  // namespace harness
