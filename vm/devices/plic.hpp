// SPDX-License-Identifier: Apache-2.0
// PLIC: 95 interrupt sources (1..95) of priority 0..7, and two contexts a hart: 2*hart for M, 2*hart + 1 for S.
//
//   offset                            | register
//   0x000000 + 4*source               | priority; 0 never interrupts
//   0x001000 + 4*word                 | pending, read-only
//   0x002000 + 0x80*context + 4*word  | enable
//   0x200000 + 0x1000*context         | threshold: only higher priorities interrupt
//   0x200004 + 0x1000*context         | read: claim. Write: complete
//
// A source's gateway and the two bits that the State keeps of it, besides its line's level:
//   pending | in_service | meaning
//      0    |     0      | quiet; a high level makes it pending at once
//      1    |     0      | requested; stays so when the level falls. Waits for a claim
//      0    |     1      | claimed; the gateway forwards nothing until completion
//      1    |     1      | never: the gateway is closed while in service
//
// Protocol:  the bits of all sources lie side by side, a priority in three planes, so that a claim is a dozen word operations.
// Invariant: each request is claimed once; `asserted` holds, for each context, whether an enabled pending source beats its threshold.
// Source:    RISC-V PLIC specification 1.0.0; the claim ignores the threshold (chapter 8). QEMU 7.2 `virt` for sizes and offsets.
#pragma once
#include "vm/devices/device.hpp"

namespace vm::devices {

struct PlicState {
  static constexpr bool uses_clock = false;
  static constexpr u32 sources = 96;  // source 0 does not exist
  static constexpr u32 words = sources / 32;
  static constexpr u32 contexts = 2 * max_harts;
  static constexpr u32 highest_priority = 7;

  static constexpr u64 priority_offset = 0x0;
  static constexpr u64 pending_offset = 0x1000;
  static constexpr u64 enable_offset = 0x2000;
  static constexpr u64 enable_stride = 0x80;
  static constexpr u64 context_offset = 0x20'0000;
  static constexpr u64 context_stride = 0x1000;

  // A bit for each hart: bits of `changed` that are set have their new level in `level`.
  struct HartLevels {
    u64 changed = 0;
    u64 level = 0;
  };
  struct Effects {
    HartLevels machine;     // MEIP
    HartLevels supervisor;  // SEIP
  };

  // One bit a source.
  struct SourceSet {
    u32 words[PlicState::words] = {};
    constexpr bool test(u32 source) const { return (words[source / 32] >> (source % 32) & 1) != 0; }
    constexpr void assign(u32 source, bool value) {
      const u32 bit = u32{1} << (source % 32);
      words[source / 32] = value ? words[source / 32] | bit : words[source / 32] & ~bit;
    }
  };

  // Contexts of harts beyond `harts` (1..64) read as 0 and ignore writes.
  static PlicState make(u32 harts);

  static bool accepts(u64 offset, u8 width);
  static bool read_is_pure(u64 offset, u8 width);
  u64 read(u64 offset, u8 width) const;
  u64 read_effect(u64 offset, u8 width, Effects& effects);
  void write(u64 offset, u8 width, u64 value, Effects& effects);

  // The line of `source` (1..95; others are ignored) has this level from now on.
  void set_level(u32 source, bool level, Effects& effects);

  // Returns the source of the highest priority that is pending and enabled, the lowest of equals, and takes it; 0 if none is.
  u32 claim(u32 context, Effects& effects);
  // Ignored if `source` is not enabled in this context, as the specification asks, or was not claimed.
  void complete(u32 context, u32 source, Effects& effects);

  u32 priority(u32 source) const;

  u32 harts = 0;
  SourceSet level;  // input lines
  SourceSet pending;
  SourceSet in_service;
  SourceSet plane[3];    // priority, bit by bit
  u64 asserted[2] = {};  // a bit for each hart: [0] M, [1] S
  u8 threshold[contexts] = {};
  SourceSet enable[contexts] = {};

 private:
  unsigned __int128 candidates(u32 context) const;
  unsigned __int128 above(u32 limit) const;
  void refresh(u32 context, Effects& effects);
  void refresh_for(u32 source, Effects& effects);
  void request(u32 source);
};
static_assert(Device<PlicState>);

}  // namespace vm::devices
