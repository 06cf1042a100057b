// SPDX-License-Identifier: Apache-2.0
// Who may write which page unseen: grants, tracking, heat, and the race between a hart that wants permission and one that builds a block.
#include "vm/memory/page_states.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace {

using namespace vm;

constexpr Ppn page{0x80005};

PageStates states() { return {Ppn{0x80000}, 16}; }

TEST(memory, permission_is_remembered_by_hart) {
  PageStates pages = states();
  EXPECT_EQ(PageStates::writers(pages.track(Ppn{0x80000})), PageStates::nobody);
  ASSERT_TRUE(pages.grant_write(page, HartId{63}));
  ASSERT_TRUE(pages.grant_write(page, HartId{63}));
  PageStates one = states();
  ASSERT_TRUE(one.grant_write(page, HartId{63}));
  EXPECT_EQ(PageStates::writers(one.track(page)), 64u);
  ASSERT_TRUE(pages.grant_write(page, HartId{0}));
  EXPECT_EQ(PageStates::writers(pages.track(page)), PageStates::several);
}

TEST(memory, a_tracked_page_grants_nothing_until_a_write_untracks_it_and_it_has_cooled) {
  PageStates pages = states();
  EXPECT_FALSE(pages.tracked(page));
  pages.track(page);
  EXPECT_TRUE(pages.tracked(page));
  for (unsigned i = 0; i < 1000; ++i) ASSERT_FALSE(pages.grant_write(page, HartId{1}));
  EXPECT_TRUE(pages.untrack(page));
  EXPECT_FALSE(pages.tracked(page));
  EXPECT_FALSE(pages.untrack(page)) << "only the first one reports";
  for (unsigned i = 0; i < PageStates::grants_refused_after_a_code_write; ++i) ASSERT_FALSE(pages.grant_write(page, HartId{1})) << i;
  EXPECT_TRUE(pages.grant_write(page, HartId{1}));
}

TEST(memory, code_that_is_modified_again_and_again_costs_no_handshake) {
  PageStates pages = states();
  for (unsigned i = 0; i < 1000; ++i) {
    EXPECT_EQ(PageStates::writers(pages.track(page)), PageStates::nobody) << "round " << i;
    EXPECT_TRUE(pages.untrack(page));
    pages.grant_write(page, HartId{1});
  }
}

TEST(memory, who_tracks_during_anothers_handshake_learns_of_the_writers_too) {
  PageStates pages = states();
  ASSERT_TRUE(pages.grant_write(page, HartId{2}));
  const u32 first = pages.track(page);
  const u32 second = pages.track(page);
  EXPECT_EQ(PageStates::writers(second), 3u) << "their permission is not gone yet";
  pages.forget_writers(page, first);
  EXPECT_EQ(PageStates::writers(pages.track(page)), PageStates::nobody);
}

TEST(memory, writers_that_came_after_an_untrack_are_not_forgotten) {
  PageStates pages = states();
  ASSERT_TRUE(pages.grant_write(page, HartId{2}));
  const u32 word = pages.track(page);
  ASSERT_TRUE(pages.untrack(page));
  while (!pages.grant_write(page, HartId{2})) {
  }
  ASSERT_EQ(PageStates::writers(pages.track(page)), 3u);
  pages.forget_writers(page, word);  // late: of the build before
  EXPECT_EQ(PageStates::writers(pages.track(page)), 3u) << "hart 2 still holds the permission of its second grant";
}

TEST(memory, generations_go_round_without_touching_their_neighbours) {
  PageStates pages = states();
  u32 previous = 0;
  for (unsigned i = 0; i < (1u << 15) + 10; ++i) {
    const u32 word = pages.track(page);
    ASSERT_EQ(word & (PageStates::writers_mask | PageStates::code), PageStates::code);
    ASSERT_NE(word, previous) << "round " << i;
    previous = word;
    ASSERT_TRUE(pages.untrack(page));
  }
}

// The protocol of ADR 0002 in small. A writer holds permission or not; a builder tracks, makes the writer drop it, reads the byte, and
// publishes unless it was invalidated since. In the end the published copy is the byte, or there is none.
TEST(memory, no_stale_copy_outlives_a_write) {
  constexpr unsigned writes = 100'000;
  PageStates pages = states();
  std::atomic<u32> byte{0};
  std::atomic<u32> copy{~0u};  // what a block was built from; ~0: none
  std::atomic<u32> invalidations{0};
  std::mutex index;  // publish and invalidate exclude each other, as in the GC layer
  std::atomic<u32> asked{0};
  std::atomic<u32> acknowledged{0};
  std::atomic<bool> done{false};

  std::thread writer([&] {
    bool permission = false;
    for (u32 i = 1; i <= writes; ++i) {
      const u32 ask = asked.load(std::memory_order_acquire);
      if (acknowledged.load(std::memory_order_relaxed) != ask) {
        permission = false;
        acknowledged.store(ask, std::memory_order_release);
      }
      if (!permission) permission = pages.grant_write(page, HartId{0});
      byte.store(i, std::memory_order_relaxed);
      if (!permission && pages.untrack(page)) {
        const std::lock_guard lock(index);
        invalidations.fetch_add(1, std::memory_order_relaxed);
        copy.store(~0u, std::memory_order_relaxed);
      }
      // With no permission and no code there was nothing to invalidate: then no copy may be there but the newest.
      if (!permission) {
        const u32 seen = copy.load(std::memory_order_relaxed);
        if (seen != ~0u && seen != i) {
          const std::lock_guard lock(index);
          EXPECT_TRUE(copy.load() == ~0u || copy.load() == i) << "write " << i << " left a copy of " << copy.load();
        }
      }
    }
    done.store(true, std::memory_order_release);
    acknowledged.store(~0u, std::memory_order_release);
  });
  u64 built = 0;
  while (!done.load(std::memory_order_acquire)) {
    u32 ticket = 0;
    {
      const std::lock_guard lock(index);
      ticket = invalidations.load(std::memory_order_relaxed);
    }
    const u32 word = pages.track(page);
    if (PageStates::writers(word) != PageStates::nobody) {
      const u32 ask = asked.fetch_add(1, std::memory_order_acq_rel) + 1;
      while (acknowledged.load(std::memory_order_acquire) != ask && !done.load(std::memory_order_acquire)) std::this_thread::yield();
      pages.forget_writers(page, word);
    }
    const u32 seen = byte.load(std::memory_order_relaxed);
    const std::lock_guard lock(index);
    if (invalidations.load(std::memory_order_relaxed) != ticket) continue;
    copy.store(seen, std::memory_order_relaxed);
    ++built;
  }
  writer.join();
  EXPECT_GT(built, 0u);
}

}  // namespace
