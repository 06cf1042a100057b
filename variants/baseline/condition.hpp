// SPDX-License-Identifier: Apache-2.0
// A condition for the platform's own mutex: what std::condition_variable is to std::mutex.
// Protocol:  the sequence is read and changed only under the mutex. A waiter reads it, releases the mutex and parks while the sequence
//            is still what it read; a notification in between has changed it, and the waiter does not sleep.
// Invariant: no notification made after wait() released the mutex is lost (unless 2^32 of them come at once).
// Progress:  wait blocking; notify_all wait-free.
// Source:    Drepper, "Futexes Are Tricky", 2011, section 9.
#pragma once
#include "vm/platform/platform.hpp"

namespace variants::baseline_variant {

template <vm::Platform P>
class Condition {
 public:
  // Releases the mutex while it waits. May return at any time. Relaxed throughout: the mutex orders all that matters.
  void wait(typename P::mutex& mutex) {
    const vm::u32 seen = sequence_.load(vm::relaxed);
    mutex.unlock();
    P::park(sequence_, seen);
    mutex.lock();
  }
  // The caller holds the mutex.
  void notify_all() {
    sequence_.fetch_add(1, vm::relaxed);
    P::unpark_all(sequence_);
  }

 private:
  typename P::template atomic<vm::u32> sequence_{0};
};

}  // namespace variants::baseline_variant
