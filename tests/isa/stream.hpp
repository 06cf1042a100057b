// SPDX-License-Identifier: Apache-2.0
// The random part of a program while it is being made.
//
// It is a row of units; a unit is a few instructions that belong together (an address is formed, then used), and control may enter
// only at its start. Branches go forward, to the start of a unit. Pinned registers are read by random instructions, never written:
//   base   the middle of the state's arena, 8 KiB on each side
//   trail  where the next recorded value goes
//   stack  x2 when compressed sp-relative forms are wanted; points into the arena
// A recorded value keeps apart what would otherwise be overwritten: the first difference in the trail names the instruction.
#pragma once
#include <vector>

#include "tests/isa/encoding.hpp"

namespace isa_fuzz {

#define ISA_FUZZ_SUBJECTS(X) X(integer) X(m) X(a) X(memory) X(branch) X(compressed) X(f) X(d) X(fcsr)
enum class Subject : u8 {
#define ISA_FUZZ_NAME(name) name,
  ISA_FUZZ_SUBJECTS(ISA_FUZZ_NAME)
#undef ISA_FUZZ_NAME
      count
};
inline constexpr unsigned subjects = static_cast<unsigned>(Subject::count);
const char* name(Subject subject);

struct Pins {
  unsigned base = 8;
  unsigned trail = 9;
  bool stack = false;
  bool holds(unsigned reg) const { return reg == base || reg == trail || (stack && reg == 2); }
};

// One recorded value: who made it, and what holds it.
struct TrailEntry {
  u32 at = 0;  // the instruction, in halfwords from the start of the stream
  u8 reg = 0;
  bool floating = false;
};

class Stream {
 public:
  Stream(Random& generator, Pins pinned) : random(generator), pins(pinned) {}

  // An instruction that counts as one of `subject`, and one that only serves others.
  void put(Subject subject, u32 bits);
  void put_compressed(Subject subject, u16 bits);
  void serve(u32 bits);

  void begin_unit();
  void record_x(unsigned reg);  // the value that the last put() left in a register
  void record_f(unsigned reg);
  void record_flags(unsigned scratch);  // reads and clears fflags

  // Branches to the start of a unit at most `units` further on: `bits` lacks its distance.
  enum class Reach : u8 { branch, jump, indirect, compressed_branch, compressed_jump };
  void put_branch(u32 bits, Reach reach, u32 units);
  // Resolves all branches; no more units after it.
  void finish();

  unsigned source() { return random.bits(5); }
  unsigned destination();  // not pinned; x0 now and then
  unsigned scratch();      // not pinned, not x0
  unsigned scratch_but(unsigned other);
  unsigned prime_destination();  // x8..x15, not pinned

  const std::vector<u16>& code() const { return code_; }
  const std::vector<TrailEntry>& trail() const { return trail_; }
  u64 count(Subject subject) const { return counts_[static_cast<unsigned>(subject)]; }

  Random& random;
  const Pins pins;

 private:
  struct Fixup {
    u32 at;
    Reach reach;
    u32 target;  // a unit's number
  };
  void append(u32 bits);
  void next_entry(unsigned reg, bool floating);

  std::vector<u16> code_;
  std::vector<u32> units_;  // where each begins, in halfwords
  std::vector<Fixup> fixups_;
  std::vector<TrailEntry> trail_;
  i32 trail_offset_ = 0;  // bytes from the trail register to the next entry
  u32 last_ = 0;          // the instruction put last
  u64 counts_[subjects] = {};
};

// One unit of a subject.
void put_unit(Subject subject, Stream& stream);
void put_integer(Stream& stream);
void put_multiply(Stream& stream);
void put_atomic(Stream& stream);
void put_memory(Stream& stream);
void put_control(Stream& stream);
void put_short(Stream& stream);
void put_single(Stream& stream);
void put_double(Stream& stream);
void put_floating_status(Stream& stream);

// Where generated accesses go, from the base register; the epilogue saves a register in the last eight bytes.
inline constexpr i32 nearest = -2048;
inline constexpr i32 farthest = 2039;

}  // namespace isa_fuzz
