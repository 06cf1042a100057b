// SPDX-License-Identifier: Apache-2.0
// A counter with one writer at a time and any number of readers: an addition costs a plain load, add and store.
// Protocol:  the owner loads, adds and stores; readers load. A reader may miss the newest addition, never see a torn value.
// Invariant: exact whenever the owner is known to be between two operations.
// Progress:  wait-free.
// Source:    McKenney, "Is Parallel Programming Hard", section 5.2 (statistical counters).
#pragma once
#include "vm/platform/platform.hpp"

namespace variants::sync {

template <vm::Platform P>
class OwnedCounter {
 public:
  // For the owner alone.
  [[gnu::always_inline]] void add(vm::u64 amount = 1) { value_.store(value_.load(vm::relaxed) + amount, vm::relaxed); }
  [[gnu::always_inline]] void raise_to(vm::u64 candidate) {
    if (candidate > value_.load(vm::relaxed)) value_.store(candidate, vm::relaxed);
  }
  // For anybody.
  vm::u64 get() const { return value_.load(vm::relaxed); }

 private:
  typename P::template atomic<vm::u64> value_{0};
};

}  // namespace variants::sync
