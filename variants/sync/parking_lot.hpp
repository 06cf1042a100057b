// SPDX-License-Identifier: Apache-2.0
// The parking lot: queues of sleeping threads, keyed by address, so that a lock needs no room for its waiters.
//
// Protocol:  park checks `validate` under the bucket's lock and only then enqueues; an unparker changes the lock's word under the same
//            bucket lock (in its callback), after it has chosen whom to wake. So a word that says "somebody is parked" and the queue
//            agree whenever the bucket is free, and no wake-up falls between check and sleep.
//            A waiter lives on its thread's stack. The unparker touches it last when it clears `waiting`; then it may vanish, and
//            the wake-up that follows may reach a stranger, for whom it is spurious.
// Invariant: a waiter is in exactly one bucket's queue, that of its key, until it is taken out (its key becomes null, under the
//            bucket's lock); who took it out clears `waiting` soon after. Waiters of one key are first in, first out.
// Fairness:  at a random time up to 1 ms after the last, each bucket tells its unparker to hand the lock over instead of letting
//            anybody barge: a waiter is overtaken for some milliseconds, not for ever.
// Progress:  blocking. A bucket is held for a walk of its queue, never across a sleep.
// Source:    Pizlo, "Locking in WebKit", 2016; the parking_lot crate (timed fairness, requeue).
// Proof:     tests/unit/sync/parking_lot.cpp
#pragma once
#include <array>
#include <utility>

#include "variants/sync/wait_queue.hpp"
#include "variants/sync/word_lock.hpp"

namespace variants::sync {

// What a parked thread learns. `token` is what the unparker's callback returned; 0 unless unparked.
enum class ParkOutcome : vm::u8 { invalid, unparked, timed_out };
struct Parked {
  ParkOutcome outcome;
  vm::u32 token = 0;
};

// What an unparker's callback learns, under the bucket lock.
struct Unparked {
  vm::u32 unparked = 0;  // threads chosen to wake
  vm::u32 requeued = 0;  // threads moved to the other key
  bool more = false;     // threads still wait for the first key
  bool be_fair = false;  // somebody is woken, and it is time to hand the lock over
};

enum class Choice : vm::u8 { unpark, skip, stop };
enum class Requeue : vm::u8 { none, all, all_but_one };  // all_but_one: the first is woken, the rest move

inline constexpr std::chrono::nanoseconds never = std::chrono::nanoseconds::max();  // a deadline

template <vm::Platform P>
class ParkingLot {
 public:
  // The machine has at most max_harts vCPU threads and some device threads; three buckets for each keep queues short.
  // More threads than that only lengthen the queues.
  static constexpr unsigned bucket_bits = 8;
  static_assert((1u << bucket_bits) >= 3 * vm::max_harts);

  constexpr ParkingLot() = default;
  ParkingLot(const ParkingLot&) = delete;
  ParkingLot& operator=(const ParkingLot&) = delete;

  // The one of this Platform. A Platform whose state is reborn in each run (a model checker) supplies its own by P::global<T>().
  static ParkingLot& global() {
    if constexpr (requires { P::template global<ParkingLot>(); }) {
      return P::template global<ParkingLot>();
    } else {
      return process_wide;
    }
  }

  // Parks the calling thread on `address` if validate() holds under the bucket's lock. before_sleep() runs when the thread is
  // enqueued, outside the lock. At `deadline` (on P's clock) the thread leaves the queue that it is in by then and runs
  // timed_out(key, last) under that bucket's lock: key is the address that it waited on (another one after a requeue), last that
  // nobody else waits on it. `intent` is for the choices of unpark_some.
  template <class Validate, class BeforeSleep, class TimedOut>
  Parked park(const void* address, vm::u32 intent, Validate&& validate, BeforeSleep&& before_sleep, TimedOut&& timed_out,
              std::chrono::nanoseconds deadline) {
    Waiter<P> self(address, intent);
    Bucket& bucket = bucket_of(address);
    bucket.lock.lock();
    if (!validate()) {
      bucket.lock.unlock();
      return {ParkOutcome::invalid};
    }
    bucket.queue.append(self);
    bucket.lock.unlock();
    before_sleep();
    for (;;) {
      // token_before_return: the token, and all that its unparker did before, are seen. Pairs with token_before_wake.
      // Without it a lock that was handed over does not show what its last holder wrote.
      if (self.waiting.load(vm::acquire, "token_before_return") == 0) return {ParkOutcome::unparked, self.token.get()};
      if (deadline == never) {
        P::park(self.waiting, 1);
      } else if (const auto now = P::now(); now < deadline) {
        P::park_for(self.waiting, 1, deadline - now);
      } else if (leave(self, timed_out)) {
        return {ParkOutcome::timed_out};
      } else {
        deadline = never;  // taken out just before: the wake-up comes
      }
    }
  }
  template <class Validate>
  Parked park(const void* address, vm::u32 intent, Validate&& validate) {
    return park(
        address, intent, validate, [] {}, [](const void*, bool) {}, never);
  }

  // Wakes the first waiter of `address`. callback(Unparked) -> token runs under the bucket's lock, also when nobody waits.
  // Returns the number of woken threads, as the two below.
  template <class Callback>
  vm::u32 unpark_one(const void* address, Callback&& callback) {
    bool first = true;
    return unpark_some(
        address, [&first](vm::u32) { return std::exchange(first, false) ? Choice::unpark : Choice::stop; }, callback);
  }

