// SPDX-License-Identifier: Apache-2.0
// SharedMutex: a reader-writer lock of four bytes, over the parking lot.
//
//  word: readers (bits 3..31) | writer (2) | drain (1) | parked (0)
//
//  readers | writer | meaning
//     0    |   0    | free
//     n    |   0    | held by n readers
//     0    |   1    | held by a writer
//     n    |   1    | a writer owns the right to write and waits until the n readers are gone; no reader enters
//  drain:  that writer sleeps, at address + 1: the reader that leaves last wakes it
//  parked: readers or writers sleep, at address, until the writer is done
//  A reader adds itself before it looks, and takes itself back when it finds a writer: the count may flicker.
//
// Protocol:  readers add and subtract; a writer sets `writer` by compare-exchange, then waits for the readers to drain. Whoever finds
//            `writer` spins, then sets `parked` and parks while `writer` and `parked` stand under the bucket's lock. unlock that sees
//            `parked` wakes the first waiter if that is a writer, else all readers and the first writer; when the lot says be_fair
//            it hands the lock over to those that it wakes.
// Invariant: at most one thread owns `writer`; it writes only after it has seen readers == 0. If somebody sleeps at address, then a
//            thread owns `writer`, or one that will is awake: its unlock wakes the rest.
// Fairness:  a waiting writer stops new readers, so that writers do not starve; readers are overtaken by writers only until the lot
//            is fair. A thread that holds it shared must not lock it shared again: a writer between the two waits for ever.
// Progress:  blocking; lock_shared and unlock_shared are one fetch_add and one fetch_sub while no writer is about.
// Source:    the parking_lot crate's RwLock (two keys, wake policy); Courtois et al., "Concurrent control with readers and writers",
//            CACM 1971, problem 2; the optimistic count is from folly's SharedMutex.
// Proof:     tests/unit/sync/shared_mutex.cpp
#pragma once
#include "variants/sync/parking_lot.hpp"
#include "variants/sync/spin_wait.hpp"

namespace variants::sync {

template <vm::Platform P>
class SharedMutex {
 public:
  constexpr SharedMutex() = default;
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

  [[gnu::always_inline]] void lock() {
    vm::u32 expected = 0;
    // all_before_write: the writes of the last writer and the reads of all readers come before ours. Pairs with write_publishes and
    // reads_before_leave. Without it we overwrite what a reader still reads.
    if (!word_.compare_exchange(expected, writer, vm::acquire, vm::relaxed, "all_before_write")) [[unlikely]]
      lock_slow();
  }

  // May fail while a reader is only looking, too.
  bool try_lock() {
    vm::u32 expected = 0;
    // tried_before_write: as all_before_write.
    return word_.compare_exchange(expected, writer, vm::acquire, vm::relaxed, "tried_before_write");
  }

  [[gnu::always_inline]] void unlock() {
    vm::u32 expected = writer;
    // write_publishes: our writes come before the lock is free. Pairs with all_before_write and write_before_read.
    if (!word_.compare_exchange(expected, 0, vm::release, vm::relaxed, "write_publishes")) [[unlikely]]
      unlock_slow();
  }

  [[gnu::always_inline]] void lock_shared() {
    // write_before_read: the last writer's writes are seen. Pairs with write_publishes and its twins.
    if ((word_.fetch_add(reader, vm::acquire, "write_before_read") & writer) != 0) [[unlikely]]
      lock_shared_slow();
  }

  bool try_lock_shared() {
    // tried_before_read: as write_before_read.
    if ((word_.fetch_add(reader, vm::acquire, "tried_before_read") & writer) == 0) return true;
    unlock_shared();
    return false;
  }

  [[gnu::always_inline]] void unlock_shared() {
    // reads_before_leave: our reads are done before a writer can see us gone. Pairs with all_before_write and drained_before_write.
    const vm::u32 before = word_.fetch_sub(reader, vm::release, "reads_before_leave");
    if ((before & (readers | drain)) == (reader | drain)) [[unlikely]]
      wake_drained();
  }

 private:
  static constexpr vm::u32 parked = 1;
  static constexpr vm::u32 drain = 2;
  static constexpr vm::u32 writer = 4;
  static constexpr vm::u32 reader = 8;
  static constexpr vm::u32 readers = ~vm::u32{7};
  static constexpr vm::u32 handed_over = 1;  // tokens
  static constexpr vm::u32 compete = 0;

