// SPDX-License-Identifier: Apache-2.0
// T2 and T6 in sequence: what each of the four forms of sfence.vma removes, and what it leaves.
#include <gtest/gtest.h>

#include <vector>

#include "tests/contract/tlb_leaves.hpp"

namespace tlb_test {
namespace {

constexpr Vpn page{0x12'3456'789a};

struct Form {
  const char* name;
  bool page, asid;
};
constexpr Form forms[] = {{"all", false, false}, {"page", true, false}, {"asid", false, true}, {"page and asid", true, true}};

// Every form x leaf level x global x ASID equal or not x page inside or outside, against Scope::covers written out once more, by the
// manual.
TEST(tlb, each_scope_removes_its_leaves_and_no_others) {
  const Space spaces[] = {space_of(sv57, 5, 0x100), space_of(sv57, 5, 0x200), space_of(sv39, 6, 0x100), space_of(sv48, 0x8005, 0x300)};
  for (const Form& form : forms) {
    for (unsigned fenced_level = 0; fenced_level <= vm::max_leaf_level; ++fenced_level) {
      for (const bool inside : {true, false}) {
        for (const u32 fencing_hart : {0U, 1U}) {
          Attached tlb({.capacity = 4096, .harts = 2});
          struct Cached {
            Space space;
            Leaf leaf;
          };
          std::vector<Cached> cached;
          for (const Space space : spaces) {
            for (unsigned level = 0; level <= vm::max_leaf_level; ++level) {
              for (const bool global : {false, true}) {
                // Leaves of different levels and kinds do not overlap.
                const Vpn p{page.value + (u64{level * 2 + global + 1} << 38)};
                cached.push_back({space, leaf_of(space, p, level, 1, global)});
                ASSERT_TRUE(tlb.put(0, space, cached.back().leaf));
              }
            }
          }
          const Leaf target = leaf_of(spaces[0], {page.value + (u64{fenced_level * 2 + 1} << 38)}, fenced_level);
          const Vpn fenced{inside ? target.first.value + target.pages() - 1 : target.first.value + target.pages()};
          Scope scope;
          if (form.page) scope.page = fenced;
          if (form.asid) scope.asid = Asid{5};
          tlb.fence(fencing_hart, scope);

          u64 removed = 0;
          for (const Cached& each : cached) {
            const bool by_page =
                !form.page || (fenced.value >= each.leaf.first.value && fenced.value <= each.leaf.first.value + each.leaf.pages() - 1);
            const bool by_asid = !form.asid || ((each.space.satp >> 44 & 0xffff) == 5 && (each.leaf.pte & 0x20) == 0);
            const auto found = tlb.find(0, each.space, each.leaf.first);
            if (by_page && by_asid) {
              EXPECT_EQ(found, std::nullopt) << form.name << " level " << unsigned{each.leaf.level};
              ++removed;
            } else {
              EXPECT_EQ(found, each.leaf) << form.name << " level " << unsigned{each.leaf.level};
            }
          }
          EXPECT_EQ(tlb.statistics().removed, removed);
          EXPECT_EQ(tlb.statistics().over_invalidated, 0U);
          EXPECT_EQ(tlb.statistics().evictions, 0U);
        }
      }
    }
  }
}

TEST(tlb, a_superpage_dies_by_any_of_its_addresses) {
  Attached tlb({.capacity = 64, .harts = 1});
  const Space space = space_of(sv57, 3, 0x100);
  for (unsigned level = 0; level <= vm::max_leaf_level; ++level) {
    const Leaf leaf = leaf_of(space, page, level);
    for (const u64 offset : {u64{0}, leaf.pages() / 3, leaf.pages() - 1}) {
      ASSERT_TRUE(tlb.put(0, space, leaf));
      ASSERT_EQ(tlb.find(0, space, page), leaf);
      tlb.fence(0, one_page({leaf.first.value + offset}));
      EXPECT_EQ(tlb.find(0, space, page), std::nullopt) << "level " << level << " offset " << offset;
    }
  }
}

TEST(tlb, an_asid_scope_covers_every_space_with_that_asid) {
  Attached tlb({.capacity = 4096, .harts = 1});
  for (u64 root = 1; root <= 20; ++root) ASSERT_TRUE(tlb.put(0, space_of(sv39, 5, root), leaf_of(space_of(sv39, 5, root), page, 0)));
  tlb.fence(0, page_and_asid(page, 5));
  for (u64 root = 1; root <= 20; ++root) EXPECT_EQ(tlb.find(0, space_of(sv39, 5, root), page), std::nullopt);
}

// A page scope names no ASID: it must find the leaves of all.
TEST(tlb, a_page_scope_reaches_every_asid) {
  for (unsigned level = 0; level <= vm::max_leaf_level; ++level) {
    Attached tlb({.capacity = 4096, .harts = 2});
    const Leaf leaf = leaf_of({}, page, level);
    const unsigned asids[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 31, 64, 255, 256, 0x7fff, 0x8000, 0xffff};
    const Ticket walk = tlb.begin_walk(tlb.hart(0));
    for (const unsigned asid : asids)
      ASSERT_TRUE(tlb.put(0, space_of(sv57, asid, 0x100), leaf_of(space_of(sv57, asid, 0x100), page, level)));
    for (const unsigned asid : asids) ASSERT_TRUE(tlb.find(0, space_of(sv57, asid, 0x100), page)) << "ASID " << asid;
    tlb.fence(1, one_page({leaf.first.value + leaf.pages() - 1}));
    for (const unsigned asid : asids) EXPECT_EQ(tlb.find(0, space_of(sv57, asid, 0x100), page), std::nullopt) << "ASID " << asid;
    for (const unsigned asid : asids) EXPECT_FALSE(tlb.put(0, walk, space_of(sv57, asid, 0x100), leaf)) << "ASID " << asid;
  }
}

TEST(tlb, the_invalidation_of_one_hart_reaches_all) {
  constexpr u32 harts = 8;
  Attached tlb({.capacity = 1024, .harts = harts});
  const Space space = space_of(sv39, 3, 0x100);
  for (u32 fencing = 0; fencing < harts; ++fencing) {
    for (u32 h = 0; h < harts; ++h) ASSERT_TRUE(tlb.put(h, space, leaf_of(space, {page.value + h}, 0)));
    tlb.fence(fencing, one_asid(3));
    for (u32 h = 0; h < harts; ++h) EXPECT_EQ(tlb.find(h, space, {page.value + h}), std::nullopt) << "hart " << h;
  }
}

// A burst that no inbox or log holds entirely, while one hart sleeps.
TEST(tlb, a_burst_of_invalidations_is_not_lost) {
  Attached tlb({.capacity = 1024, .harts = 2});
  const Space space = space_of(sv39, 3, 0x100);
  constexpr u64 burst = 300;
  for (u64 i = 0; i < burst; ++i) ASSERT_TRUE(tlb.put(0, space, leaf_of(space, {i}, 0)));
  for (u64 i = 0; i < burst; ++i) tlb.fence(1, one_page({i}));
  for (u64 i = 0; i < burst; ++i) EXPECT_EQ(tlb.find(0, space, {i}), std::nullopt) << "page " << i;
}

TEST(tlb, each_refill_is_found_and_then_invalidated) {
  Attached tlb({.capacity = 64, .harts = 1});
  const Space space = space_of(sv39, 3, 0x100);
  for (u32 version = 1; version < 200; ++version) {
    ASSERT_TRUE(tlb.put(0, space, leaf_of(space, page, 0, version)));
    ASSERT_EQ(tlb.find(0, space, page), leaf_of(space, page, 0, version));
    tlb.fence(0, version % 2 == 0 ? page_and_asid(page, 3) : one_asid(3));
    ASSERT_EQ(tlb.find(0, space, page), std::nullopt);
  }
}

}  // namespace
}  // namespace tlb_test
