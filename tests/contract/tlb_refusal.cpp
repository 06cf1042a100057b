// SPDX-License-Identifier: Apache-2.0
// T3 in sequence: a fill whose walk began before an invalidation is refused when that covers its leaf, and only counted when it does not.
#include <gtest/gtest.h>

#include "tests/contract/tlb_leaves.hpp"

namespace tlb_test {
namespace {

constexpr Space space = space_of(sv57, 5, 0x100);
constexpr Vpn page{0x12'3456'789a};

TEST(tlb, a_walk_older_than_a_covering_invalidation_is_refused) {
  const Scope scopes[] = {everything(), one_page(page), one_asid(5), page_and_asid(page, 5)};
  for (const Scope& scope : scopes) {
    for (unsigned level = 0; level <= vm::max_leaf_level; ++level) {
      for (const bool global : {false, true}) {
        for (const u32 fencing : {0U, 1U}) {
          Attached tlb({.capacity = 64, .harts = 2});
          const Leaf leaf = leaf_of(space, page, level, 1, global);
          const Ticket walk = tlb.begin_walk(tlb.hart(0));
          tlb.fence(fencing, scope);
          const bool covered = !scope.asid || !global;
          EXPECT_EQ(tlb.put(0, walk, space, leaf), !covered) << "level " << level << " global " << global;
          EXPECT_EQ(tlb.find(0, space, page).has_value(), !covered);
          const vm::TlbStatistics statistics = tlb.statistics();
          EXPECT_EQ(statistics.refused, covered ? 1U : 0U);
          EXPECT_EQ(statistics.fills, covered ? 0U : 1U);
          EXPECT_EQ(statistics.over_invalidated, 0U);
        }
      }
    }
  }
}

TEST(tlb, a_refusal_does_not_wear_off) {
  Attached tlb({.capacity = 1024, .harts = 2});
  const Ticket walk = tlb.begin_walk(tlb.hart(0));
  tlb.fence(1, one_page(page));
  for (u64 i = 0; i < 2000; ++i) {
    if (i % 3 == 0) tlb.fence(1, one_page({i}));
    if (i % 3 == 1) tlb.fence(0, one_asid(static_cast<unsigned>(6 + i)));
    if (i % 3 == 2) (void)tlb.put(0, space, leaf_of(space, {i}, 0));
    if (i % 7 == 0) (void)tlb.fresh(tlb.hart(0));
    ASSERT_FALSE(tlb.put(0, walk, space, leaf_of(space, page, 0))) << "after " << i << " more operations";
    ASSERT_EQ(tlb.find(0, space, page), std::nullopt);
  }
}

TEST(tlb, a_walk_begun_after_the_invalidation_is_accepted) {
  Attached tlb({.capacity = 64, .harts = 2});
  for (u32 version = 0; version < 100; ++version) {
    tlb.fence(version % 2, version % 3 == 0 ? everything() : one_page(page));
    const Ticket walk = tlb.begin_walk(tlb.hart(0));
    ASSERT_TRUE(tlb.put(0, walk, space, leaf_of(space, page, 0, version)));
    ASSERT_EQ(tlb.find(0, space, page), leaf_of(space, page, 0, version));
  }
  EXPECT_EQ(tlb.statistics().refused, 0U);
}

TEST(tlb, an_invalidation_elsewhere_does_not_refuse) {
  const Scope elsewhere[] = {one_page({page.value + 1}), one_asid(6), page_and_asid(page, 6), page_and_asid({page.value + 1}, 5)};
  for (const Scope& scope : elsewhere) {
    Attached tlb({.capacity = 1024, .harts = 2});
    const Ticket walk = tlb.begin_walk(tlb.hart(0));
    tlb.fence(1, scope);
    EXPECT_TRUE(tlb.put(0, walk, space, leaf_of(space, page, 0)));
    EXPECT_EQ(tlb.find(0, space, page), leaf_of(space, page, 0));
    EXPECT_EQ(tlb.statistics().over_invalidated, 0U);
  }
}

// A variant forgets old scopes, never old invalidations: what it then refuses in excess it counts (T6).
TEST(tlb, refusals_beyond_the_scope_are_counted) {
  Attached tlb({.capacity = 1024, .harts = 2});
  const Ticket walk = tlb.begin_walk(tlb.hart(0));
  for (unsigned i = 0; i < 1000; ++i) tlb.fence(1, one_asid(100 + i));
  u64 refused = 0;
  for (u64 i = 0; i < 50; ++i) refused += tlb.put(0, walk, space, leaf_of(space, {i}, 0)) ? 0 : 1;
  EXPECT_EQ(tlb.statistics().refused, refused);
  EXPECT_EQ(tlb.statistics().over_invalidated, refused);
}

}  // namespace
}  // namespace tlb_test
