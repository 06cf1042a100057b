// SPDX-License-Identifier: Apache-2.0
// The real-time clock and the finisher.
#include <gtest/gtest.h>

#include "vm/devices/goldfish_rtc.hpp"
#include "vm/devices/syscon.hpp"

namespace {

using vm::u32;
using vm::u64;
using vm::devices::Inputs;
using vm::devices::RtcState;
using vm::devices::SysconState;

constexpr u64 moment = 0x1711'2233'4455'6677;
Inputs at(u64 nanoseconds) { return {.mtime_ticks = 0, .wall_nanoseconds = nanoseconds}; }

u64 guest_time(RtcState& state, u64 wall) {
  RtcState::Effects effects;
  const u64 low = state.read_effect(0x00, 4, at(wall), effects);
  return low | state.read(0x04, 4, at(wall + 0x1'0000'0000)) << 32;  // later: the latch must hold
}

TEST(devices_rtc, reading_the_low_half_latches_the_high_half) {
  RtcState state;
  EXPECT_EQ(guest_time(state, moment), moment);
}

TEST(devices_rtc, setting_the_clock_moves_it_and_it_goes_on) {
  RtcState state;
  RtcState::Effects effects;
  state.write(0x04, 4, 5, at(moment), effects);
  state.write(0x00, 4, 7, at(moment), effects);
  EXPECT_EQ(guest_time(state, moment), (u64{5} << 32) + 7);
  EXPECT_EQ(guest_time(state, moment + 1000), (u64{5} << 32) + 1007);
}

TEST(devices_rtc, an_alarm_waits_for_its_time_and_its_enable) {
  RtcState state;
  RtcState::Effects armed;
  state.write(0x10, 4, 1, at(moment), armed);
  state.write(0x0c, 4, (moment + 500) >> 32, at(moment), armed);
  EXPECT_FALSE(armed.alarm_changed) << "the high half alone arms nothing";
  state.write(0x08, 4, (moment + 500) & 0xffff'ffff, at(moment), armed);
  EXPECT_TRUE(armed.alarm_changed && armed.alarm_armed);
  EXPECT_EQ(armed.alarm_at, moment + 500);
  EXPECT_EQ(state.read(0x18, 4, at(moment)), 1u);

  RtcState::Effects early;
  state.expire(at(moment + 499), early);
  EXPECT_FALSE(early.interrupt.changed);
  EXPECT_TRUE(early.alarm_armed) << "too early: asked for again";

  RtcState::Effects due;
  state.expire(at(moment + 500), due);
  EXPECT_TRUE(due.interrupt.changed && due.interrupt.level);
  EXPECT_FALSE(due.alarm_armed);
  EXPECT_EQ(state.read(0x18, 4, at(moment)), 0u);

  RtcState::Effects cleared;
  state.write(0x1c, 4, 1, at(moment), cleared);
  EXPECT_TRUE(cleared.interrupt.changed && !cleared.interrupt.level);
}

TEST(devices_rtc, an_alarm_in_the_past_goes_off_at_once_but_silently_when_not_enabled) {
  RtcState state;
  RtcState::Effects effects;
  state.write(0x08, 4, 1, at(moment), effects);
  EXPECT_FALSE(effects.interrupt.changed);
  state.write(0x10, 4, 1, at(moment), effects);
  EXPECT_TRUE(effects.interrupt.changed && effects.interrupt.level) << "enabling shows what is pending";
}

TEST(devices_rtc, an_alarm_follows_the_clock_and_can_be_cleared) {
  RtcState state;
  RtcState::Effects effects;
  state.write(0x04, 4, 0, at(moment), effects);
  state.write(0x00, 4, 1000, at(moment), effects);  // guest time 1000 is host time `moment`
  state.write(0x08, 4, 1500, at(moment), effects);
  EXPECT_EQ(effects.alarm_at, moment + 500) << "told in the host's scale";
  RtcState::Effects cleared;
  state.write(0x14, 4, 1, at(moment), cleared);
  EXPECT_TRUE(cleared.alarm_changed && !cleared.alarm_armed);
  state.expire(at(moment + 10'000), cleared);
  EXPECT_FALSE(cleared.interrupt.changed);
}

TEST(devices_syscon, values_end_or_restart_the_machine) {
  struct Case {
    u32 value;
    vm::u8 width;
    bool power_off, restart;
    u32 code;
  };
  const Case cases[] = {
      {0x5555, 4, true, false, 0},      {0xabcd'5555, 4, true, false, 0}, {0x3333, 4, true, false, 0},  {0x0007'3333, 4, true, false, 7},
      {0x0007'3333, 2, true, false, 0}, {0x7777, 4, false, true, 0},      {0x1234, 4, false, false, 0}, {0, 4, false, false, 0},
  };
  for (const Case& c : cases) {
    SysconState state;
    SysconState::Effects effects;
    state.write(0, c.width, c.value, effects);
    EXPECT_EQ(effects.power_off, c.power_off) << std::hex << c.value;
    EXPECT_EQ(effects.restart, c.restart) << std::hex << c.value;
    EXPECT_EQ(effects.code, c.code) << std::hex << c.value;
    SysconState::Effects elsewhere;
    state.write(4, 4, c.value, elsewhere);
    EXPECT_FALSE(elsewhere.power_off || elsewhere.restart);
    EXPECT_EQ(state.read(0, 4), 0u);
  }
  EXPECT_FALSE(SysconState::accepts(0, 8));
  EXPECT_FALSE(SysconState::accepts(0, 1));
}

}  // namespace
