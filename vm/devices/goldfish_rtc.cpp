// SPDX-License-Identifier: Apache-2.0
// Guest time is host time plus an adjustment; the alarm is kept in guest time and told to the machine in host time.
#include "vm/devices/goldfish_rtc.hpp"

namespace vm::devices {
namespace {

enum Register : u64 {
  time_low = 0x00,
  time_high = 0x04,
  alarm_low = 0x08,
  alarm_high = 0x0c,
  irq_enabled = 0x10,
  clear_alarm = 0x14,
  alarm_status = 0x18,
  clear_interrupt = 0x1c,
};

u64 with_low(u64 whole, u64 value) { return (whole & ~u64{0xffff'ffff}) | (value & 0xffff'ffff); }
u64 with_high(u64 whole, u64 value) { return (whole & 0xffff'ffff) | value << 32; }

}  // namespace

bool RtcState::accepts(u64 offset, u8 width) { return width == 4 && aligned(offset, width); }
bool RtcState::read_is_pure(u64 offset, u8) { return offset != time_low; }

u64 RtcState::read(u64 offset, u8, const Inputs&) const {
  switch (offset) {
    case time_high: return latched_high;
    case alarm_low: return alarm & 0xffff'ffff;
    case alarm_high: return alarm >> 32;
    case irq_enabled: return interrupt_enabled;
    case alarm_status: return armed;
    default: return 0;
  }
}

u64 RtcState::read_effect(u64 offset, u8 width, const Inputs& inputs, Effects&) {
  if (offset != time_low) return read(offset, width, inputs);
  const u64 time = now(inputs);
  latched_high = static_cast<u32>(time >> 32);
  return time & 0xffff'ffff;
}

void RtcState::write(u64 offset, u8, u64 value, const Inputs& inputs, Effects& effects) {
  switch (offset) {
    case time_low: adjustment = with_low(now(inputs), value) - inputs.wall_nanoseconds; break;
    case time_high: adjustment = with_high(now(inputs), value) - inputs.wall_nanoseconds; break;
    case alarm_low:
      alarm = with_low(alarm, value);
      armed = true;
      break;
    case alarm_high: alarm = with_high(alarm, value); return;  // takes effect with ALARM_LOW
    case irq_enabled: interrupt_enabled = (value & 1) != 0; break;
    case clear_alarm: armed = false; break;
    case clear_interrupt: pending = false; break;
    default: return;
  }
  const bool reschedule = offset == time_low || offset == time_high || offset == alarm_low || offset == clear_alarm;
  if (reschedule) arm(inputs, effects);
  update(effects);
}

void RtcState::expire(const Inputs& inputs, Effects& effects) {
  arm(inputs, effects);
  update(effects);
}

// An alarm that is due goes off; one that is not asks for the machine's timer.
void RtcState::arm(const Inputs& inputs, Effects& effects) {
  if (armed && alarm <= now(inputs)) {
    armed = false;
    pending = true;
  }
  effects.alarm_changed = true;
  effects.alarm_armed = armed;
  effects.alarm_at = alarm - adjustment;
}

void RtcState::update(Effects& effects) {
  const bool level = pending && interrupt_enabled;
  if (level == interrupt_level) return;
  interrupt_level = level;
  effects.interrupt.set(level);
}

}  // namespace vm::devices
