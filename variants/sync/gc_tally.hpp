// SPDX-License-Identifier: Apache-2.0
// What a GC layer counts: one tally for each mutator, written by its owner alone, and one that the whole layer shares.
// Protocol:  owned counters need no read-modify-write; shared ones are added to with relaxed read-modify-writes.
// Invariant: a mutator's tally fills whole cache lines of its own, so that counting never moves a line between harts.
// Progress:  wait-free.
#pragma once
#include <algorithm>

#include "variants/sync/owned_counter.hpp"
#include "vm/layers/gc.hpp"

namespace variants::sync {

template <vm::Platform P>
struct alignas(64) MutatorTally {
  OwnedCounter<P> finds;
  OwnedCounter<P> found;
  OwnedCounter<P> allocated;
  OwnedCounter<P> published;
  OwnedCounter<P> refused;
  OwnedCounter<P> links;
  OwnedCounter<P> pause_total;  // nanoseconds
  OwnedCounter<P> pause_max;

  void add_to(vm::GcStatistics& sum) const {
    sum.finds += finds.get();
    sum.found += found.get();
    sum.allocated += allocated.get();
    sum.published += published.get();
    sum.refused += refused.get();
    sum.links += links.get();
    sum.pause_nanoseconds_total += pause_total.get();
    sum.pause_nanoseconds_max = std::max(sum.pause_nanoseconds_max, pause_max.get());
  }
};

// Times one pause of one mutator, from construction to destruction (G6).
template <vm::Platform P>
class Pause {
 public:
  explicit Pause(MutatorTally<P>& tally) : tally_(tally), begun_(P::now()) {}
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
  ~Pause() {
    const auto length = static_cast<vm::u64>((P::now() - begun_).count());
    tally_.pause_total.add(length);
    tally_.pause_max.raise_to(length);
  }

 private:
  MutatorTally<P>& tally_;
  std::chrono::nanoseconds begun_;
};

template <vm::Platform P>
struct alignas(64) LayerTally {
  using Count = typename P::template atomic<vm::u64>;
  Count invalidates{0};
  Count retired{0};
  Count evicted{0};
  Count reclaimed{0};
  Count retired_reclaimed{0};  // the part of `reclaimed` that had been retired
  Count collections{0};
  Count deferred_bytes{0};  // of objects retired and not yet freed

  static void add(Count& count, vm::u64 amount = 1) { count.fetch_add(amount, vm::relaxed); }

  void add_to(vm::GcStatistics& sum) const {
    sum.invalidates += invalidates.load(vm::relaxed);
    // Read in this order, so that a collection in between cannot make the difference negative on one processor's view.
    const vm::u64 gone = retired_reclaimed.load(vm::relaxed);
    const vm::u64 all = retired.load(vm::relaxed);
    sum.retired += all;
    sum.deferred += all > gone ? all - gone : 0;
    sum.evicted += evicted.load(vm::relaxed);
    sum.reclaimed += reclaimed.load(vm::relaxed);
    sum.collections += collections.load(vm::relaxed);
  }
};

// The answer of drops_cached_objects. It stands from the safepoint that gave it until the first safepoint after it was read, so an
// answer given inside allocate is not lost to a caller that asks only after safepoint. The owner's alone.
class DropNotice {
 public:
  void begin_safepoint() {
    if (state_ == State::read) state_ = State::none;
  }
  void give() { state_ = State::given; }
  bool read() {
    if (state_ == State::given) state_ = State::read;
    return state_ != State::none;
  }

 private:
  enum class State : vm::u8 { none, given, read };
  State state_ = State::none;
};

}  // namespace variants::sync
