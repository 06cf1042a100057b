// SPDX-License-Identifier: Apache-2.0
// ACLINT and SSWI registers, as the ACLINT specification 1.0-rc4 describes them.
#include "vm/devices/aclint.hpp"

#include <gtest/gtest.h>

#include "vm/devices/sswi.hpp"

namespace {

using vm::u64;
using vm::u8;
using vm::devices::AclintState;
using vm::devices::Inputs;
using vm::devices::SswiState;

constexpr Inputs at_time{.mtime_ticks = 0x1122'3344'5566'7788, .wall_nanoseconds = 0};

TEST(devices_aclint, msip_follows_bit_0_and_reports_each_change_once) {
  AclintState state = AclintState::make(4);
  for (vm::u32 hart = 0; hart < 4; ++hart) {
    AclintState::Effects up;
    state.write(4 * hart, 4, 0xffff'ffff, at_time, up);
    EXPECT_TRUE(up.software.changed && up.software.level);
    EXPECT_EQ(up.hart, hart);
    EXPECT_EQ(state.read(4 * hart, 4, at_time), 1u) << "only bit 0 exists";
    AclintState::Effects again;
    state.write(4 * hart, 4, 1, at_time, again);
    EXPECT_FALSE(again.software.changed);
    AclintState::Effects down;
    state.write(4 * hart, 4, 0xffff'fffe, at_time, down);
    EXPECT_TRUE(down.software.changed && !down.software.level);
    EXPECT_EQ(state.read(4 * hart, 4, at_time), 0u);
  }
}

TEST(devices_aclint, mtimecmp_is_written_whole_or_by_halves) {
  AclintState state = AclintState::make(64);
  EXPECT_EQ(state.read(AclintState::mtimecmp_offset, 8, at_time), ~u64{0}) << "no timer is pending at the start";
  struct Case {
    u64 offset;
    u8 width;
    u64 value, expected;
  };
  const u64 last = AclintState::mtimecmp_offset + 8 * 63;
  const Case cases[] = {
      {last, 8, 0x0123'4567'89ab'cdef, 0x0123'4567'89ab'cdef},
      {last, 4, 0xdddd'dddd'0000'0001, 0x0123'4567'0000'0001},
      {last + 4, 4, 0xeeee'eeee'8000'0000, 0x8000'0000'0000'0001},
  };
  for (const Case& c : cases) {
    AclintState::Effects effects;
    state.write(c.offset, c.width, c.value, at_time, effects);
    EXPECT_TRUE(effects.deadline_changed);
    EXPECT_EQ(effects.hart, 63u);
    EXPECT_EQ(effects.deadline, c.expected);
    EXPECT_EQ(state.read(last, 8, at_time), c.expected);
    EXPECT_EQ(state.read(last, 4, at_time), c.expected & 0xffff'ffff);
    EXPECT_EQ(state.read(last + 4, 4, at_time), c.expected >> 32);
  }
}

TEST(devices_aclint, mtime_reads_the_clock_and_sets_it) {
  AclintState state = AclintState::make(1);
  EXPECT_EQ(state.read(AclintState::mtime_offset, 8, at_time), 0x1122'3344'5566'7788u);
  EXPECT_EQ(state.read(AclintState::mtime_offset, 4, at_time), 0x5566'7788u);
  EXPECT_EQ(state.read(AclintState::mtime_offset + 4, 4, at_time), 0x1122'3344u);
  struct Case {
    u64 offset;
    u8 width;
    u64 value, expected;
  };
  for (const Case& c :
       {Case{0, 8, 77, 77}, Case{0, 4, 0xffff'ffff'0000'0009, 0x1122'3344'0000'0009}, Case{4, 4, 9, 0x0000'0009'5566'7788}}) {
    AclintState::Effects effects;
    state.write(AclintState::mtime_offset + c.offset, c.width, c.value, at_time, effects);
    EXPECT_TRUE(effects.clock_set);
    EXPECT_EQ(effects.clock_ticks, c.expected);
  }
}

TEST(devices_aclint, harts_that_do_not_exist_read_zero_and_ignore_writes) {
  AclintState state = AclintState::make(2);
  for (const u64 offset : {u64{8}, u64{4 * 63}, u64{4 * 64}, u64{0x3ffc}, AclintState::mtimecmp_offset + 16,
                           AclintState::mtimecmp_offset + 8 * 64, u64{0xbff0}, u64{0xfffc}}) {
    AclintState::Effects effects;
    state.write(offset, 4, ~u64{0}, at_time, effects);
    EXPECT_FALSE(effects.software.changed || effects.deadline_changed || effects.clock_set) << offset;
    EXPECT_EQ(state.read(offset, 4, at_time), 0u) << offset;
  }
}

TEST(devices_aclint, accepts_words_and_in_the_timer_part_doublewords) {
  EXPECT_TRUE(AclintState::accepts(0, 4));
  EXPECT_FALSE(AclintState::accepts(0, 8));
  EXPECT_FALSE(AclintState::accepts(0, 1));
  EXPECT_FALSE(AclintState::accepts(2, 4));
  EXPECT_TRUE(AclintState::accepts(0x4000, 8));
  EXPECT_TRUE(AclintState::accepts(0xbff8, 8));
  EXPECT_FALSE(AclintState::accepts(0xbffc, 8));
}

TEST(devices_sswi, a_one_sends_one_edge_to_one_hart) {
  SswiState state = SswiState::make(3);
  SswiState::Effects effects;
  state.write(8, 4, 1, effects);
  EXPECT_TRUE(effects.set_ssip);
  EXPECT_EQ(effects.hart, 2u);
  EXPECT_EQ(state.read(8, 4), 0u) << "setssip reads as 0";
  for (const u64 offset : {u64{8}, u64{12}, u64{0x3ffc}}) {
    SswiState::Effects none;
    state.write(offset, 4, offset == 8 ? 0 : 1, none);
    EXPECT_FALSE(none.set_ssip);
  }
  EXPECT_EQ(state.edges, 1u);
  EXPECT_FALSE(SswiState::accepts(0, 8));
}

}  // namespace
