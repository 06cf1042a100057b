// SPDX-License-Identifier: Apache-2.0
// A guest cell: one bare-metal program on a whole machine of the linked variant.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace harness {

struct GuestRequest {
  std::string program;            // ELF file
  std::string append;             // the program's parameters
  unsigned harts = 1;
  unsigned micro_tlb = 256;       // entries
  std::vector<unsigned> cpus;
};

struct GuestResult {
  std::string error;              // empty: the program checked its answers, and passed
  std::uint64_t operations = 0;   // the sum of its RESULT lines
  double seconds = 0;             // by the guest's clock: for each named part the slowest hart, summed over parts
  std::uint64_t digest = 0;       // of names, harts, checksums and operation counts: equal for every variant
  std::vector<std::pair<std::string, double>> counters;
};

// Runs the machine of the linked variant (vm::make_machine).
GuestResult run_guest_cell(const GuestRequest& request);

struct GuestWorkload {
  const char* name;
  const char* program;            // file name below the folder of guests
  const char* append;             // for a cell of the built-in sweep, about a quarter of a second
  const char* description;
};
const std::vector<GuestWorkload>& guest_workloads();

}  // namespace harness
