// SPDX-License-Identifier: Apache-2.0
// A and D updates while other harts change the same PTEs.
#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/memory/page_table.hpp"

namespace {

using namespace memory_tests;
using namespace pte_bit;
using hart_tests::TestHart;

constexpr u64 address = 0x5000;
constexpr u64 frame = 0x90000;
// The guest goes on until the walker has set A or D this often: on a busy host the two may take turns for long.
constexpr u64 least_meetings = 200;

// The guest counts in the software bits and the frame by compare-exchange; the walker sets A and D meanwhile. Nothing may be lost: a
// count that a walker's stale write undid would show as a smaller sum, a lost A or D as a missing bit after a walk.
void race(bool tracked) {
  constexpr u64 least_changes = 30'000;
  TestHart hart;
  hart.open_pmp();
  PageTable table(hart, 8);
  const u64 at = table.map(address, 0, frame, v | r | w | u);
  if (tracked) {
    hart.memory().reservations().track(at);
    hart.memory().reservations().make_ready(at);
  }
  std::atomic<bool> done{false};
  std::atomic<u64> updates{0};
  u64 changes = 0;
  std::thread guest([&] {
    for (; changes < least_changes || updates.load(std::memory_order_relaxed) < least_meetings; ++changes) {
      if (changes % 1024 == 0) std::this_thread::yield();
      for (;;) {
        const u64 seen = hart.memory().load_pte(at);
        // Counts up in the frame; clears A and D, so that the walker has them to set again.
        if (hart.memory().compare_exchange_pte(at, seen, (seen + (u64{1} << 10)) & ~(a | d))) break;
      }
    }
    done.store(true, std::memory_order_release);
  });
  u64 last_frame = 0;
  while (!done.load(std::memory_order_acquire)) {
    const Walk walked = walk(*hart, table.space(), address, Access::store, Privilege::user, false, false);
    EXPECT_FALSE(walked.fault);
    EXPECT_EQ(walked.leaf.pte & (a | d), a | d);
    const u64 now = walked.leaf.frame(Vpn{address >> page_shift}).value;
    EXPECT_GE(now, last_frame) << "an older PTE came back";
    last_frame = now;
    if (walked.written != no_page) updates.fetch_add(1, std::memory_order_relaxed);
  }
  guest.join();
  EXPECT_EQ(table.load(at) >> 10, frame + changes) << "a change of the guest was lost";
}

TEST(memory, concurrent_updates_lose_nothing) { race(false); }
TEST(memory, concurrent_updates_of_a_reserved_line_lose_nothing) { race(true); }

// A guest that unmaps by compare-exchange from the value that it read: if it succeeds, no A or D was set after its read.
TEST(memory, no_dirty_bit_appears_on_a_pte_that_was_taken_away) {
  constexpr u64 least_rounds = 20'000;
  TestHart hart;
  hart.open_pmp();
  PageTable table(hart, 8);
  const u64 at = table.map(address, 0, frame, v | r | w | u);
  std::atomic<bool> done{false};
  std::atomic<u64> hits{0};
  std::thread guest([&] {
    for (u64 i = 0; i < least_rounds || hits.load(std::memory_order_relaxed) < least_meetings; ++i) {
      if (i % 1024 == 0) std::this_thread::yield();
      u64 seen = 0;
      do {
        seen = hart.memory().load_pte(at);
      } while (!hart.memory().compare_exchange_pte(at, seen, 0));
      for (unsigned spin = 0; spin < 20; ++spin) {
        EXPECT_EQ(hart.memory().load_pte(at), 0u) << "the walker wrote to a PTE that is not valid";
        NativePlatform::pause();
      }
      EXPECT_TRUE(hart.memory().compare_exchange_pte(at, 0, frame << 10 | v | r | w | u));
    }
    done.store(true, std::memory_order_release);
  });
  while (!done.load(std::memory_order_acquire)) {
    const Walk walked = walk(*hart, table.space(), address, Access::store, Privilege::user, false, false);
    if (!walked.fault) hits.fetch_add(1, std::memory_order_relaxed);
    if (walked.fault) {
      EXPECT_EQ(*walked.fault, Cause::store_page_fault);
    }
  }
  guest.join();
}

}  // namespace
