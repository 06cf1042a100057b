// SPDX-License-Identifier: Apache-2.0
// The finisher: one 32-bit register at offset 0 that ends or restarts the machine.
//
//   low 16 bits | meaning
//   0x5555      | power off with code 0
//   0x3333      | power off with the code in the high 16 bits
//   0x7777      | restart
//
// Source: SiFive test finisher; QEMU 7.2 hw/misc/sifive_test.c.
#pragma once
#include "vm/devices/device.hpp"

namespace vm::devices {

struct SysconState {
  static constexpr bool uses_clock = false;

  struct Effects {
    bool power_off = false;
    bool restart = false;
    u16 code = 0;  // of power_off
  };

  static bool accepts(u64 offset, u8 width);
  static bool read_is_pure(u64, u8) { return true; }
  u64 read(u64, u8) const { return 0; }
  u64 read_effect(u64, u8, Effects&) { return 0; }
  void write(u64 offset, u8 width, u64 value, Effects& effects);

  u32 last = 0;  // the last value that took effect
};
static_assert(Device<SysconState>);

}  // namespace vm::devices
