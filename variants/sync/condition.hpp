// SPDX-License-Identifier: Apache-2.0
// Condition: a condition variable of eight bytes for Mutex, over the parking lot.
//
//  mutex_   | meaning
//   null    | nobody waits: notifying is one load
//   a mutex | somebody waits in the lot at this address, and that is the mutex that they will take again
//
// Protocol:  wait enqueues before it lets go of the mutex, so that a notifier that takes the mutex later finds it. notify_all wakes at
//            most one waiter: the others move to the queue of the mutex, since only one of them could take it anyway, and its
//            unlocks wake them one by one. A deadline that comes after such a move no longer counts as a timeout.
// Invariant: mutex_ is not null while anybody waits here; it changes only under the bucket's lock. All that wait at one time use one
//            mutex.
// Progress:  blocking; notify with nobody waiting is wait-free.
// Source:    the parking_lot crate's Condvar; FUTEX_CMP_REQUEUE, futex(2).
// Proof:     tests/unit/sync/condition.cpp
#pragma once
#include "variants/sync/mutex.hpp"
#include "vm/platform/invariant.hpp"

namespace variants::sync {

template <vm::Platform P>
class Condition {
 public:
  constexpr Condition() = default;
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  // Lets go of the mutex, which the caller holds, and takes it again before it returns. May return at any time: recheck.
  void wait(Mutex<P>& mutex) { wait_until(mutex, never); }

  // The same, for at most `limit`. False: the time passed and nobody notified us.
  bool wait_for(Mutex<P>& mutex, std::chrono::nanoseconds limit) {
    const auto now = P::now();
    return wait_until(mutex, limit < never - now ? now + limit : never);
  }

  // The same, until `deadline` on P's clock.
  bool wait_until(Mutex<P>& mutex, std::chrono::nanoseconds deadline) {
    bool requeued = false;
    const Parked result = lot().park(
        this, 0,
        [&] {
          Mutex<P>* const used = mutex_.load(vm::relaxed);
          INTERLOCK_INVARIANT(used == nullptr || used == &mutex, "a Condition is waited on with two mutexes at a time");
          mutex_.store(&mutex, vm::relaxed);
          return true;
        },
        [&] { mutex.unlock(); },
        [&](const void* key, bool last) {
          requeued = key != this;
          if (!requeued && last) mutex_.store(nullptr, vm::relaxed);
        },
        deadline);
    const bool notified = result.outcome == ParkOutcome::unparked || requeued;
    if (!(result.outcome == ParkOutcome::unparked && result.token == Mutex<P>::handed_over)) mutex.lock();
    return notified;
  }

  // Wakes one waiter. The caller need not hold the mutex, but what it changed it must have changed under the mutex.
  void notify_one() {
    // Relaxed is enough: a waiter set mutex_ before it let go of the mutex, under which the caller has since changed the condition.
    if (mutex_.load(vm::relaxed) == nullptr) return;
    lot().unpark_one(this, [this](Unparked result) {
      if (!result.more) mutex_.store(nullptr, vm::relaxed);
      return Mutex<P>::compete;
    });
  }

  // Wakes all waiters, in their order, as fast as the mutex goes from one to the next.
  void notify_all() {
    Mutex<P>* const mutex = mutex_.load(vm::relaxed);
    if (mutex == nullptr) return;
    lot().unpark_requeue(
        this, mutex,
        [&] {
          if (mutex_.load(vm::relaxed) != mutex) return Requeue::none;  // those have been woken since
          mutex_.store(nullptr, vm::relaxed);
          return mutex->expect_waiters_if_locked() ? Requeue::all : Requeue::all_but_one;
        },
        [&](Requeue decision, Unparked result) {
          if (decision == Requeue::all_but_one && result.requeued != 0) mutex->expect_waiters();
          return Mutex<P>::compete;
        });
  }

 private:
  static ParkingLot<P>& lot() { return ParkingLot<P>::global(); }

  typename P::template atomic<Mutex<P>*> mutex_{nullptr};
};

}  // namespace variants::sync
