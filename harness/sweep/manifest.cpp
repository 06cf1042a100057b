// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/manifest.hpp"

#include <fmt/format.h>
#include <hwloc.h>
#include <sqlite3.h>
#include <sys/utsname.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "harness/sweep/cell.hpp"
#include "harness/sweep/probe.hpp"
#include "harness/sweep/process.hpp"
#include "harness/sweep/sha256.hpp"
#include "harness/workloads/guest_cell.hpp"

namespace harness {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* unavailable = "unavailable";

// The first processor's lines of /proc/cpuinfo.
std::map<std::string, std::string> processor_facts() {
  std::map<std::string, std::string> facts;
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line) && !line.empty()) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto end = line.find_last_not_of(" \t", colon - 1);
    const auto begin = line.find_first_not_of(' ', colon + 1);
    facts[line.substr(0, end + 1)] = begin == std::string::npos ? "" : line.substr(begin);
  }
  return facts;
}

std::string fact_or_unavailable(const std::map<std::string, std::string>& facts, const char* name) {
  const auto found = facts.find(name);
  return found == facts.end() || found->second.empty() ? unavailable : found->second;
}

std::string rtm_availability(const std::map<std::string, std::string>& facts) {
  const auto flags = facts.find("flags");
  if (flags == facts.end()) return unavailable;
  std::istringstream words(flags->second);
  std::string flag;
  while (words >> flag) {
    if (flag == "rtm") return "advertised";
  }
  return "absent";
}

std::string kernel_name() {
  utsname names{};
  if (uname(&names) != 0) return unavailable;
  return fmt::format("{} {} {}", names.sysname, names.release, names.machine);
}

// Standard output of a git command in the folder of the executable, or nothing if that is no checkout.
std::string git(std::vector<std::string> arguments) {
  ChildRequest request;
  request.arguments = {"/usr/bin/git", "-C", executable_folder().string()};
  request.arguments.insert(request.arguments.end(), arguments.begin(), arguments.end());
  const auto child = run_child(request);
  if (!child || child->status != 0) return {};
  return child->output;
}

Json source_facts() {
  Json json;
  std::string commit = git({"rev-parse", "HEAD"});
  while (!commit.empty() && commit.back() == '\n') commit.pop_back();
  json["commit"] = commit.empty() ? unavailable : commit;
  if (commit.empty()) {
    json["dirty"] = unavailable;
    return json;
  }
  const std::string status = git({"status", "--porcelain"});
  json["dirty"] = !status.empty();
  if (!status.empty()) json["diff_sha256"] = sha256(git({"diff", "HEAD"}));
  return json;
}

std::set<std::string> programs_of(const Plan& plan) {
  std::set<std::string> programs;
  for (const Configuration& configuration : plan.configurations) {
    for (const GuestWorkload& guest : guest_workloads()) {
      if (configuration.workload == guest.name) programs.insert(guest.program);
    }
  }
  return programs;
}

}  // namespace

std::string machine_line() {
  const auto facts = processor_facts();
  return fmt::format("{}, {} cores, {}, RTM {}", fact_or_unavailable(facts, "model name"), core_count(), kernel_name(),
                     rtm_availability(facts));
}

vm::Result<std::string> hash_of_programs(const Plan& plan, const std::vector<BuiltVariant>& variants, const std::string& guests) {
  std::string all;
  std::set<std::string> used;
  for (const Configuration& configuration : plan.configurations) used.insert(configuration.variants.begin(), configuration.variants.end());
  for (const std::string& name : used) {
    const auto found = std::find_if(variants.begin(), variants.end(), [&](const BuiltVariant& v) { return v.name == name; });
    if (found == variants.end()) return vm::Error{fmt::format("variant '{}' is not built any more", name)};
    const auto hash = sha256_of_file(found->cell.string());
    if (!hash) return hash.error();
    all += name + ' ' + *hash + '\n';
  }
  for (const std::string& program : programs_of(plan)) {
    const auto hash = sha256_of_file(guests + '/' + program);
    if (!hash) return hash.error();
    all += program + ' ' + *hash + '\n';
  }
  return sha256(all);
}

vm::Result<std::string> make_manifest(const ManifestInput& input) {
  const Plan& plan = *input.plan;
  Json json;
  json["format"] = "interlock-manifest-1";
  json["started_utc"] = [] {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return std::string(text);
  }();
  json["sweep"] = {{"file", input.sweep_file}, {"seed", plan.seed},        {"blocks", plan.blocks.size()},
                   {"cells", plan.cells()},    {"text", input.sweep_text}, {"notes", plan.notes}};
  json["source"] = source_facts();
  json["build"] = {{"compiler", "g++ " __VERSION__}, {"type_and_flags", INTERLOCK_BUILD_FLAGS}};
  json["libraries"] = {{"packages", INTERLOCK_LIBRARY_VERSIONS},
                       {"sqlite_running", sqlite3_libversion()},
                       {"hwloc_api", fmt::format("{:x}", hwloc_get_api_version())}};
  for (const BuiltVariant& variant : input.variants) {
    const auto hash = sha256_of_file(variant.cell.string());
    if (!hash) return hash.error();
    const auto layers = describe_variant_of(variant);
    if (!layers) return layers.error();
    json["variants"][variant.name] = {
        {"sha256", *hash}, {"tlb", layers->tlb}, {"gc", layers->gc}, {"device_registers", layers->device_registers}};
  }
  const auto driver = sha256_of_file("/proc/self/exe");
  json["driver_sha256"] = driver ? *driver : unavailable;
  for (const std::string& program : programs_of(plan)) {
    const auto hash = sha256_of_file(input.guests + '/' + program);
    if (!hash) return hash.error();
    json["guests"][program] = *hash;
  }
  const auto facts = processor_facts();
  json["machine"] = {{"processor", fact_or_unavailable(facts, "model name")},
                     {"microcode", fact_or_unavailable(facts, "microcode")},
                     {"cores", core_count()},
                     {"processing_units_in_order", processors_in_order()},
                     {"cache_size", fact_or_unavailable(facts, "cache size")},
                     {"hypervisor", facts.count("flags") != 0 && facts.at("flags").find(" hypervisor") != std::string::npos},
                     {"rtm", rtm_availability(facts)},
                     {"kernel", kernel_name()},
                     {"steal_time", steal_seconds() < 0 ? unavailable : "read from /proc/stat"}};
  return json.dump(2) + "\n";
}

}  // namespace harness
