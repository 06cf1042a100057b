// SPDX-License-Identifier: Apache-2.0
// Mutex: one byte, over the parking lot.
//
//  locked | parked | meaning
//    0    |   0    | free
//    1    |   0    | held, nobody waits in the lot
//    1    |   1    | held, somebody waits: unlock goes to the lot
//    0    |   1    | free, somebody still waits: whoever takes it next keeps the bit, so that its unlock wakes the next
//
// Protocol:  compare-exchange to lock and to unlock. A locker that has spun in vain sets `parked` and parks, if both bits are still set
//            under the bucket's lock. An unlocker that sees `parked` takes one waiter out under that lock and writes the next state
//            there: normally it frees the mutex and lets the woken compete with those on their processors (no convoy); when the
//            lot says be_fair it leaves `locked` set and hands the mutex over (token handed_over).
// Invariant: one thread is between lock and unlock. If a waiter is queued, `parked` is set or an unlocker holds the bucket.
// Progress:  blocking; eventually fair (the lot's timer).
// Source:    Pizlo, "Locking in WebKit", 2016.
// Proof:     tests/unit/sync/mutex.cpp
#pragma once
#include "variants/sync/parking_lot.hpp"
#include "variants/sync/spin_wait.hpp"

namespace variants::sync {

template <vm::Platform P>
class Condition;

template <vm::Platform P>
class Mutex {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  [[gnu::always_inline]] void lock() {
    vm::u8 expected = 0;
    // unlock_before_lock: the last holder's writes are seen. Pairs with unlock_publishes (and its slow twin).
    if (!state_.compare_exchange(expected, locked, vm::acquire, vm::relaxed, "unlock_before_lock")) [[unlikely]]
      lock_slow();
  }

  bool try_lock() {
    for (vm::u8 state = state_.load(vm::relaxed); (state & locked) == 0;) {
      // tried_after_unlock: as unlock_before_lock.
      if (state_.compare_exchange(state, state | locked, vm::acquire, vm::relaxed, "tried_after_unlock")) return true;
    }
    return false;
  }

  [[gnu::always_inline]] void unlock() {
    vm::u8 expected = locked;
    // unlock_publishes: what the holder wrote comes before the mutex is free. Pairs with unlock_before_lock and its twins.
    // Without it the next holder sees half of our writes.
    if (!state_.compare_exchange(expected, 0, vm::release, vm::relaxed, "unlock_publishes")) [[unlikely]]
      unlock_slow();
  }

 private:
  friend class Condition<P>;
  static constexpr vm::u8 locked = 1;
  static constexpr vm::u8 parked = 2;
  static constexpr vm::u32 handed_over = 1;  // tokens
  static constexpr vm::u32 compete = 0;

  [[gnu::noinline]] void lock_slow() {
    SpinWait<P> spin;
    vm::u8 state = state_.load(vm::relaxed);
    for (;;) {
      if ((state & locked) == 0) {
        // spun_after_unlock: as unlock_before_lock.
        if (state_.compare_exchange(state, state | locked, vm::acquire, vm::relaxed, "spun_after_unlock")) return;
        continue;
      }
      if ((state & parked) == 0) {
        if (spin.spin()) {
          state = state_.load(vm::relaxed);
          continue;
        }
        if (!state_.compare_exchange(state, locked | parked, vm::relaxed, vm::relaxed)) continue;
      }
      const Parked result = lot().park(this, 0, [this] { return state_.load(vm::relaxed) == (locked | parked); });
      if (result.outcome == ParkOutcome::unparked && result.token == handed_over) return;  // ordered by the lot's wake
      spin.reset();
      state = state_.load(vm::relaxed);
    }
  }

  [[gnu::noinline]] void unlock_slow() {
    lot().unpark_one(this, [this](Unparked result) {
      const vm::u8 rest = result.more ? parked : 0;
      if (result.be_fair) {
        state_.store(locked | rest, vm::relaxed);  // no other thread changes the word while both bits are set
        return handed_over;
      }
      // slow_unlock_publishes: as unlock_publishes.
      state_.store(rest, vm::release, "slow_unlock_publishes");
      return compete;
    });
  }

  // For Condition, under this mutex's bucket lock: waiters come into its queue.
  bool expect_waiters_if_locked() {
    vm::u8 state = state_.load(vm::relaxed);
    while ((state & locked) != 0) {
      if (state_.compare_exchange(state, state | parked, vm::relaxed, vm::relaxed)) return true;
    }
    return false;
  }
  void expect_waiters() { state_.fetch_or(parked, vm::relaxed); }

  static ParkingLot<P>& lot() { return ParkingLot<P>::global(); }

  typename P::template atomic<vm::u8> state_{0};
};

}  // namespace variants::sync
