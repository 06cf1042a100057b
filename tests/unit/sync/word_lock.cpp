// SPDX-License-Identifier: Apache-2.0
// WordLock: exclusion, and nobody left asleep.
#include "variants/sync/word_lock.hpp"

#include <gtest/gtest.h>

#include "tests/stress.hpp"
#include "variants/sync/guards.hpp"
#include "vm/platform/native.hpp"

namespace {

using P = vm::NativePlatform;
using WordLock = variants::sync::WordLock<P>;
static_assert(sizeof(WordLock) == 4);

// Each thread comes once a round, and nobody comes later who could wake a forgotten sleeper by chance.
TEST(sync, word_lock_leaves_nobody_asleep) {
  WordLock lock;
  vm::u64 count = 0;
  const unsigned threads = tests::crowd() + 2;
  const vm::u64 rounds = tests::scaled(100);
  std::barrier round(threads);
  tests::together(threads, [&](unsigned index) {
    tests::Restless restless(index);
    for (vm::u64 i = 0; i < rounds; ++i) {
      round.arrive_and_wait();
      const variants::sync::Exclusive guard(lock);
      ++count;
      std::this_thread::sleep_for(std::chrono::microseconds(restless.below(150)));
    }
  });
  EXPECT_EQ(count, rounds * threads);
}

}  // namespace
