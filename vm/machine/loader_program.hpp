// SPDX-License-Identifier: Apache-2.0
// What loading any program yields, and how its bytes are fetched from the host and put into guest RAM.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "vm/error.hpp"
#include "vm/machine/device_tree.hpp"
#include "vm/memory/guest_memory.hpp"

namespace vm {

// Guest physical addresses. [first, end) is all that the program occupies, uninitialized memory included.
struct LoadedProgram {
  u64 entry = 0;
  u64 first = 0;
  u64 end = 0;
  PhysicalRange range() const { return {first, end}; }
};

// Bytes of a file that go to one address, with `bytes - contents.size()` zeros behind them.
struct Segment {
  u64 address = 0;  // guest physical
  u64 bytes = 0;    // in memory
  std::span<const std::byte> contents;
  u64 file_offset = 0;
};

// A checked program: its segments lie in RAM and do not overlap.
struct ProgramPlan {
  std::vector<Segment> segments;
  LoadedProgram program;
};

inline constexpr u64 file_limit = u64{2} << 30;  // bytes of any one host file

// The whole file. `what` says what it is for ("kernel"). Errors: missing, directory, unreadable, empty, longer than `limit`, shrinking.
Result<std::vector<std::byte>> read_file(const std::string& path, const std::string& what, u64 limit = file_limit);

// Copies the segments, and zeroes what their contents do not cover.
Result<LoadedProgram> place(const ProgramPlan& plan, const std::string& name, GuestMemory& memory);

// A file without format: all of it to `address`, which is its entry.
Result<ProgramPlan> plan_raw(std::span<const std::byte> file, const std::string& name, u64 address, PhysicalRange ram);

// "0x80000000", for messages.
std::string hexadecimal(u64 value);

}  // namespace vm
