// SPDX-License-Identifier: Apache-2.0
// Goldfish real-time clock: nanoseconds since 1970, and one alarm.
//
//   offset | register
//   0x00   | TIME_LOW; a read latches TIME_HIGH. A write sets the clock's low half
//   0x04   | TIME_HIGH, as latched. A write sets the clock's high half
//   0x08   | ALARM_LOW; a write arms the alarm
//   0x0c   | ALARM_HIGH
//   0x10   | IRQ_ENABLED
//   0x14   | CLEAR_ALARM (write)
//   0x18   | ALARM_STATUS: 1 while armed
//   0x1c   | CLEAR_INTERRUPT (write)
//
// Source: Android goldfish, "GOLDFISH-VIRTUAL-HARDWARE"; QEMU 7.2 hw/rtc/goldfish_rtc.c for the order of effects.
#pragma once
#include "vm/devices/device.hpp"

namespace vm::devices {

struct RtcState {
  static constexpr bool uses_clock = true;

  struct Effects {
    LevelChange interrupt;
    bool alarm_changed = false;  // the machine's timer for expire(): set it to alarm_at, or, if not armed, drop it
    bool alarm_armed = false;
    u64 alarm_at = 0;  // in the scale of Inputs::wall_nanoseconds
  };

  static bool accepts(u64 offset, u8 width);
  static bool read_is_pure(u64 offset, u8 width);
  u64 read(u64 offset, u8 width, const Inputs& inputs) const;
  u64 read_effect(u64 offset, u8 width, const Inputs& inputs, Effects& effects);
  void write(u64 offset, u8 width, u64 value, const Inputs& inputs, Effects& effects);

  // The machine's timer went off. Too early is harmless: the alarm stays armed.
  void expire(const Inputs& inputs, Effects& effects);

  u64 adjustment = 0;  // guest time minus host time, nanoseconds modulo 2^64
  u64 alarm = 0;       // guest time
  u32 latched_high = 0;
  bool armed = false;
  bool interrupt_enabled = false;
  bool pending = false;
  bool interrupt_level = false;

 private:
  u64 now(const Inputs& inputs) const { return inputs.wall_nanoseconds + adjustment; }
  void update(Effects& effects);
  void arm(const Inputs& inputs, Effects& effects);
};
static_assert(Device<RtcState>);

}  // namespace vm::devices
