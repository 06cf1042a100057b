// SPDX-License-Identifier: Apache-2.0
// LeafSet and Refusals: the corners that a contract test reaches only by luck.
#include "variants/sync/tlb/leaf_set.hpp"

#include <gtest/gtest.h>

namespace {

using namespace variants::sync;
using vm::Leaf;
using vm::Scope;
using vm::Ticket;
using vm::Vpn;

constexpr vm::Space space{0x8000'5000'0000'0100};
constexpr vm::u64 place_with_tag(vm::u8 tag) { return vm::u64{tag} << 56; }
void nobody(unsigned) {}

// A freed way keeps its old key under the tag 0. Next to a way with tag 1 a careless byte compare takes 0 for 1, and finds it.
TEST(leaf_set, a_removed_leaf_is_not_found_behind_an_equal_tag) {
  for (const vm::u8 tag : {vm::u8{0}, vm::u8{1}, vm::u8{2}, vm::u8{0x80}, vm::u8{0xff}}) {
    LeafSet set;
    const vm::u64 place = place_with_tag(tag);
    for (vm::u64 page = 0; page < LeafSet::ways; ++page) {
      ASSERT_EQ(set.store(place, Ticket{1}, space, Leaf{page, {page}, 0}, LeafSet::ways).what, Stored::added);
    }
    for (vm::u64 page = 1; page < LeafSet::ways; ++page) {
      set.sweep(Ticket{page + 1}, Scope{Vpn{page}, {}}, nobody);
      EXPECT_EQ(set.find(place, {}, space, {page}, 0), std::nullopt) << "tag " << unsigned{tag} << " page " << page;
      EXPECT_TRUE(set.find(place, {}, space, {0}, 0)) << "tag " << unsigned{tag};
    }
  }
}

TEST(leaf_set, evicts_in_turn_within_its_limit) {
  for (unsigned limit = 1; limit <= LeafSet::ways; ++limit) {
    LeafSet set;
    for (vm::u64 page = 0; page < 100; ++page) {
      const auto outcome = set.store(place_with_tag(static_cast<vm::u8>(page)), Ticket{1}, space, Leaf{page, {page}, 0}, limit);
      EXPECT_EQ(outcome.what, page < limit ? Stored::added : Stored::evicted);
    }
    for (vm::u64 page = 0; page < 100; ++page) {
      EXPECT_EQ(set.find(place_with_tag(static_cast<vm::u8>(page)), {}, space, {page}, 0).has_value(), page >= 100 - limit);
    }
  }
}

TEST(leaf_set, flush_spares_newer_walks) {
  LeafSet set;
  ASSERT_EQ(set.store(place_with_tag(3), Ticket{5}, space, Leaf{1, {1}, 0}, LeafSet::ways).what, Stored::added);
  ASSERT_EQ(set.store(place_with_tag(4), Ticket{6}, space, Leaf{2, {2}, 0}, LeafSet::ways).what, Stored::added);
  unsigned removed = 0;
  set.flush(Ticket{6}, [&](unsigned) { ++removed; });
  EXPECT_EQ(removed, 1U);
  EXPECT_FALSE(set.find(place_with_tag(3), {}, space, {1}, 0));
  EXPECT_TRUE(set.find(place_with_tag(4), {}, space, {2}, 0));
  EXPECT_EQ(set.store(place_with_tag(3), Ticket{5}, space, Leaf{1, {1}, 0}, LeafSet::ways).what, Stored::refused_unknown);
}

template <unsigned N>
Verdict judge(std::initializer_list<vm::u64> tickets, vm::u64 walk, Vpn page) {
  Refusals<N> refusals;
  for (const vm::u64 ticket : tickets)
    refusals.note(Ticket{ticket}, Scope{Vpn{ticket}, {}});  // the invalidation with ticket t is of page t
  return refusals.judge(Ticket{walk}, space, Leaf{0, page, 0});
}

// Invalidations reach a set in any order: the newest is remembered whichever comes last, and none is forgotten.
TEST(refusals, order_of_arrival_does_not_matter) {
  for (const auto& order : {std::initializer_list<vm::u64>{3, 5}, {5, 3}, {3, 5, 3}, {5, 3, 5}}) {
    EXPECT_EQ(judge<1>(order, 4, {5}), Verdict::covered);
    EXPECT_EQ(judge<1>(order, 4, {3}), Verdict::accepted) << "its walk is newer than the invalidation of page 3";
    EXPECT_EQ(judge<1>(order, 2, {5}), Verdict::covered);
    EXPECT_EQ(judge<1>(order, 2, {3}), Verdict::unknown) << "forgotten, hence refused unseen";
    EXPECT_EQ(judge<1>(order, 5, {5}), Verdict::accepted);
    EXPECT_EQ(judge<2>(order, 2, {3}), Verdict::covered);
    EXPECT_EQ(judge<2>(order, 2, {9}), Verdict::accepted);
  }
}

}  // namespace
