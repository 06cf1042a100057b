// SPDX-License-Identifier: Apache-2.0
#include "harness/workloads/guest_cell.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "vm/machine/machine.hpp"

namespace harness {
namespace {

struct ResultLine {
  std::string name, hart = "0", checksum;
  std::uint64_t operations = 0;
  std::uint64_t ticks = 0;
};

bool parse_number(const std::string& text, std::uint64_t& value) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc{} && end == text.data() + text.size();
}

// "RESULT name=... hart=... checksum=... operations=... ticks=... ..."
bool parse_result(const std::string& line, ResultLine& result) {
  std::istringstream words(line);
  std::string word;
  words >> word;
  bool good = true;
  while (words >> word) {
    const auto equals = word.find('=');
    if (equals == std::string::npos) continue;
    const std::string key = word.substr(0, equals);
    const std::string value = word.substr(equals + 1);
    if (key == "name") result.name = value;
    if (key == "hart") result.hart = value;
    if (key == "checksum") result.checksum = value;
    if (key == "operations") good = good && parse_number(value, result.operations);
    if (key == "ticks") good = good && parse_number(value, result.ticks);
  }
  return good && !result.name.empty() && !result.checksum.empty() && result.operations != 0;
}

void read_console(const std::string& console, GuestResult& result) {
  std::istringstream lines(console);
  std::string line;
  bool done = false;
  std::map<std::string, std::uint64_t> slowest;
  std::vector<std::string> answers;
  while (std::getline(lines, line)) {
    while (!line.empty() && line.back() == '\r') line.pop_back();
    if (line == "DONE") done = true;
    if (line.starts_with("FAILED")) result.error = "the guest says: " + line;
    if (!line.starts_with("RESULT ")) continue;
    ResultLine parsed;
    if (!parse_result(line, parsed)) {
      result.error = "a line of the guest's cannot be read: " + line;
      return;
    }
    result.operations += parsed.operations;
    slowest[parsed.name] = std::max(slowest[parsed.name], parsed.ticks);
    answers.push_back(parsed.name + '/' + parsed.hart + '/' + parsed.checksum + '/' + std::to_string(parsed.operations));
  }
  if (result.error.empty() && !done) result.error = "the guest ended without DONE";
  if (result.error.empty() && answers.empty()) result.error = "the guest printed no RESULT";
  std::sort(answers.begin(), answers.end());
  result.digest = 0xcbf2'9ce4'8422'2325;
  for (const std::string& answer : answers) {
    for (const char c : answer) result.digest = (result.digest ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3;
  }
  for (const auto& [name, ticks] : slowest) result.seconds += static_cast<double>(ticks) / 1e7;
}

}  // namespace

GuestResult run_guest_cell(const GuestRequest& request) {
  GuestResult result;
  std::string console;  // the console's thread appends; it has ended when run() returns
  vm::MachineConfig config;
  config.load.bios = "none";
  config.load.kernel = request.program;
  config.load.append = request.append;
  config.load.seed = 1;
  config.harts = request.harts;
  config.memory_bytes = std::uint64_t{128} << 20;
  config.micro_tlb_entries = request.micro_tlb;
  config.cpus = request.cpus;
  config.sample_phases = true;
  config.console_capture = [&console](std::span<const vm::u8> bytes) { console.append(reinterpret_cast<const char*>(bytes.data()), bytes.size()); };
  auto machine = vm::make_machine(config);
  if (!machine) {
    result.error = machine.error().message;
    return result;
  }
  const vm::MachineReport report = (*machine)->run();
  machine->reset();
  read_console(console, result);
  if (result.error.empty() && (report.reason != vm::StopReason::powered_off || report.code != 0)) {
    result.error = "the guest ended with code " + std::to_string(report.code);
  }
  double retired = 0;
  double cpu = 0;
  std::array<double, vm::phase_names> phases{};
  double busy = 0;
  for (const vm::HartReport& hart : report.harts) {
    retired += static_cast<double>(hart.retired);
    cpu += static_cast<double>(hart.cpu_nanoseconds);
    for (unsigned i = 0; i < phases.size(); ++i) {
      phases[i] += static_cast<double>(hart.samples[i]);
      if (i != static_cast<unsigned>(vm::PhaseName::idle)) busy += static_cast<double>(hart.samples[i]);
    }
  }
  const auto share = [&](vm::PhaseName phase) { return busy > 0 ? phases[static_cast<unsigned>(phase)] / busy : 0; };
  const double million = retired / 1e6;
  const auto rate = [&](double count) { return million > 0 ? count / million : 0; };
  result.counters = {{"retired", retired},
                     {"cpu_seconds", cpu / 1e9},
                     {"tlb_ops_per_million", rate(static_cast<double>(report.tlb.lookups + report.tlb.fills + report.tlb.invalidates))},
                     {"gc_ops_per_million", rate(static_cast<double>(report.gc.finds + report.gc.published + report.gc.invalidates + report.gc.links))},
                     {"registers_ops_per_million", rate(static_cast<double>(report.registers.inspections + report.registers.mutations))},
                     {"share_engine", share(vm::PhaseName::engine)},
                     {"share_loop", share(vm::PhaseName::loop)},
                     {"share_tlb", share(vm::PhaseName::tlb)},
                     {"share_gc", share(vm::PhaseName::gc)},
                     {"share_registers", share(vm::PhaseName::registers)}};
  return result;
}

}  // namespace harness
