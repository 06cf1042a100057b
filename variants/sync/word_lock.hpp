// SPDX-License-Identifier: Apache-2.0
// WordLock: the small lock inside the parking lot, directly on P::park. It guards a bucket for some tens of nanoseconds.
//
//  word | meaning
//   0   | free
//   1   | held, nobody sleeps
//   2   | held, and somebody may sleep: unlock must wake one
//
// Protocol:  a locker that has slept takes the lock as 2: it cannot know whether others sleep. So a wake-up is never lost, and at
//            most one is needless.
// Invariant: one thread is between lock and unlock.
// Progress:  blocking; unfair.
// Source:    Drepper, "Futexes are tricky", 2011, mutex 2.
// Proof:     tests/unit/sync/mutex.cpp (through every lock that parks).
#pragma once
#include "vm/platform/platform.hpp"

namespace variants::sync {

template <vm::Platform P>
class WordLock {
 public:
  constexpr WordLock() = default;

  void lock() {
    vm::u32 expected = 0;
    // holder_before_next: what the last holder wrote is seen here. Pairs with holder_before_free; without it a queue is read half linked.
    if (!word_.compare_exchange(expected, 1, vm::acquire, vm::relaxed, "holder_before_next")) [[unlikely]]
      lock_slow();
  }

  void unlock() {
    // holder_before_free: our writes are visible to whoever takes the lock next; pairs with holder_before_next and
    // woken_holder_before_next.
    if (word_.exchange(0, vm::release, "holder_before_free") == 2) [[unlikely]]
      P::unpark_one(word_);
  }

 private:
  static constexpr unsigned spins = 40;  // about one bucket operation, with one futex call inside

  [[gnu::noinline]] void lock_slow() {
    for (unsigned i = 0; i < spins; ++i) {
      P::pause();
      if (word_.load(vm::relaxed) != 0) continue;
      vm::u32 expected = 0;
      if (word_.compare_exchange(expected, 1, vm::acquire, vm::relaxed, "spun_holder_before_next")) return;  // as holder_before_next
    }
    // woken_holder_before_next: as holder_before_next, for the thread that announces sleepers.
    while (word_.exchange(2, vm::acquire, "woken_holder_before_next") != 0) P::park(word_, 2);
  }

  typename P::template atomic<vm::u32> word_{0};
};

}  // namespace variants::sync
