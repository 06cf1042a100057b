// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/probe.hpp"

#include <hwloc.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>

namespace harness {
namespace {

struct Topology {
  std::vector<unsigned> order;
  unsigned cores = 0;
};

Topology read_topology() {
  Topology found;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) == 0) {
    if (hwloc_topology_load(topology) == 0) {
      const int cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
      std::vector<std::vector<unsigned>> units;
      for (int i = 0; i < cores; ++i) {
        const hwloc_obj_t core = hwloc_get_obj_by_type(topology, HWLOC_OBJ_CORE, static_cast<unsigned>(i));
        std::vector<unsigned> of_core;
        for (int unit = hwloc_bitmap_first(core->cpuset); unit >= 0; unit = hwloc_bitmap_next(core->cpuset, unit)) {
          if (CPU_ISSET(static_cast<std::size_t>(unit), &allowed)) of_core.push_back(static_cast<unsigned>(unit));
        }
        if (!of_core.empty()) units.push_back(std::move(of_core));
      }
      found.cores = static_cast<unsigned>(units.size());
      for (std::size_t turn = 0;; ++turn) {
        bool any = false;
        for (const auto& core : units) {
          if (turn >= core.size()) continue;
          found.order.push_back(core[turn]);
          any = true;
        }
        if (!any) break;
      }
    }
    hwloc_topology_destroy(topology);
  }
  if (found.order.empty()) {  // hwloc saw no cores: what the scheduler allows, each counted as one
    for (unsigned i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &allowed)) found.order.push_back(i);
    }
    found.cores = static_cast<unsigned>(found.order.size());
  }
  return found;
}

const Topology& topology_here() {
  static const Topology found = read_topology();
  return found;
}

}  // namespace

double calibration_spin() {
  double least = 0;
  std::uint64_t value = 0x9e37'79b9'7f4a'7c15;
  for (int turn = 0; turn < 8; ++turn) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 200'000; ++i) {
      value = value * 6364136223846793005ULL + 1442695040888963407ULL;
      asm volatile("" : "+r"(value));
    }
    const double taken = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count();
    if (turn == 0 || taken < least) least = taken;
  }
  return least;
}

double steal_seconds() {
  std::ifstream stat("/proc/stat");
  std::string line;
  if (!std::getline(stat, line)) return -1;
  std::istringstream words(line);
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0;
  if (!(words >> cpu >> user >> nice >> system >> idle >> wait >> irq >> softirq >> steal)) return -1;
  return steal / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::vector<unsigned> processors_in_order() { return topology_here().order; }
unsigned core_count() { return topology_here().cores; }

}  // namespace harness
