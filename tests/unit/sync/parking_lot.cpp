// SPDX-License-Identifier: Apache-2.0
// ParkingLot: validation, order, choice, keys that share a bucket, deadlines, requeueing, timed fairness.
#include "variants/sync/parking_lot.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/stress.hpp"
#include "vm/platform/native.hpp"

namespace {

using namespace std::chrono_literals;
using namespace variants::sync;
using P = vm::NativePlatform;
using Lot = ParkingLot<P>;

// Threads that park one after another, in a known order, and note when they woke.
class Sleepers {
 public:
  explicit Sleepers(Lot& lot) : lot_(lot) {}
  ~Sleepers() {
    for (auto& thread : threads_) thread.join();
  }
  // Returns when the new sleeper is in the queue.
  void add(const void* address, vm::u32 intent) {
    const unsigned before = parked_;
    threads_.emplace_back([this, address, intent] {
      const Parked result = lot_.park(
          address, intent, [] { return true; }, [this] { ++parked_; }, [](const void*, bool) {}, never);
      EXPECT_EQ(result.outcome, ParkOutcome::unparked);
      const std::lock_guard guard(mutex_);
      woken_.push_back({intent, result.token});
    });
    EXPECT_TRUE(tests::eventually([&] { return parked_ == before + 1; }));
  }
  struct Woken {
    vm::u32 intent;
    vm::u32 token;
    bool operator==(const Woken&) const = default;
  };
  std::vector<Woken> woken() {
    const std::lock_guard guard(mutex_);
    return woken_;
  }

