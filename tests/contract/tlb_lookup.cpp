// SPDX-License-Identifier: Apache-2.0
// T1: what a lookup may return, by space, page, leaf size and ticket.
#include <gtest/gtest.h>

#include "tests/contract/tlb_leaves.hpp"

namespace tlb_test {
namespace {

constexpr Space space = space_of(sv39, 1, 0x80100);
constexpr Space same_asid = space_of(sv39, 1, 0x80200);
constexpr Space same_root = space_of(sv39, 2, 0x80100);
constexpr Space other_mode = space_of(sv48, 1, 0x80100);
constexpr Vpn page{0x12'3456'789a};
constexpr Vpn kernel_page{0xf'ffff'ffc0'0123};  // sign extended, 52 bits

TEST(tlb, starts_empty) {
  Attached tlb({.capacity = 64, .harts = 1});
  for (const Vpn p : {Vpn{0}, page, kernel_page}) EXPECT_EQ(tlb.find(0, space, p), std::nullopt);
}

TEST(tlb, returns_the_leaf_for_every_page_it_contains) {
  for (const Vpn p : {Vpn{0}, page, kernel_page}) {
    for (unsigned level = 0; level <= vm::max_leaf_level; ++level) {
      Attached tlb({.capacity = 64, .harts = 1});
      const Leaf leaf = leaf_of(space, p, level, 7);
      ASSERT_TRUE(tlb.put(0, space, leaf));
      const u64 first = leaf.first.value, last = first + leaf.pages() - 1;
      for (const u64 inside : {first, first + leaf.pages() / 2, p.value, last})
        EXPECT_EQ(tlb.find(0, space, {inside}), leaf) << "level " << level;
      EXPECT_EQ(tlb.find(0, space, {first - 1}), std::nullopt) << "level " << level;
      EXPECT_EQ(tlb.find(0, space, {last + 1}), std::nullopt) << "level " << level;
    }
  }
}

TEST(tlb, never_crosses_spaces) {
  for (const bool global : {false, true}) {
    Attached tlb({.capacity = 64, .harts = 1});
    ASSERT_TRUE(tlb.put(0, space, leaf_of(space, page, 0, 1, global)));
    for (const Space other : {same_asid, same_root, other_mode}) EXPECT_EQ(tlb.find(0, other, page), std::nullopt);
    for (const Space other : {same_asid, same_root, other_mode}) ASSERT_TRUE(tlb.put(0, other, leaf_of(other, page, 0, 2, global)));
    for (const Space each : {space, same_asid, same_root, other_mode}) {
      const auto found = tlb.find(0, each, page);
      ASSERT_TRUE(found);
      EXPECT_TRUE(untorn(each, *found));
    }
  }
}

TEST(tlb, leaves_of_all_sizes_live_side_by_side) {
  Attached tlb({.capacity = 64, .harts = 1});
  for (unsigned level = 0; level <= vm::max_leaf_level; ++level) {
    const Vpn p{(u64{level} + 1) << 40 | 0x5};
    ASSERT_TRUE(tlb.put(0, space, leaf_of(space, p, level)));
  }
  for (unsigned level = 0; level <= vm::max_leaf_level; ++level) {
    const Vpn p{(u64{level} + 1) << 40 | 0x5};
    EXPECT_EQ(tlb.find(0, space, p), leaf_of(space, p, level));
  }
}

// A page may be cached through a leaf and through a larger one at once; either may answer, and the fence of the page takes both.
TEST(tlb, nested_leaves_answer_and_die_together) {
  Attached tlb({.capacity = 64, .harts = 1});
  for (unsigned level = 0; level <= vm::max_leaf_level; ++level) ASSERT_TRUE(tlb.put(0, space, leaf_of(space, page, level)));
  const auto found = tlb.find(0, space, page);
  ASSERT_TRUE(found);
  EXPECT_TRUE(untorn(space, *found) && found->contains(page));
  tlb.fence(0, one_page(page));
  EXPECT_EQ(tlb.find(0, space, page), std::nullopt);
}

TEST(tlb, since_hides_older_walks) {
  for (const bool global : {false, true}) {
    Attached tlb({.capacity = 64, .harts = 1});
    const Ticket before = tlb.fresh(tlb.hart(0));
    const Leaf leaf = leaf_of(space, page, 1, 1, global);
    ASSERT_TRUE(tlb.put(0, space, leaf));
    EXPECT_EQ(tlb.find(0, space, page, before), leaf);
    const Ticket after = tlb.fresh(tlb.hart(0));
    EXPECT_GT(after, before);
    EXPECT_EQ(tlb.find(0, space, page, after), std::nullopt);
    EXPECT_EQ(tlb.find(0, space, page, before), leaf) << "a lookup with an old ticket is not disturbed";
  }
}

TEST(tlb, a_walk_under_way_at_fresh_is_too_old) {
  Attached tlb({.capacity = 64, .harts = 1});
  const Ticket walk = tlb.begin_walk(tlb.hart(0));
  const Ticket since = tlb.fresh(tlb.hart(0));
  EXPECT_TRUE(tlb.put(0, walk, space, leaf_of(space, page, 0))) << "fresh invalidates nothing";
  EXPECT_EQ(tlb.find(0, space, page, since), std::nullopt);
  EXPECT_EQ(tlb.find(0, space, page), leaf_of(space, page, 0));
}

// The leaf that another hart filled is too old for this one: it walks anew, and its leaf takes the place of the older.
TEST(tlb, a_refill_replaces_the_older_leaf) {
  Attached tlb({.capacity = 64, .harts = 2});
  ASSERT_TRUE(tlb.put(1, space, leaf_of(space, page, 0, 1)));
  const Ticket since = tlb.fresh(tlb.hart(0));
  ASSERT_EQ(tlb.find(0, space, page, since), std::nullopt);
  ASSERT_TRUE(tlb.put(0, space, leaf_of(space, page, 0, 2)));
  EXPECT_EQ(tlb.find(0, space, page, since), leaf_of(space, page, 0, 2));
}

TEST(tlb, an_older_walk_does_not_replace_a_newer_leaf) {
  Attached tlb({.capacity = 64, .harts = 1});
  const Ticket old_walk = tlb.begin_walk(tlb.hart(0));
  const Ticket since = tlb.fresh(tlb.hart(0));
  ASSERT_TRUE(tlb.put(0, space, leaf_of(space, page, 0, 2)));
  EXPECT_TRUE(tlb.put(0, old_walk, space, leaf_of(space, page, 0, 1)));
  EXPECT_EQ(tlb.find(0, space, page, since), leaf_of(space, page, 0, 2));
  EXPECT_EQ(tlb.find(0, space, page), leaf_of(space, page, 0, 2));
}

TEST(tlb, the_later_of_two_equal_walks_wins) {
  Attached tlb({.capacity = 64, .harts = 1});
  const Ticket walk = tlb.begin_walk(tlb.hart(0));
  ASSERT_TRUE(tlb.put(0, walk, space, leaf_of(space, page, 0, 1)));
  ASSERT_TRUE(tlb.put(0, walk, space, leaf_of(space, page, 0, 2)));  // as after setting the D bit
  EXPECT_EQ(tlb.find(0, space, page), leaf_of(space, page, 0, 2));
}

TEST(tlb, a_waiting_hart_disturbs_nobody) {
  Attached tlb({.capacity = 64, .harts = 3});
  ASSERT_TRUE(tlb.put(0, space, leaf_of(space, page, 0)));
  tlb.idle(tlb.hart(0));
  for (u32 i = 0; i < 1000; ++i) {
    ASSERT_TRUE(tlb.put(1, same_asid, leaf_of(same_asid, {i}, 0)));
    if (i % 100 == 0) tlb.fence(2, one_asid(9));
    tlb.quiescent(tlb.hart(1));
  }
  tlb.fence(1, one_page(page));
  tlb.busy(tlb.hart(0));
  EXPECT_EQ(tlb.find(0, space, page), std::nullopt) << "an idle hart misses no invalidation";
}

TEST(tlb, a_thread_may_attach_twice) {
  Attached tlb({.capacity = 64, .harts = 1});
  tlb.attach();
  ASSERT_TRUE(tlb.put(0, space, leaf_of(space, page, 0)));
  tlb.detach();
  EXPECT_EQ(tlb.find(0, space, page), leaf_of(space, page, 0));
}

}  // namespace
}  // namespace tlb_test