  // Parks while a writer owns the lock. True: it was handed over to us, in the sense of `intent` (reader or writer).
  bool park(vm::u32 intent) {
    const Parked result = lot().park(this, intent, [this] { return (word_.load(vm::relaxed) & (writer | parked)) == (writer | parked); });
    return result.outcome == ParkOutcome::unparked && result.token == handed_over;
  }

  // Waits on a word that says `writer`: true when the caller should look again, false when it has set `parked` and should park.
  bool spin_or_announce(SpinWait<P>& spin, vm::u32& word) {
    if ((word & parked) == 0) {
      if (spin.spin()) {
        word = word_.load(vm::relaxed);
        return true;
      }
      if (!word_.compare_exchange(word, word | parked, vm::relaxed, vm::relaxed)) return true;
      word |= parked;
    }
    return false;
  }

  [[gnu::noinline]] void lock_slow() {
    SpinWait<P> spin;
    vm::u32 word = word_.load(vm::relaxed);
    for (;;) {
      if ((word & writer) == 0) {
        // writer_after_writer: the last writer's writes are seen; the readers' part is drained_before_write's. Pairs with write_publishes.
        if (word_.compare_exchange(word, word | writer, vm::acquire, vm::relaxed, "writer_after_writer")) break;
        continue;
      }
      if (spin_or_announce(spin, word)) continue;
      if (park(writer)) break;
      spin.reset();
      word = word_.load(vm::relaxed);
    }
    wait_for_readers();
  }

  // We own `writer`.
  void wait_for_readers() {
    SpinWait<P> spin;
    // drained_before_write: all readers' reads come before our writes. Pairs with reads_before_leave (each leaving continues the
    // release sequence of the ones before it). Without it we overwrite what a reader still reads.
    while ((word_.load(vm::acquire, "drained_before_write") & readers) != 0) {
      if (spin.spin()) continue;
      const vm::u32 before = word_.fetch_or(drain, vm::relaxed);
      if ((before & readers) != 0) {
        lot().park(drain_key(), writer, [this] {
          const vm::u32 word = word_.load(vm::relaxed);
          return (word & readers) != 0 && (word & drain) != 0;
        });
      }
      word_.fetch_and(~drain, vm::relaxed);  // only its owner waits for the drain: nobody else's sleep is forgotten
      spin.reset();
    }
  }

  // The last reader left while `drain` was set.
  [[gnu::noinline]] void wake_drained() {
    lot().unpark_one(drain_key(), [](Unparked) { return compete; });
  }

  [[gnu::noinline]] void unlock_slow() {
    vm::u32 word = word_.load(vm::relaxed);
    while ((word & parked) == 0) {
      // unparked_write_publishes: as write_publishes, when readers are looking.
      if (word_.compare_exchange(word, word & ~writer, vm::release, vm::relaxed, "unparked_write_publishes")) return;
    }
    vm::u32 chosen = 0;  // the sum of what the woken want
    lot().unpark_some(
        this,
        [&chosen](vm::u32 intent) {
          if (intent == writer && chosen != 0) return (chosen & writer) != 0 ? Choice::skip : (chosen += writer, Choice::unpark);
          if (chosen == writer) return Choice::stop;
          chosen += intent;
          return Choice::unpark;
        },
        [this, &chosen](Unparked result) {
          const vm::u32 cleared = writer + (result.more ? 0 : parked);
          const vm::u32 granted = result.be_fair ? chosen : 0;
          // parked_write_publishes: as write_publishes. An addition, since readers that are only looking change the count meanwhile.
          word_.fetch_add(granted - cleared, vm::release, "parked_write_publishes");
          return result.be_fair ? handed_over : compete;
        });
  }

  [[gnu::noinline]] void lock_shared_slow() {
    unlock_shared();  // we were only looking
    SpinWait<P> spin;
    vm::u32 word = word_.load(vm::relaxed);
    for (;;) {
      if ((word & writer) == 0) {
        // spun_before_read: as write_before_read.
        if (word_.compare_exchange(word, word + reader, vm::acquire, vm::relaxed, "spun_before_read")) return;
        continue;
      }
      if (spin_or_announce(spin, word)) continue;
      if (park(reader)) return;
      spin.reset();
      word = word_.load(vm::relaxed);
    }
  }

  const void* drain_key() const { return reinterpret_cast<const char*>(this) + 1; }
  static ParkingLot<P>& lot() { return ParkingLot<P>::global(); }

  typename P::template atomic<vm::u32> word_{0};
};

}  // namespace variants::sync