 private:
  Lot& lot_;
  std::atomic<unsigned> parked_{0};
  std::mutex mutex_;
  std::vector<Woken> woken_;
  std::vector<std::thread> threads_;
};

constexpr auto no_token = [](Unparked) { return vm::u32{0}; };

TEST(sync, lot_parks_only_what_is_valid) {
  static Lot lot;
  int key = 0;
  EXPECT_EQ(lot.park(&key, 0, [] { return false; }).outcome, ParkOutcome::invalid);
  EXPECT_EQ(lot.unpark_one(&key, no_token), 0u);
}

TEST(sync, lot_wakes_in_order_with_the_token) {
  static Lot lot;
  int key = 0;
  Sleepers sleepers(lot);
  for (vm::u32 i = 0; i < 4; ++i) sleepers.add(&key, i);
  for (vm::u32 i = 0; i < 4; ++i) {
    EXPECT_EQ(lot.unpark_one(&key,
                             [&](Unparked result) {
                               EXPECT_EQ(result.unparked, 1u);
                               EXPECT_EQ(result.more, i < 3);
                               return 100 + i;
                             }),
              1u);
    EXPECT_TRUE(tests::eventually([&] { return sleepers.woken().size() == i + 1; }));
    EXPECT_EQ(sleepers.woken().back(), (Sleepers::Woken{i, 100 + i}));
  }
}

TEST(sync, lot_wakes_the_chosen) {
  static Lot lot;
  int key = 0;
  Sleepers sleepers(lot);
  for (vm::u32 i = 0; i < 5; ++i) sleepers.add(&key, i);
  // 0 wakes, 1 is skipped, 2 wakes, at 3 the choosing stops.
  const auto choose = [](vm::u32 intent) { return intent == 3 ? Choice::stop : intent == 1 ? Choice::skip : Choice::unpark; };
  EXPECT_EQ(lot.unpark_some(&key, choose,
                            [](Unparked result) {
                              EXPECT_TRUE(result.more);
                              return vm::u32{7};
                            }),
            2u);
  EXPECT_TRUE(tests::eventually([&] { return sleepers.woken().size() == 2; }));
  std::this_thread::sleep_for(10ms);
  for (const auto& woken : sleepers.woken()) EXPECT_TRUE(woken.intent == 0 || woken.intent == 2);
  EXPECT_EQ(lot.unpark_all(&key, 8), 3u);
}

TEST(sync, lot_keeps_keys_of_one_bucket_apart) {
  static Lot lot;
  static std::array<char, 8192> memory;
  const auto bucket = [](const void* address) {
    return (reinterpret_cast<vm::u64>(address) * 0x9e37'79b9'7f4a'7c15) >> (64 - Lot::bucket_bits);
  };
  const char* const a = &memory[0];
  const char* b = a + 1;
  while (b != memory.end() && bucket(b) != bucket(a)) ++b;
  ASSERT_NE(b, memory.end());
  Sleepers sleepers(lot);
  sleepers.add(a, 1);
  sleepers.add(b, 2);
  sleepers.add(a, 3);
  EXPECT_EQ(lot.unpark_one(b,
                           [](Unparked result) {
                             EXPECT_FALSE(result.more);
                             return vm::u32{0};
                           }),
            1u);
  EXPECT_TRUE(tests::eventually([&] { return sleepers.woken().size() == 1; }));
  EXPECT_EQ(sleepers.woken().front().intent, 2u);
  EXPECT_EQ(lot.unpark_all(b, 0), 0u);
  EXPECT_EQ(lot.unpark_all(a, 0), 2u);
}

TEST(sync, lot_sleeper_leaves_at_its_deadline) {
  static Lot lot;
  int key = 0;
  bool was_last = false;
  const auto begin = P::now();
  const Parked result = lot.park(
      &key, 0, [] { return true; }, [] {},
      [&](const void* address, bool last) {
        EXPECT_EQ(address, &key);
        was_last = last;
      },
      begin + 5ms);
  EXPECT_EQ(result.outcome, ParkOutcome::timed_out);
  EXPECT_GE(P::now() - begin, 5ms);
  EXPECT_TRUE(was_last);
  EXPECT_EQ(lot.unpark_one(&key, no_token), 0u);
}

TEST(sync, lot_requeues_in_order) {
  static Lot lot;
  int from = 0;
  int to = 0;
  Sleepers sleepers(lot);
  for (vm::u32 i = 0; i < 4; ++i) sleepers.add(&from, i);
  const Unparked none = lot.unpark_requeue(
      &from, &to, [] { return Requeue::none; }, [](Requeue, Unparked) { return 0u; });
  EXPECT_EQ(none.unparked + none.requeued, 0u);
  const Unparked moved = lot.unpark_requeue(
      &from, &to, [] { return Requeue::all_but_one; }, [](Requeue, Unparked) { return 5u; });
  EXPECT_EQ(moved.unparked, 1u);
  EXPECT_EQ(moved.requeued, 3u);
  EXPECT_TRUE(tests::eventually([&] { return sleepers.woken().size() == 1; }));
  EXPECT_EQ(sleepers.woken()[0], (Sleepers::Woken{0, 5}));
  EXPECT_EQ(lot.unpark_one(&from, no_token), 0u);
  for (vm::u32 i = 1; i < 4; ++i) {
    EXPECT_EQ(lot.unpark_one(&to, no_token), 1u);
    EXPECT_TRUE(tests::eventually([&] { return sleepers.woken().size() == i + 1; }));
    EXPECT_EQ(sleepers.woken().back().intent, i);
  }
}

// Sleepers whose deadlines keep passing while others wake them and move them: each must end exactly once, in one of the two ways.
TEST(sync, lot_deadlines_race_with_wakes_and_requeues) {
  static Lot lot;
  std::array<int, 2> keys{};
  std::atomic<vm::u64> parks{0};
  std::atomic<vm::u64> timeouts{0};
  std::atomic<vm::u64> wakes_received{0};
  std::atomic<vm::u64> wakes_sent{0};
  std::atomic<unsigned> sleepers_left{tests::crowd()};
  tests::together(tests::crowd() + 2, [&](unsigned index) {
    tests::Restless restless(index);
    if (index >= tests::crowd()) {
      while (sleepers_left != 0) {
        const bool swap = restless.below(2) == 0;
        if (restless.below(2) == 0) {
          wakes_sent += lot.unpark_one(&keys[swap], no_token);
        } else {
          wakes_sent += lot.unpark_requeue(
                               &keys[swap], &keys[!swap], [&] { return restless.below(2) == 0 ? Requeue::all : Requeue::all_but_one; },
                               [](Requeue, Unparked) { return 0u; })
                            .unparked;
        }
        restless.maybe_yield();
      }
      return;
    }
    for (vm::u64 i = 0; i < tests::scaled(3'000); ++i) {
      ++parks;
      const Parked result = lot.park(
          &keys[restless.below(2)], 0, [] { return true; }, [] {}, [](const void*, bool) {},
          P::now() + std::chrono::microseconds(restless.below(100)));
      ++(result.outcome == ParkOutcome::timed_out ? timeouts : wakes_received);
    }
    --sleepers_left;
  });
  EXPECT_EQ(timeouts + wakes_received, parks);
  EXPECT_EQ(wakes_sent, wakes_received);
  EXPECT_GT(timeouts, 0u);
  EXPECT_GT(wakes_received, 0u);
}

TEST(sync, lot_is_fair_now_and_then_and_not_always) {
  static Lot lot;
  int key = 0;
  unsigned fair = 0;
  constexpr unsigned wakes = 60;
  std::atomic<bool> stop{false};
  std::atomic<unsigned> asleep{0};
  std::atomic<bool> gone{false};
  std::thread sleeper([&] {
    while (!stop)
      lot.park(
          &key, 0, [&] { return !stop; }, [&] { ++asleep; }, [](const void*, bool) {}, never);
    gone = true;
  });
  for (unsigned i = 0; i < wakes; ++i) {
    ASSERT_TRUE(tests::eventually([&] { return asleep == i + 1; }));
    if (i % 2 == 0) std::this_thread::sleep_for(1100us);  // past any hand-over time: this wake must be fair
    lot.unpark_one(&key, [&](Unparked result) {
      EXPECT_EQ(result.unparked, 1u);
      if (i % 2 == 0) {
        EXPECT_TRUE(result.be_fair);
      }
      fair += result.be_fair;
      return vm::u32{0};
    });
  }
  EXPECT_LT(fair, wakes);
  stop = true;
  EXPECT_TRUE(tests::eventually([&] {
    lot.unpark_all(&key, 0);
    return gone.load();
  }));
  sleeper.join();
}

}  // namespace
