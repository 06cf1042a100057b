// SPDX-License-Identifier: Apache-2.0
// T1-T6 against the reference model: random operations of several harts over a few spaces and overlapping pages of every size.
#include <gtest/gtest.h>

#include <array>

#include "tests/contract/tlb_leaves.hpp"
#include "tests/contract/tlb_model.hpp"

namespace tlb_test {
namespace {

constexpr Space spaces[] = {space_of(sv57, 5, 0x100), space_of(sv57, 5, 0x200), space_of(sv39, 6, 0x100), space_of(sv48, 13, 0x300)};
constexpr u32 harts = 3;

struct Totals {
  u64 lookups = 0, hits = 0, fills = 0, refused = 0, over_refused = 0, invalidates = 0;
};

struct Walk {
  Ticket ticket;
  u64 step = 0;
};

class Run {
 public:
  Run(u64 seed, u32 capacity) : random_(seed), tlb_({.capacity = capacity, .harts = harts}) {
    for (u32 h = 0; h < harts; ++h) {
      for (Walk& walk : walks_[h]) walk = begin_walk(h);
    }
  }

  void operate(u64 operations) {
    for (u64 i = 0; i < operations && !testing::Test::HasFailure(); ++i) {
      const u32 hart = static_cast<u32>(random_.below(harts));
      switch (random_.below(16)) {
        case 0: since_[hart] = {tlb_.fresh(tlb_.hart(hart)), model_.step()}; break;
        case 1: since_[hart] = {}; break;
        case 2: invalidate(hart); break;
        case 3:
        case 4: walks_[hart][random_.below(2)] = begin_walk(hart); break;
        case 5: fill(hart, walks_[hart][random_.below(2)]); break;
        case 6:
        case 7:
        case 8: fill(hart, begin_walk(hart)); break;
        case 9: tlb_.quiescent(tlb_.hart(hart)); break;
        default: lookup(hart); break;
      }
      const vm::TlbStatistics now = tlb_.statistics();
      if (now.over_invalidated > totals_.over_refused) {
        totals_.over_refused = now.over_invalidated;
        model_.forget_what_must_hit();
      }
    }
    const vm::TlbStatistics s = tlb_.statistics();
    EXPECT_EQ(s.lookups, totals_.lookups);
    EXPECT_EQ(s.hits, totals_.hits);
    EXPECT_EQ(s.fills, totals_.fills);
    EXPECT_EQ(s.refused, totals_.refused);
    EXPECT_EQ(s.invalidates, totals_.invalidates);
    EXPECT_LE(s.removed + s.evictions, s.fills);
    EXPECT_GT(s.hits, s.lookups / 50) << "a layer that hits nothing shows nothing";
  }

 private:
  Walk begin_walk(u32 hart) {
    const Ticket ticket = tlb_.begin_walk(tlb_.hart(hart));
    return {ticket, model_.step()};
  }

  Space space() { return spaces[random_.below(std::size(spaces))]; }
  // Few enough that leaves of all sizes overlap, with both ends of a leaf, and the upper half.
  Vpn page() {
    u64 p = 0;
    for (unsigned level = 1; level <= vm::max_leaf_level; ++level) p |= (random_.one_in(3) ? random_.below(2) * 511 : 0) << (9 * level);
    p |= random_.one_in(2) ? random_.below(4) : 511 - random_.below(4);
    return {random_.one_in(4) ? (p | ~u64{0} << 45) & ((u64{1} << 52) - 1) : p};
  }
  Leaf leaf(Space in, unsigned level) {
    const Vpn p = page();
    // The same leaf is always global or never: a guest that changes its mind between two fences gets either.
    return leaf_of(in, p, level, ++version_, mixed(signature(in, first_page(p, level), level)) % 4 == 0);
  }

  void invalidate(u32 hart) {
    Scope scope;
    if (random_.one_in(8) || !random_.one_in(3)) scope.page = page();
    if (!random_.one_in(3)) scope.asid = spaces[random_.below(std::size(spaces))].asid();
    if (!scope.page && !random_.one_in(4)) scope.page = page();
    tlb_.fence(hart, scope);
    model_.invalidated(scope);
    ++totals_.invalidates;
  }

  void fill(u32 hart, const Walk& walk) {
    const Space in = space();
    const Leaf stored = leaf(in, random_.one_in(2) ? 0 : static_cast<unsigned>(random_.below(vm::max_leaf_level + 1)));
    const u64 over = tlb_.statistics().over_invalidated;
    const bool covered = model_.must_refuse(walk.step, in, stored);
    const bool accepted = tlb_.put(hart, walk.ticket, in, stored);
    ++(accepted ? totals_.fills : totals_.refused);
    if (accepted) {
      EXPECT_FALSE(covered) << "T3: a fill was accepted though an invalidation that began after its walk covers it";
      model_.filled(hart, walk.step, in, stored);
      return;
    }
    if (covered) return;
    EXPECT_GT(tlb_.statistics().over_invalidated, over) << "T6: a fill that nothing covers was refused, and not counted";
    ++totals_.over_refused;
  }

  void lookup(u32 hart) {
    const Space in = space();
    const Vpn p = page();
    const auto found = tlb_.find(hart, in, p, since_[hart].ticket);
    ++totals_.lookups;
    if (!found) {
      EXPECT_FALSE(model_.must_hit(hart, since_[hart].step, in, p) && tlb_.statistics().evictions == 0 &&
                   tlb_.statistics().over_invalidated == totals_.over_refused)
          << "T6: a leaf outside every scope has gone, and nothing was evicted; page " << std::hex << p.value;
      return;
    }
    ++totals_.hits;
    EXPECT_TRUE(untorn(in, *found)) << "T1: torn, or another leaf's; page " << std::hex << p.value;
    EXPECT_TRUE(found->contains(p)) << "T1: does not contain page " << std::hex << p.value;
    EXPECT_TRUE(model_.may_return(since_[hart].step, in, p, *found))
        << "T1, T2: a leaf too old, or never filled; version " << version_of(*found);
  }

  Random random_;
  Attached tlb_;
  TlbModel model_;
  Totals totals_;
  std::array<Walk, harts> since_{};
  std::array<std::array<Walk, 2>, harts> walks_{};
  u32 version_ = 0;
};

void random_runs(u32 capacity, u64 runs, u64 operations) {
  const auto only = replayed_seed();
  for (u64 seed = only.value_or(1); seed < only.value_or(1) + (only ? 1 : scaled(runs)); ++seed) {
    Run(seed, capacity).operate(operations);
    ASSERT_FALSE(testing::Test::HasFailure()) << replay(seed);
  }
}

TEST(tlb, agrees_with_the_model) { random_runs(4096, 100, 3000); }
TEST(tlb, agrees_with_the_model_when_room_is_short) { random_runs(32, 100, 3000); }

}  // namespace
}  // namespace tlb_test
