// SPDX-License-Identifier: Apache-2.0
// T1-T4 among threads: one thread a hart, more threads than cores, random yields inside each walk.
// `Pages` stands for the guest's page table. A page has one publisher, and a version that only grows; a leaf carries the version that its
// walk read, and the hash of its place. So whatever a lookup returns can be judged on its own.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#include "tests/contract/tlb_leaves.hpp"

namespace tlb_test {
namespace {

constexpr u32 harts = 4;
constexpr u32 pages_each = 6;
constexpr u32 all_pages = harts * pages_each;

// Each page is mapped by a leaf of its own: of every size, in three spaces, two of which share an ASID.
struct Mapping {
  Space space;
  Leaf leaf;  // version 0
  Leaf at(u64 version) const { return leaf_of(space, leaf.first, leaf.level, static_cast<u32>(version) & 0xff'ffff, leaf.global()); }
};
Mapping mapping(u32 page) {
  const Space spaces[] = {space_of(sv57, 5, 0x100), space_of(sv57, 5, 0x200), space_of(sv48, 14, 0x300)};
  const Space space = spaces[page % 3];
  const unsigned level = page / 3 % 4 == 3 ? page % 5 : 0;
  return {space, leaf_of(space, {u64{page + 1} << 38 | 0x1234}, level, 0, page % 7 == 0)};
}

struct alignas(64) Page {
  std::atomic<u64> version{0};  // the PTE. Relaxed: its order is the layer's to make
  std::atomic<u64> done{0};     // the fence for this version has returned
};

struct Stress {
  explicit Stress(u32 capacity) : tlb({.capacity = capacity, .harts = harts}) {}

  Attached tlb;
  std::array<Page, all_pages> pages;
  std::atomic<bool> failed{false};
  std::atomic<u64> hits{0};

  static void maybe_yield(Random& random) {
    if (random.one_in(8)) std::this_thread::yield();
  }

  void walk_and_fill(u32 hart, u32 page, Random& random) {
    const Mapping map = mapping(page);
    auto& reader = tlb.hart(hart);
    const Ticket walk = tlb.begin_walk(reader);
    maybe_yield(random);
    const u64 version = pages[page].version.load(vm::relaxed);
    maybe_yield(random);
    (void)complete(tlb.fill(reader, walk, map.space, map.at(version)));
  }

  // True if the leaf is whole, of this page, and not older than `least`.
  bool judge(u32 page, const Leaf& leaf, u64 least) {
    const Mapping map = mapping(page);
    hits.fetch_add(1, vm::relaxed);
    if (untorn(map.space, leaf) && leaf.first == map.leaf.first && leaf.level == map.leaf.level && version_of(leaf) >= least) return true;
    failed = true;
    ADD_FAILURE() << (untorn(map.space, leaf) ? "stale" : "torn") << ": page " << page << " level " << unsigned{leaf.level} << " version "
                  << version_of(leaf) << ", at least " << least << " was published";
    return false;
  }

  template <class Body>
  void run(u64 seed, const Body& body) {
    std::barrier start(harts);
    std::vector<std::thread> threads;
    for (u32 hart = 0; hart < harts; ++hart) {
      threads.emplace_back([&, hart] {
        tlb.attach();
        Random random(seed * harts + hart);
        start.arrive_and_wait();
        body(hart, random);
        tlb.idle(tlb.hart(hart));
        tlb.detach();
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (u32 hart = 0; hart < harts; ++hart) tlb.busy(tlb.hart(hart));
    EXPECT_GT(hits.load(), 0U) << "nothing was shown: no lookup hit";
    if (failed) ADD_FAILURE() << replay(seed) << " (threads: the seed fixes the operations, not their interleaving)";
  }
};

u64 seed_of_run() { return replayed_seed().value_or(1); }

// T1. Unrelated fills, lookups and invalidations: every leaf is whole and in its place.
TEST(tlb, never_tears) {
  Stress stress(16);
  const u64 steps = scaled(20'000);
  stress.run(seed_of_run(), [&](u32 hart, Random& random) {
    for (u64 i = 0; i < steps && !stress.failed; ++i) {
      const u32 page = static_cast<u32>(random.below(all_pages));
      const Mapping map = mapping(page);
      if (random.one_in(50)) stress.tlb.fence(hart, random.one_in(2) ? one_page(map.leaf.first) : everything());
      if (const auto leaf = stress.tlb.find(hart, map.space, map.leaf.first)) {
        stress.judge(page, *leaf, 0);
        continue;
      }
      (void)stress.tlb.put(hart, map.space, map.at(random.next()));
    }
  });
}

// T2 and T3. The publisher of a page changes it, invalidates, and then says so; whoever has heard it sees nothing older.
void publish_and_look(u32 capacity, u64 steps, u64 seed) {
  Stress stress(capacity);
  stress.run(seed, [&](u32 hart, Random& random) {
    for (u64 i = 0; i < steps && !stress.failed; ++i) {
      if (random.one_in(16)) {
        const u32 page = hart * pages_each + static_cast<u32>(random.below(pages_each));
        const Mapping map = mapping(page);
        Page& mine = stress.pages[page];
        const u64 version = mine.version.load(vm::relaxed) + 1;
        mine.version.store(version, vm::relaxed);
        const unsigned asid = map.space.asid().value;
        const Vpn any{map.leaf.first.value + random.below(map.leaf.pages())};
        const u64 form = random.below(map.leaf.global() ? 2 : 8);
        stress.tlb.fence(hart, form == 0 ? everything() : form < 3 ? one_page(any) : form < 4 ? one_asid(asid) : page_and_asid(any, asid));
        mine.done.store(version, vm::release);
        continue;
      }
      const u32 page = static_cast<u32>(random.below(all_pages));
      const Mapping map = mapping(page);
      const u64 least = stress.pages[page].done.load(vm::acquire);
      const Vpn any{map.leaf.first.value + random.below(map.leaf.pages())};
      if (const auto leaf = stress.tlb.find(hart, map.space, any)) {
        stress.judge(page, *leaf, least);
      } else {
        stress.walk_and_fill(hart, page, random);
      }
    }
  });
  // What came during an invalidation is gone too (T3): now that all is quiet, only the newest version is left.
  for (u32 page = 0; page < all_pages; ++page) {
    for (u32 hart = 0; hart < harts; ++hart) {
      const auto leaf = stress.tlb.find(hart, mapping(page).space, mapping(page).leaf.first);
      EXPECT_EQ(leaf ? version_of(*leaf) : stress.pages[page].version.load(), stress.pages[page].version.load())
          << "page " << page << " hart " << hart;
    }
  }
  const vm::TlbStatistics s = stress.tlb.statistics();
  EXPECT_GE(s.lookups, s.hits);
  EXPECT_LE(s.removed + s.evictions, s.fills);
}
TEST(tlb, nothing_stale_after_an_invalidation_has_returned) { publish_and_look(1024, scaled(25'000), seed_of_run()); }
TEST(tlb, nothing_stale_when_room_is_short) { publish_and_look(8, scaled(25'000), seed_of_run()); }

// T1. A hart writes a PTE and takes a fresh ticket; no leaf that it then accepts, whoever walked, is older than its write.
TEST(tlb, a_leaf_is_as_new_as_its_ticket) {
  Stress stress(1024);
  const u64 steps = scaled(25'000);
  stress.run(seed_of_run(), [&](u32 hart, Random& random) {
    std::array<Ticket, pages_each> since{};
    std::array<u64, pages_each> version{};
    for (u64 i = 0; i < steps && !stress.failed; ++i) {
      const u32 which = static_cast<u32>(random.below(pages_each));
      const u32 mine = hart * pages_each + which;
      if (random.one_in(16)) {
        stress.pages[mine].version.store(++version[which], vm::relaxed);
        since[which] = stress.tlb.fresh(stress.tlb.hart(hart));
      }
      if (const auto leaf = stress.tlb.find(hart, mapping(mine).space, mapping(mine).leaf.first, since[which]))
        stress.judge(mine, *leaf, version[which]);
      stress.walk_and_fill(hart, static_cast<u32>(random.below(all_pages)), random);
    }
  });
}

// T4. However the fills interleave, what can be found in the end is bounded.
TEST(tlb, holds_no_more_than_its_capacity_among_threads) {
  constexpr u32 capacity = 64;
  Stress stress(capacity);
  const Space space = space_of(sv39, 5, 0x100);
  const u64 steps = scaled(10'000);
  stress.run(seed_of_run(), [&](u32 hart, Random& random) {
    for (u64 i = 0; i < steps; ++i) {
      const Vpn page{random.below(512)};
      if (random.one_in(500)) stress.tlb.fence(hart, one_page(page));
      (void)stress.tlb.put(hart, space, leaf_of(space, page, 0));
      if (stress.tlb.find(hart, space, page)) stress.hits.fetch_add(1, vm::relaxed);
    }
  });
  for (u32 hart = 0; hart < harts; ++hart) {
    u64 held = 0;
    for (u64 page = 0; page < 512; ++page) held += stress.tlb.find(hart, space, {page}).has_value() ? 1 : 0;
    EXPECT_LE(held, capacity) << "hart " << hart;
  }
  const vm::TlbStatistics s = stress.tlb.statistics();
  EXPECT_EQ(s.fills + s.refused, harts * steps);
}

}  // namespace
}  // namespace tlb_test
