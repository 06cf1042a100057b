// SPDX-License-Identifier: Apache-2.0
// ACLINT: machine software interrupts and machine timers, at the offsets of the SiFive CLINT.
//
//   offset            | register                    | width
//   0x0000 + 4*hart   | msip, bit 0 only            | 4
//   0x4000 + 8*hart   | mtimecmp                    | 8, or 4 for a half
//   0xbff8            | mtime                       | 8, or 4 for a half
//
// The State holds what the registers hold; a hart's MTIP follows from its mtimecmp and the clock, and is the machine's to compute.
// Source: RISC-V ACLINT specification 1.0-rc4, chapters 2 and 3.
#pragma once
#include "vm/devices/device.hpp"

namespace vm::devices {

struct AclintState {
  static constexpr bool uses_clock = true;
  static constexpr u64 msip_offset = 0x0000;
  static constexpr u64 mtimecmp_offset = 0x4000;
  static constexpr u64 mtime_offset = 0xbff8;

  struct Effects {
    u32 hart = 0;                   // whom software and deadline_changed concern
    LevelChange software;           // MSIP of `hart`
    bool deadline_changed = false;  // mtimecmp of `hart` is now `deadline`
    bool clock_set = false;         // mtime was written: it is now `clock_ticks`
    u64 deadline = 0;               // ticks; MTIP is pending while mtime >= deadline
    u64 clock_ticks = 0;
  };

  // Registers of harts beyond `harts` (1..64) read as 0 and ignore writes. mtimecmp starts at its largest value: no timer is pending.
  static AclintState make(u32 harts);

  static bool accepts(u64 offset, u8 width);
  static bool read_is_pure(u64, u8) { return true; }
  u64 read(u64 offset, u8 width, const Inputs& inputs) const;
  u64 read_effect(u64 offset, u8 width, const Inputs& inputs, Effects&) { return read(offset, width, inputs); }
  void write(u64 offset, u8 width, u64 value, const Inputs& inputs, Effects& effects);

  u32 harts = 0;
  u64 msip = 0;  // a bit for each hart
  u64 mtimecmp[max_harts] = {};
};
static_assert(Device<AclintState>);

}  // namespace vm::devices
