// SPDX-License-Identifier: Apache-2.0
// PLIC registers and the life of one request, as the PLIC specification 1.0.0 describes them.
#include "vm/devices/plic.hpp"

#include <gtest/gtest.h>

namespace {

using vm::u32;
using vm::u64;
using vm::devices::PlicState;

constexpr u64 priority(u32 source) { return PlicState::priority_offset + 4 * source; }
constexpr u64 enable(u32 context, u32 word) { return PlicState::enable_offset + PlicState::enable_stride * context + 4 * word; }
constexpr u64 threshold(u32 context) { return PlicState::context_offset + PlicState::context_stride * context; }
constexpr u64 claim(u32 context) { return threshold(context) + 4; }
constexpr u32 machine_0 = 0, supervisor_0 = 1, supervisor_1 = 3;

// A PLIC whose accumulated effects are applied to the levels that the harts would see.
struct Bench {
  PlicState state = PlicState::make(2);
  u64 machine = 0, supervisor = 0;

  void apply(const PlicState::Effects& effects) {
    EXPECT_EQ(effects.machine.level & ~effects.machine.changed, 0u);
    EXPECT_EQ(effects.supervisor.level & ~effects.supervisor.changed, 0u);
    machine = (machine & ~effects.machine.changed) | effects.machine.level;
    supervisor = (supervisor & ~effects.supervisor.changed) | effects.supervisor.level;
  }
  void write(u64 offset, u64 value) {
    PlicState::Effects effects;
    state.write(offset, 4, value, effects);
    apply(effects);
  }
  u64 read(u64 offset) {
    PlicState::Effects effects;
    const u64 value = state.read_effect(offset, 4, effects);
    apply(effects);
    return value;
  }
  void level(u32 source, bool value) {
    PlicState::Effects effects;
    state.set_level(source, value, effects);
    apply(effects);
  }
  void open(u32 context, u32 source, u32 of_priority) {
    write(priority(source), of_priority);
    write(enable(context, source / 32), read(enable(context, source / 32)) | u32{1} << (source % 32));
  }
};

TEST(devices_plic, registers_keep_what_they_define) {
  struct Case {
    u64 offset, written, read;
  };
  const Case cases[] = {
      {priority(0), 7, 0},                        // source 0 does not exist
      {priority(1), 0xffff'ffff, 7},              // three bits
      {priority(95), 5, 5},                       //
      {priority(96), 7, 0},                       // behind the last source
      {PlicState::pending_offset, ~u64{0}, 0},    // read-only
      {enable(0, 0), 0xffff'ffff, 0xffff'fffe},   // source 0 cannot be enabled
      {enable(3, 2), 0xffff'ffff, 0xffff'ffff},   //
      {enable(3, 3), 0xffff'ffff, 0},             // sources 96..127 do not exist
      {enable(4, 1), 0xffff'ffff, 0},             // contexts of hart 2 do not exist
      {threshold(supervisor_1), 0xffff'fff9, 1},  // three bits
      {threshold(4), 7, 0},                       //
      {threshold(0) + 8, 7, 0},                   // reserved
      {PlicState::context_offset - 4, 7, 0},      //
      {0x5f'fffc, 7, 0},                          // the last word of the window
  };
  for (const Case& c : cases) {
    Bench bench;
    bench.write(c.offset, c.written);
    EXPECT_EQ(bench.read(c.offset), c.read) << std::hex << c.offset;
  }
}

TEST(devices_plic, a_request_lives_from_level_to_completion) {
  Bench bench;
  bench.open(supervisor_0, 10, 1);
  bench.level(10, true);
  EXPECT_EQ(bench.supervisor, 1u);
  EXPECT_EQ(bench.machine, 0u);
  EXPECT_EQ(bench.read(PlicState::pending_offset), u64{1} << 10);
  EXPECT_EQ(bench.read(claim(supervisor_0)), 10u);
  EXPECT_EQ(bench.supervisor, 0u) << "the claim takes the request away";
  EXPECT_EQ(bench.read(PlicState::pending_offset), 0u);
  EXPECT_EQ(bench.read(claim(supervisor_0)), 0u) << "and gives it once, though the level is still high";
  bench.write(claim(supervisor_0), 10);
  EXPECT_EQ(bench.supervisor, 1u) << "a level still high at completion asks again";
  EXPECT_EQ(bench.read(claim(supervisor_0)), 10u);
  bench.level(10, false);
  bench.write(claim(supervisor_0), 10);
  EXPECT_EQ(bench.supervisor, 0u);
  EXPECT_EQ(bench.read(claim(supervisor_0)), 0u);
}

TEST(devices_plic, a_request_outlives_its_level) {
  Bench bench;
  bench.open(machine_0, 3, 2);
  bench.level(3, true);
  bench.level(3, false);
  EXPECT_EQ(bench.machine, 1u) << "the gateway has forwarded it";
  EXPECT_EQ(bench.read(claim(machine_0)), 3u);
}

TEST(devices_plic, priorities_order_claims_and_ties_go_to_the_lowest_source) {
  Bench bench;
  for (const auto& [source, of_priority] : {std::pair{40u, 3u}, {41u, 7u}, {95u, 7u}, {1u, 1u}, {70u, 0u}})
    bench.open(machine_0, source, of_priority);
  for (const u32 source : {1u, 40u, 41u, 70u, 95u}) bench.level(source, true);
  for (const u32 expected : {41u, 95u, 40u, 1u, 0u}) EXPECT_EQ(bench.read(claim(machine_0)), expected);
}

TEST(devices_plic, the_threshold_masks_the_line_and_not_the_claim) {
  Bench bench;
  bench.open(supervisor_1, 5, 4);
  bench.write(threshold(supervisor_1), 4);
  bench.level(5, true);
  EXPECT_EQ(bench.supervisor, 0u) << "only a higher priority interrupts";
  bench.write(threshold(supervisor_1), 3);
  EXPECT_EQ(bench.supervisor, 2u);
  bench.write(threshold(supervisor_1), 7);
  EXPECT_EQ(bench.supervisor, 0u);
  EXPECT_EQ(bench.read(claim(supervisor_1)), 5u) << "claims ignore the threshold";
}

TEST(devices_plic, one_of_two_contexts_gets_a_request) {
  Bench bench;
  bench.open(supervisor_0, 8, 1);
  bench.open(supervisor_1, 8, 1);
  bench.level(8, true);
  EXPECT_EQ(bench.supervisor, 3u);
  EXPECT_EQ(bench.read(claim(supervisor_1)), 8u);
  EXPECT_EQ(bench.supervisor, 0u);
  EXPECT_EQ(bench.read(claim(supervisor_0)), 0u);
}

TEST(devices_plic, completion_of_what_is_not_enabled_or_not_claimed_is_ignored) {
  Bench bench;
  bench.open(supervisor_0, 8, 1);
  bench.level(8, true);
  bench.write(claim(supervisor_0), 8);
  EXPECT_EQ(bench.read(claim(supervisor_0)), 8u);
  bench.write(claim(supervisor_1), 8);  // not enabled there
  EXPECT_EQ(bench.supervisor, 0u);
  bench.write(claim(supervisor_0), 96);
  bench.write(claim(supervisor_0), 0xffff'ffff);
  EXPECT_EQ(bench.supervisor, 0u);
  bench.write(claim(supervisor_0), 8);
  EXPECT_EQ(bench.supervisor, 1u);
}

TEST(devices_plic, only_aligned_words_are_accepted) {
  EXPECT_TRUE(PlicState::accepts(claim(1), 4));
  for (const vm::u8 width : {1, 2, 8}) EXPECT_FALSE(PlicState::accepts(claim(1), width));
  EXPECT_FALSE(PlicState::accepts(2, 4));
  EXPECT_FALSE(PlicState::read_is_pure(claim(1), 4));
  EXPECT_TRUE(PlicState::read_is_pure(threshold(1), 4));
}

}  // namespace
