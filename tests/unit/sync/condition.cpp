// SPDX-License-Identifier: Apache-2.0
// Condition: no lost notification, timeouts, requeueing to the mutex.
#include "variants/sync/condition.hpp"

#include <gtest/gtest.h>

#include "tests/stress.hpp"
#include "variants/sync/guards.hpp"
#include "vm/platform/native.hpp"

namespace {

using namespace std::chrono_literals;
using P = vm::NativePlatform;
using Mutex = variants::sync::Mutex<P>;
using Condition = variants::sync::Condition<P>;
using variants::sync::Exclusive;
static_assert(sizeof(Condition) == 8);

// A buffer of one place between producers and consumers: one lost notification stops it for good.
TEST(sync, condition_loses_no_notification) {
  Mutex mutex;
  Condition filled;
  Condition emptied;
  vm::u64 place = 0;  // 0: empty
  vm::u64 sum = 0;
  const unsigned pairs = tests::crowd() / 2;
  const vm::u64 rounds = tests::scaled(2'000);
  tests::together(2 * pairs, [&](unsigned index) {
    tests::Restless restless(index);
    for (vm::u64 i = 1; i <= rounds; ++i) {
      restless.maybe_yield();
      const Exclusive guard(mutex);
      if (index % 2 == 0) {
        while (place != 0) emptied.wait(mutex);
        place = i;
        filled.notify_one();
      } else {
        while (place == 0) filled.wait(mutex);
        sum += place;
        place = 0;
        emptied.notify_one();
      }
    }
  });
  EXPECT_EQ(sum, pairs * (rounds * (rounds + 1) / 2));
}

// The same with waits that keep running out, so that timeouts race with notifications and requeues.
TEST(sync, condition_timeouts_race_with_notifications) {
  Mutex mutex;
  Condition changed;
  vm::u64 place = 0;
  vm::u64 sum = 0;
  std::atomic<vm::u64> timeouts{0};
  const unsigned pairs = tests::crowd() / 2;
  const vm::u64 rounds = tests::scaled(1'000);
  tests::together(2 * pairs, [&](unsigned index) {
    tests::Restless restless(index);
    vm::u64 mine = 0;
    for (vm::u64 i = 1; i <= rounds; ++i) {
      const Exclusive guard(mutex);
      while ((place != 0) == (index % 2 == 0)) {
        if (restless.below(2) == 0) {
          changed.wait(mutex);
        } else if (!changed.wait_for(mutex, std::chrono::microseconds(restless.below(150)))) {
          ++mine;
        }
      }
      if (index % 2 == 0) {
        place = i;
      } else {
        sum += place;
        place = 0;
      }
      changed.notify_all();
    }
    timeouts += mine;
  });
  EXPECT_EQ(sum, pairs * (rounds * (rounds + 1) / 2));
  EXPECT_GT(timeouts.load(), 0u);
}

TEST(sync, condition_wait_for_times_out_and_holds_the_mutex) {
  Mutex mutex;
  Condition never_notified;
  mutex.lock();
  const auto begin = P::now();
  EXPECT_FALSE(never_notified.wait_for(mutex, 20ms));
  EXPECT_GE(P::now() - begin, 20ms);
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock();
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
}

// The crowd waits; notify_all comes with the mutex held (all move) and free (one wakes, the rest move).
TEST(sync, condition_notify_all_reaches_every_waiter) {
  for (const bool held : {true, false}) {
    Mutex mutex;
    Condition open;
    unsigned waiting = 0;
    unsigned passed = 0;
    bool is_open = false;
    const unsigned threads = tests::crowd() + 1;
    tests::together(threads, [&](unsigned index) {
      if (index != 0) {
        const Exclusive guard(mutex);
        ++waiting;
        while (!is_open) open.wait(mutex);
        ++passed;
        return;
      }
      EXPECT_TRUE(tests::eventually([&] {
        const Exclusive guard(mutex);
        return waiting == threads - 1;
      }));
      mutex.lock();
      is_open = true;
      if (!held) mutex.unlock();
      open.notify_all();
      if (held) mutex.unlock();
    });
    EXPECT_EQ(passed, threads - 1) << (held ? "notified under the mutex" : "notified without it");
  }
}

// After notify_all under the mutex the waiter is in the mutex's queue: its deadline passes there, and it has still been notified.
TEST(sync, condition_requeued_waiter_does_not_time_out) {
  Mutex mutex;
  Condition condition;
  bool waiting = false;
  std::atomic<int> outcome{-1};
  std::thread waiter([&] {
    const Exclusive guard(mutex);
    waiting = true;
    outcome = condition.wait_for(mutex, 60ms) ? 1 : 0;
  });
  EXPECT_TRUE(tests::eventually([&] {
    const Exclusive guard(mutex);
    return waiting;
  }));
  mutex.lock();
  condition.notify_all();
  std::this_thread::sleep_for(150ms);
  EXPECT_EQ(outcome, -1);  // the mutex is ours: nobody can have returned
  mutex.unlock();
  waiter.join();
  EXPECT_EQ(outcome, 1);
}

TEST(sync, condition_notify_one_wakes_one) {
  Mutex mutex;
  Condition condition;
  unsigned waiting = 0;
  unsigned woken = 0;
  unsigned permits = 0;
  constexpr unsigned waiters = 3;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < waiters; ++i) {
    threads.emplace_back([&] {
      const Exclusive guard(mutex);
      ++waiting;
      condition.wait(mutex);
      ++woken;
      while (permits == 0) condition.wait(mutex);
    });
  }
  const auto count = [&](unsigned& counter) {
    const Exclusive guard(mutex);
    return counter;
  };
  EXPECT_TRUE(tests::eventually([&] { return count(waiting) == waiters; }));
  condition.notify_one();
  EXPECT_TRUE(tests::eventually([&] { return count(woken) == 1; }));
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(count(woken), 1u);
  mutex.lock();
  permits = 1;
  mutex.unlock();
  condition.notify_all();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(woken, waiters);
}

}  // namespace
