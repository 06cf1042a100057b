// SPDX-License-Identifier: Apache-2.0
// T4 and T5: the bound on leaves, evictions and the statistics; progress is declared.
#include <gtest/gtest.h>

#include <string_view>

#include "tests/contract/tlb_leaves.hpp"

namespace tlb_test {
namespace {

constexpr Space space = space_of(sv39, 5, 0x100);

TEST(tlb, holds_no_more_than_its_capacity) {
  for (const u32 capacity : {1U, 2U, 8U, 64U, 1024U}) {
    Attached tlb({.capacity = capacity, .harts = 1});
    const u64 pages = u64{capacity} * 4;
    for (u64 i = 0; i < pages; ++i) ASSERT_TRUE(tlb.put(0, space, leaf_of(space, {i}, 0)));
    const vm::TlbStatistics filled = tlb.statistics();
    u64 held = 0;
    for (u64 i = 0; i < pages; ++i) held += tlb.find(0, space, {i}).has_value() ? 1 : 0;
    EXPECT_LE(held, capacity);
    EXPECT_GE(held * 4, capacity * 3) << "the room is used";
    EXPECT_EQ(filled.fills, pages);
    EXPECT_EQ(filled.evictions, pages - held) << "each leaf that went for lack of room was counted";
    EXPECT_EQ(filled.removed, 0U);
  }
}

TEST(tlb, the_newest_leaf_stays_when_room_is_short) {
  for (const u32 capacity : {1U, 16U, 256U}) {
    Attached tlb({.capacity = capacity, .harts = 1});
    Random random(capacity);
    for (u64 i = 0; i < 4096; ++i) {
      const unsigned level = static_cast<unsigned>(random.below(vm::max_leaf_level + 1));
      const Vpn p{random.next() >> 16};
      ASSERT_TRUE(tlb.put(0, space, leaf_of(space, p, level)));
      ASSERT_TRUE(tlb.find(0, space, p)) << "level " << level;
    }
  }
}

TEST(tlb, a_quarter_of_the_capacity_is_kept_without_fail) {
  Attached tlb({.capacity = 4096, .harts = 1});
  u64 hits = 0;
  for (u64 i = 0; i < 1024; ++i) ASSERT_TRUE(tlb.put(0, space, leaf_of(space, {0x10000 + i}, 0)));
  for (u64 i = 0; i < 1024; ++i) hits += tlb.find(0, space, {0x10000 + i}).has_value() ? 1 : 0;
  EXPECT_EQ(hits + tlb.statistics().evictions, 1024U);
  EXPECT_GE(hits, 1014U) << "conflicts cost at most one leaf in a hundred at a quarter of the capacity";
}

// Superpages come and go: a level that is no longer cached costs no probe, and one that comes back is found.
TEST(tlb, levels_come_and_go) {
  Attached tlb({.capacity = 64, .harts = 1});
  for (unsigned round = 0; round < 50; ++round) {
    const unsigned level = round % (vm::max_leaf_level + 1);
    const Vpn p{u64{round} << 37 | 0x77};
    ASSERT_TRUE(tlb.put(0, space, leaf_of(space, p, level)));
    ASSERT_TRUE(tlb.put(0, space, leaf_of(space, p, level, 1)));  // again: still one leaf
    ASSERT_EQ(tlb.find(0, space, p), leaf_of(space, p, level, 1));
    tlb.fence(0, round % 2 == 0 ? one_page(p) : everything());
    ASSERT_EQ(tlb.find(0, space, p), std::nullopt);
  }
  EXPECT_EQ(tlb.statistics().removed, 50U);
}

TEST(tlb, counts_what_happened) {
  Attached tlb({.capacity = 64, .harts = 2});
  for (u64 i = 0; i < 4; ++i) ASSERT_TRUE(tlb.put(0, space, leaf_of(space, {i}, 0)));
  for (u64 i = 0; i < 10; ++i) (void)tlb.find(0, space, {i});
  tlb.fence(0, one_page({77}));
  const Ticket walk = tlb.begin_walk(tlb.hart(0));
  tlb.fence(0, one_page({2}));
  EXPECT_FALSE(tlb.put(0, walk, space, leaf_of(space, {2}, 0)));
  (void)tlb.find(1, space, {99});
  const vm::TlbStatistics s = tlb.statistics();
  EXPECT_EQ(s.lookups, 11U);
  EXPECT_EQ(s.hits, 4U);
  EXPECT_EQ(s.fills, 4U);
  EXPECT_EQ(s.refused, 1U);
  EXPECT_EQ(s.invalidates, 2U);
  EXPECT_EQ(s.removed, 1U);
  EXPECT_EQ(s.over_invalidated, 0U);
  EXPECT_EQ(s.evictions, 0U);
}

TEST(tlb, declares_its_progress) {
  EXPECT_NE(std::string_view(vm::name(Tlb::lookup_progress)), "unknown");
  EXPECT_NE(std::string_view(vm::name(Tlb::fill_progress)), "unknown");
}

}  // namespace
}  // namespace tlb_test
