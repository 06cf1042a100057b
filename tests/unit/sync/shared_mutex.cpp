// SPDX-License-Identifier: Apache-2.0
// SharedMutex: exclusion, overlap of readers, no starvation of either side, no lost wake-up.
#include "variants/sync/shared_mutex.hpp"

#include <gtest/gtest.h>

#include "tests/stress.hpp"
#include "variants/sync/guards.hpp"
#include "vm/platform/native.hpp"

namespace {

using P = vm::NativePlatform;
using SharedMutex = variants::sync::SharedMutex<P>;
using variants::sync::Exclusive;
using variants::sync::Shared;
static_assert(sizeof(SharedMutex) <= 8);

TEST(sync, shared_mutex_keeps_writers_apart_from_all) {
  SharedMutex mutex;
  vm::u64 first = 0;
  alignas(64) vm::u64 second = 0;
  std::atomic<vm::u64> written{0};
  tests::together(tests::crowd(), [&](unsigned index) {
    tests::Restless restless(index);
    vm::u64 mine = 0;
    for (vm::u64 i = 0; i < tests::scaled(20'000); ++i) {
      if (restless.below(4) == 0) {
        const Exclusive guard(mutex);
        const vm::u64 before = first++;
        restless.maybe_yield();
        ASSERT_EQ(before, second);
        second = before + 1;
        ++mine;
      } else {
        const Shared guard(mutex);
        const vm::u64 before = first;
        restless.maybe_yield();
        ASSERT_EQ(before, second);
        ASSERT_EQ(before, first);
      }
    }
    written += mine;
  });
  EXPECT_EQ(first, written.load());
}

TEST(sync, shared_mutex_readers_overlap) {
  SharedMutex mutex;
  constexpr unsigned readers = 6;
  std::barrier all_inside(readers);
  tests::together(readers, [&](unsigned) {
    const Shared guard(mutex);
    all_inside.arrive_and_wait();  // returns only if all hold it at one time
  });
}

// Readers that parked behind a writer have nobody to wake them but its unlock, if no other writer comes.
TEST(sync, shared_mutex_unlock_admits_all_waiting_readers) {
  SharedMutex mutex;
  constexpr unsigned readers = 6;
  std::barrier all_inside(readers);
  mutex.lock();
  tests::together(readers + 1, [&](unsigned index) {
    if (index == readers) {
      std::this_thread::sleep_for(std::chrono::milliseconds(60));  // they park meanwhile
      mutex.unlock();
      return;
    }
    const Shared guard(mutex);
    all_inside.arrive_and_wait();
  });
}

TEST(sync, shared_mutex_tries_answer_the_state) {
  SharedMutex mutex;
  ASSERT_TRUE(mutex.try_lock_shared());
  EXPECT_TRUE(mutex.try_lock_shared());
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock_shared();
  EXPECT_FALSE(mutex.try_lock());
  mutex.unlock_shared();
  ASSERT_TRUE(mutex.try_lock());
  EXPECT_FALSE(mutex.try_lock());
  EXPECT_FALSE(mutex.try_lock_shared());
  mutex.unlock();
  EXPECT_TRUE(mutex.try_lock_shared());
  mutex.unlock_shared();
}

TEST(sync, shared_mutex_waiting_writer_stops_new_readers) {
  SharedMutex mutex;
  mutex.lock_shared();
  std::atomic<bool> wrote{false};
  std::thread writer([&] {
    const Exclusive guard(mutex);
    wrote = true;
  });
  EXPECT_TRUE(tests::eventually([&] {
    if (!mutex.try_lock_shared()) return true;
    mutex.unlock_shared();
    return false;
  }));
  EXPECT_FALSE(wrote);
  mutex.unlock_shared();
  writer.join();
  EXPECT_TRUE(wrote);
}

// Readers that always overlap: without the writer's claim on the lock, readers == 0 would hardly ever be seen.
TEST(sync, shared_mutex_writer_does_not_starve) {
  SharedMutex mutex;
  std::atomic<bool> stop{false};
  std::atomic<int> inside{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const Shared guard(mutex);
        ++inside;
        const auto begin = P::now();  // stays until another reader has come, but not for ever
        while (inside < 2 && P::now() - begin < std::chrono::microseconds(200)) P::yield();
        std::this_thread::sleep_for(std::chrono::microseconds(20));
        --inside;
      }
    });
  }
  ASSERT_TRUE(tests::eventually([&] { return inside >= 2; }));
  const auto begin = P::now();
  constexpr vm::u64 turns = 50;
  for (vm::u64 i = 0; i < turns; ++i) {
    const Exclusive guard(mutex);
    EXPECT_EQ(inside, 0);
  }
  const auto spent = P::now() - begin;
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_LT(spent, turns * std::chrono::milliseconds(100));
}

// As for the mutex: whoever waits, reader or writer, gets it only by being handed it.
TEST(sync, shared_mutex_is_handed_over_to_who_waits) {
  for (const bool writes : {false, true}) {
    SharedMutex mutex;
    std::atomic<bool> stop{false};
    std::atomic<vm::u64> turns{0};
    mutex.lock();
    std::thread waiter([&] {
      while (!stop) {
        if (writes) {
          const Exclusive guard(mutex);
          ++turns;
        } else {
          const Shared guard(mutex);
          ++turns;
        }
      }
    });
    for (vm::u64 i = 1; i <= 10; ++i) {
      const vm::u64 before = turns;
      unsigned tries = 0;
      while (turns == before && tries < 400) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        mutex.unlock();
        mutex.lock();
        ++tries;
      }
      EXPECT_LT(tries, 400u) << (writes ? "writer" : "reader") << ", turn " << i;
    }
    stop = true;
    mutex.unlock();
    waiter.join();
  }
}

TEST(sync, shared_mutex_loses_no_wake_up) {
  SharedMutex mutex;
  vm::u64 count = 0;
  std::atomic<vm::u64> written{0};
  tests::together(tests::crowd(), [&](unsigned index) {
    tests::Restless restless(index);
    vm::u64 mine = 0;
    for (vm::u64 i = 0; i < tests::scaled(400); ++i) {
      const bool sleeps = restless.below(8) == 0;
      if (restless.below(3) == 0) {
        const Exclusive guard(mutex);
        ++count;
        ++mine;
        if (sleeps) std::this_thread::sleep_for(std::chrono::microseconds(restless.below(200)));
      } else {
        const Shared guard(mutex);
        if (sleeps) std::this_thread::sleep_for(std::chrono::microseconds(restless.below(200)));
      }
    }
    written += mine;
  });
  EXPECT_EQ(count, written.load());
}

}  // namespace
