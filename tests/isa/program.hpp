// SPDX-License-Identifier: Apache-2.0
// A user program in memory: the same bytes run under qemu-riscv64 and on the engine. What it leaves in its data is compared.
//
// A batch runs one random stream from several initial states. The data holds a slot for each:
//
//   offset                | content
//   0 .. 16 KiB           | arena; the base register points to its middle
//   16 KiB + 0, 256, 512  | initial x, f, fcsr; 520: the next slot's base, or 0
//   16 KiB + 1024, 1280, 1536 | final x, f, fcsr (x of the base register: the pointer itself)
//   20 KiB ..             | trail
#pragma once
#include <string>

#include "tests/isa/stream.hpp"

namespace isa_fuzz {

struct Program {
  u64 text_address = 0;
  std::vector<u8> text;
  u64 data_address = 0;
  std::vector<u8> data;
  // Where a program that handles its faults keeps the cursor of its log (see fault_program.hpp); 0: a fault is unexpected.
  u64 log_cursor = 0;
};

inline constexpr u64 text_address = 0x8000'0000;
inline constexpr u64 data_address = 0x8080'0000;

struct Batch {
  Program program;
  Pins pins;
  u64 stream_address = 0;
  std::vector<TrailEntry> trail;
  u64 counts[subjects] = {};
  u32 states = 0;
  u64 stride = 0;
};

namespace slot {
inline constexpr u64 arena_bytes = 16384;
inline constexpr u64 base = arena_bytes / 2;
inline constexpr u64 registers = arena_bytes;
inline constexpr i32 f = 256;
inline constexpr i32 status = 512;
inline constexpr i32 next = 520;
inline constexpr i32 final_x = 1024;
inline constexpr i32 final_f = 1280;
inline constexpr i32 final_status = 1536;
inline constexpr u64 trail = arena_bytes + 4096;
}  // namespace slot

// A program with `length` instructions of `subject`, and some of all others, run from `states` initial states.
Batch make_batch(Subject subject, u64 seed, u32 length, u32 states);

// Instructions of the runtime around a stream.
class Assembly {
 public:
  explicit Assembly(u64 address) : address_(address) {}
  void put(u32 bits);
  void put_halfwords(const std::vector<u16>& code);
  u64 here() const { return address_ + bytes_.size(); }
  void load_address(unsigned reg, u64 target);  // relative to the pc
  void load_number(unsigned reg, i32 number);
  void call_system(i32 number);  // a7 = number
  std::vector<u8> take() { return std::move(bytes_); }

 private:
  u64 address_;
  std::vector<u8> bytes_;
};

// Writes the whole data segment to standard output and exits; uses no register's old value.
void put_epilogue(Assembly& code, const Program& program);

}  // namespace isa_fuzz
