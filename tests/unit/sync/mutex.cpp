// SPDX-License-Identifier: Apache-2.0
// Mutex: exclusion, no lost wake-up, eventual fairness.
#include "variants/sync/mutex.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include <array>

#include "tests/stress.hpp"
#include "variants/sync/guards.hpp"
#include "vm/platform/native.hpp"

namespace {

using P = vm::NativePlatform;
using Mutex = variants::sync::Mutex<P>;
using variants::sync::Exclusive;
static_assert(sizeof(Mutex) == 1);

TEST(sync, mutex_excludes) {
  Mutex mutex;
  vm::u64 first = 0;  // plain: a second thread inside would lose increments, and TSan would say so
  alignas(64) vm::u64 second = 0;
  const vm::u64 rounds = tests::scaled(20'000);
  const unsigned threads = tests::crowd();
  tests::together(threads, [&](unsigned index) {
    tests::Restless restless(index);
    for (vm::u64 i = 0; i < rounds; ++i) {
      const Exclusive guard(mutex);
      const vm::u64 before = first++;
      restless.maybe_yield();
      ASSERT_EQ(before, second);
      second = before + 1;
    }
  });
  EXPECT_EQ(first, rounds * threads);
}

TEST(sync, mutex_try_lock_fails_only_when_held) {
  Mutex mutex;
  ASSERT_TRUE(mutex.try_lock());
  EXPECT_FALSE(mutex.try_lock());
  std::thread([&] { EXPECT_FALSE(mutex.try_lock()); }).join();
  mutex.unlock();
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
}

TEST(sync, mutex_try_lock_excludes) {
  Mutex mutex;
  vm::u64 counted = 0;
  std::atomic<vm::u64> taken{0};
  tests::together(tests::crowd(), [&](unsigned index) {
    tests::Restless restless(index);
    vm::u64 mine = 0;
    for (vm::u64 i = 0; i < tests::scaled(20'000); ++i) {
      const bool may_wait = restless.below(4) == 0;
      if (may_wait) {
        mutex.lock();
      } else if (!mutex.try_lock()) {
        continue;
      }
      const vm::u64 before = counted;
      restless.maybe_yield();
      counted = before + 1;
      ++mine;
      mutex.unlock();
    }
    taken += mine;
  });
  EXPECT_EQ(counted, taken.load());
}

// Lockers that spin in vain, while the holder is off its processor, park just as it comes back: each unlock must find and wake one, and
// nobody may park on a mutex that has been freed meanwhile.
TEST(sync, mutex_loses_no_wake_up) {
  std::array<Mutex, 3> mutexes;  // neighbouring bytes
  std::array<vm::u64, 3> counts{};
  const vm::u64 rounds = tests::scaled(6'000);
  const unsigned threads = tests::crowd();
  tests::together(threads, [&](unsigned index) {
    tests::Restless restless(index);
    for (vm::u64 i = 0; i < rounds; ++i) {
      const auto which = restless.below(8) == 0 ? 1 + restless.below(2) : 0;
      const Exclusive guard(mutexes[which]);
      ++counts[which];
      const vm::u64 dice = restless.below(64);
      if (dice == 0) std::this_thread::sleep_for(std::chrono::microseconds(restless.below(60)));
      if (dice < 16) {
        for (vm::u64 turn = restless.below(80); turn != 0; --turn) P::pause();  // about as long as a spin
      }
    }
  });
  EXPECT_EQ(counts[0] + counts[1] + counts[2], rounds * threads);
}

// The mutex is ours for two milliseconds at a time, free for some nanoseconds between: nobody who must wake up first can take it then.
// So a waiter gets it only by being handed it, and that must come about once a millisecond.
TEST(sync, mutex_is_handed_over_to_who_waits) {
  Mutex mutex;
  std::atomic<bool> stop{false};
  std::atomic<vm::u64> turns{0};
  mutex.lock();
  std::thread waiter([&] {
    while (!stop) {
      const Exclusive guard(mutex);
      ++turns;
    }
  });
  for (vm::u64 i = 1; i <= 20; ++i) {
    const vm::u64 before = turns;
    unsigned tries = 0;
    while (turns == before && tries < 400) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      mutex.unlock();
      mutex.lock();
      ++tries;
    }
    EXPECT_LT(tries, 400u) << "turn " << i;
  }
  stop = true;
  mutex.unlock();
  waiter.join();
}

// Among equals, the least served gets a fair part: bodies longer than a spin, threads over cores. Shares are the lock's doing only while
// the machine lets somebody run all the time: windows in which we got less than most of one processor say nothing.
TEST(sync, mutex_serves_equals_alike) {
  Mutex mutex;
  const unsigned threads = 4;
  constexpr auto window = std::chrono::milliseconds(200);
  const auto processor_time = [] {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return std::chrono::nanoseconds(std::chrono::seconds(t.tv_sec)) + std::chrono::nanoseconds(t.tv_nsec);
  };
  unsigned quiet = 0;
  unsigned fair = 0;
  for (int i = 0; i < 20 && fair == 0; ++i) {
    std::vector<vm::u64> served(threads);
    const auto used = processor_time();
    const auto end = P::now() + window;
    tests::together(threads, [&](unsigned index) {
      while (P::now() < end) {
        const Exclusive guard(mutex);
        ++served[index];
        const auto until = P::now() + std::chrono::microseconds(30);
        while (P::now() < until) P::pause();
      }
    });
    if (processor_time() - used < window * 9 / 10) continue;
    ++quiet;
    if (*std::min_element(served.begin(), served.end()) * 4 > *std::max_element(served.begin(), served.end())) ++fair;
  }
  if (quiet < 5 && fair == 0) GTEST_SKIP() << "the machine is busy with other work: " << quiet << " of 20 windows could be judged";
  EXPECT_GT(fair, 0u) << "in none of " << quiet << " windows did the least served get a quarter of the most served";
}

}  // namespace
