// SPDX-License-Identifier: Apache-2.0
// ACLINT SSWI: a write of 1 to setssip of a hart (offset 4*hart, width 4) sets that hart's SSIP. The registers read as 0.
// Source: RISC-V ACLINT specification 1.0-rc4, chapter 4.
#pragma once
#include "vm/devices/device.hpp"

namespace vm::devices {

struct SswiState {
  static constexpr bool uses_clock = false;

  struct Effects {
    bool set_ssip = false;  // of `hart`
    u32 hart = 0;
  };

  static SswiState make(u32 harts);

  static bool accepts(u64 offset, u8 width);
  static bool read_is_pure(u64, u8) { return true; }
  u64 read(u64, u8) const { return 0; }
  u64 read_effect(u64, u8, Effects&) { return 0; }
  void write(u64 offset, u8 width, u64 value, Effects& effects);

  u64 edges = 0;  // interrupts sent since the start
  u32 harts = 0;
};
static_assert(Device<SswiState>);

}  // namespace vm::devices