  vm::u32 unpark_all(const void* address, vm::u32 token) {
    return unpark_some(
        address, [](vm::u32) { return Choice::unpark; }, [token](Unparked) { return token; });
  }

  // Asks choose(intent) for the waiters of `address`, in order, until it says stop; wakes the chosen.
  template <class Choose, class Callback>
  vm::u32 unpark_some(const void* address, Choose&& choose, Callback&& callback) {
    Bucket& bucket = bucket_of(address);
    WaitQueue<P> woken;
    Unparked result;
    bucket.lock.lock();
    bucket.queue.walk(woken, [&](Waiter<P>& waiter) {
      if (waiter.key.load(vm::relaxed) != address) return Visit::leave;
      const Choice choice = choose(waiter.intent.get());
      if (choice == Choice::unpark) {
        waiter.key.store(nullptr, vm::relaxed);
        ++result.unparked;
        return Visit::take;
      }
      result.more = true;
      return choice == Choice::stop ? Visit::end : Visit::leave;
    });
    result.be_fair = result.unparked != 0 && bucket.time_to_be_fair();
    const vm::u32 token = callback(result);
    bucket.lock.unlock();
    wake(woken, token);
    return result.unparked;
  }

  // Moves waiters of `from` to the end of the queue of `to`, as decide() says under both bucket locks; callback(Requeue, Unparked)
  // -> token runs after the move, under both.
  template <class Decide, class Callback>
  Unparked unpark_requeue(const void* from, const void* to, Decide&& decide, Callback&& callback) {
    Bucket& source = bucket_of(from);
    Bucket& target = bucket_of(to);
    lock_both(source, target);
    const Requeue decision = decide();
    WaitQueue<P> woken;
    WaitQueue<P> moved;
    Unparked result;
    if (decision != Requeue::none) {
      source.queue.walk(moved, [&](Waiter<P>& waiter) { return waiter.key.load(vm::relaxed) == from ? Visit::take : Visit::leave; });
      bool wake_next = decision == Requeue::all_but_one;
      for (Waiter<P>* waiter = moved.head(); waiter != nullptr;) {
        Waiter<P>* const next = waiter->next.get();
        waiter->key.store(wake_next ? nullptr : to, vm::relaxed);
        (wake_next ? woken : target.queue).append(*waiter);
        ++(wake_next ? result.unparked : result.requeued);
        wake_next = false;
        waiter = next;
      }
      result.be_fair = result.unparked != 0 && source.time_to_be_fair();
    }
    const vm::u32 token = callback(decision, result);
    source.lock.unlock();
    if (&source != &target) target.lock.unlock();
    wake(woken, token);
    return result;
  }

 private:
  struct alignas(64) Bucket {
    constexpr Bucket() = default;
    WordLock<P> lock;
    WaitQueue<P> queue;
    typename P::template var<vm::u64> fair_after{0};  // nanoseconds
    typename P::template var<vm::u64> random{0x9e37'79b9'7f4a'7c15};

    bool time_to_be_fair() {
      const auto now = static_cast<vm::u64>(P::now().count());
      if (now < fair_after.get()) return false;
      vm::u64 x = random.get();
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
      random.set(x);
      fair_after.set(now + x % 1'000'000);
      return true;
    }
  };

  Bucket& bucket_of(const void* address) {
    return buckets_[(reinterpret_cast<vm::u64>(address) * 0x9e37'79b9'7f4a'7c15) >> (64 - bucket_bits)];
  }

  static void lock_both(Bucket& a, Bucket& b) {  // in the order of their addresses, so that two requeues cannot deadlock
    Bucket& first = &a < &b ? a : b;
    Bucket& second = &a < &b ? b : a;
    first.lock.lock();
    if (&first != &second) second.lock.lock();
  }

  // Takes a waiter whose deadline has come out of the queue that it is in. False: somebody has taken it out before.
  template <class TimedOut>
  bool leave(Waiter<P>& self, TimedOut&& timed_out) {
    for (;;) {
      const void* key = self.key.load(vm::relaxed);
      if (key == nullptr) return false;
      Bucket& bucket = bucket_of(key);
      bucket.lock.lock();
      if (self.key.load(vm::relaxed) == key) {  // it stays so: keys change only under their bucket's lock
        bucket.queue.remove(self);
        timed_out(key, !bucket.queue.has(key));
        bucket.lock.unlock();
        return true;
      }
      bucket.lock.unlock();
    }
  }

  static void wake(WaitQueue<P>& woken, vm::u32 token) {
    for (Waiter<P>* waiter = woken.head(); waiter != nullptr;) {
      Waiter<P>* const next = waiter->next.get();
      waiter->token.set(token);
      auto& word = waiter->waiting;
      // token_before_wake: the token and what the unparker did before it come first. Pairs with token_before_return.
      word.store(0, vm::release, "token_before_wake");
      P::unpark_one(word);  // by address alone: the node may be gone
      waiter = next;
    }
  }

  static ParkingLot process_wide;
  std::array<Bucket, 1u << bucket_bits> buckets_;
};

template <vm::Platform P>
constinit ParkingLot<P> ParkingLot<P>::process_wide;

}  // namespace variants::sync
