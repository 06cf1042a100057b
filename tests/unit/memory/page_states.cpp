// SPDX-License-Identifier: Apache-2.0
// Who may write which page unseen: grants, tracking, heat, and the race between a hart that wants permission and one that builds a block.
#include "vm/memory/page_states.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
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

// The protocol of ADR 0002 in small. A writer holds permission or not; a builder takes a ticket, tracks, makes the writer drop its
// permission, reads the byte, and publishes unless it was invalidated since the ticket. What it publishes is never older than a write that
// was complete: bytes stored, untracked, and invalidated if that said so.
TEST(memory, no_stale_copy_is_published) {
  constexpr u32 least_writes = 100'000;
  constexpr u64 least_built = 2'000;
  constexpr u64 least_handshakes = 20;
  const auto deadline = NativePlatform::now() + std::chrono::seconds(15);
  PageStates pages = states();
  std::atomic<u32> byte{0};
  std::atomic<u32> complete{0};  // every write up to this one
  u32 invalidations = 0;
  std::mutex index;  // publish and invalidate exclude each other, as in the GC layer
  std::atomic<u32> asked{0};
  std::atomic<u32> acknowledged{0};
  std::atomic<u64> built{0};
  std::atomic<u64> handshakes{0};
  std::atomic<bool> failed{false};
  std::atomic<bool> done{false};

  std::thread writer([&] {
    bool permission = false;
    const auto enough = [&] {
      const bool seen =
          built.load(std::memory_order_relaxed) >= least_built && handshakes.load(std::memory_order_relaxed) >= least_handshakes;
      return seen || failed.load(std::memory_order_relaxed) || NativePlatform::now() > deadline;
    };
    for (u32 i = 1; i <= least_writes || !enough(); ++i) {
      const u32 ask = asked.load(std::memory_order_acquire);
      if (acknowledged.load(std::memory_order_relaxed) != ask) {
        permission = false;
        acknowledged.store(ask, std::memory_order_release);
      }
      if (!permission) permission = pages.grant_write(page, HartId{0});
      byte.store(i, std::memory_order_relaxed);
      if (!permission && pages.untrack(page)) {
        const std::lock_guard lock(index);
        ++invalidations;
      }
      complete.store(i, std::memory_order_release);
    }
    done.store(true, std::memory_order_release);
  });
  for (u64 round = 0; !done.load(std::memory_order_acquire); ++round) {
    if (round % 16 == 0) std::this_thread::yield();  // long enough for the page to cool: the writer gets permission again
    u32 ticket = 0;
    {
      const std::lock_guard lock(index);
      ticket = invalidations;
    }
    const u32 word = pages.track(page);
    if (PageStates::writers(word) != PageStates::nobody) {
      const u32 ask = asked.fetch_add(1, std::memory_order_acq_rel) + 1;
      while (acknowledged.load(std::memory_order_acquire) != ask && !done.load(std::memory_order_acquire)) std::this_thread::yield();
      pages.forget_writers(page, word);
      handshakes.fetch_add(1, std::memory_order_relaxed);
    }
    const u32 seen = byte.load(std::memory_order_relaxed);
    const std::lock_guard lock(index);
    if (invalidations != ticket) continue;
    EXPECT_GE(seen, complete.load(std::memory_order_acquire)) << "an old byte was published";
    if (HasFailure()) {
      failed.store(true, std::memory_order_relaxed);
      break;
    }
    built.fetch_add(1, std::memory_order_relaxed);
  }
  writer.join();
  EXPECT_GT(built.load(), 0u);
  EXPECT_GT(handshakes.load(), 0u);
}

}  // namespace
