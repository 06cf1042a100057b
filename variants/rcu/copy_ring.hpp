// SPDX-License-Identifier: Apache-2.0
// CopyRing: a bounded supply of published copies of one State, each reused when a grace period has passed since it was retired.
//
//  copies are numbered from 0 in the order of publication; copy n lies in slot n mod capacity
//     0 .. passed    | no reader can hold them: their slots may be filled again
//  passed .. covered | retired; a grace period for them is under way (none is if passed == covered)
//  covered .. made-1 | retired since; the next grace period is theirs
//      made-1        | the published copy, unless withdrawn: then retired too
//
// Protocol:  the owner (under the device's writer lock) fills a free slot, publishes it by a release store and thereby retires the one
//            before. When a batch has been retired and no grace period is under way, it defers one callback for all of them. It never
//            waits for a grace period: a reader that is inside a long read section may be waiting for the writer lock. When no slot is
//            free, it withdraws the copy, and readers go to the lock for a while.
// Invariant: a slot is written only when every read section that could have seen its last copy has ended.
// Progress:  current() wait-free; the owner's operations lock-free but for defer's allocation. At most one callback is outstanding.
// Source:    McKenney, "Is parallel programming hard", chapter 9 (publish and retire); the ring bounds the backlog by construction.
// Proof:     tests/contract/device_registers_*.cpp
#pragma once
#include <algorithm>
#include <array>
#include <memory>

#include "variants/rcu/rcu.hpp"

namespace variants::rcu_variant {

template <vm::Platform P, class State>
class CopyRing {
 public:
  // Copies: enough for the mutations of one grace period of call_rcu (some 10 ms) at some ten thousand a second, in at most 128 KiB.
  static constexpr std::size_t bytes = std::size_t{128} << 10;
  static constexpr vm::u64 capacity = std::clamp<std::size_t>(bytes / ((sizeof(State) + 127) / 64 * 64), 16, 512);
  static constexpr vm::u64 batch = capacity / 4;

  CopyRing() = default;
  ~CopyRing() {
    if (passed() != covered_.get()) Rcu<P>::barrier();  // the callback still refers to us
  }
  CopyRing(const CopyRing&) = delete;
  CopyRing& operator=(const CopyRing&) = delete;

  // The published State, or null. In a read section; valid until its end.
  [[gnu::always_inline]] const State* current() const {
    // copy_before_look: the copy's bytes are seen whole. Pairs with copy_before_publish. Without it half of an older copy is read.
    const Copy* copy = published_.load(vm::acquire, "copy_before_look");
    if (copy == nullptr) return nullptr;
    (void)copy->number.get();  // stands for the State where accesses are checked for races
    return &copy->state;
  }

  // The rest is for the holder of the device's writer lock.

  bool published() const { return published_.load(vm::relaxed) != nullptr; }
  vm::u64 made() const { return made_.get(); }
  bool plenty() { return free() >= capacity / 2; }
  bool any() { return free() != 0; }

  // A slot is free.
  void publish(const State& state) {
    Copy& copy = slots_[made_.get() % capacity];
    copy.number.set(made_.get());
    copy.state = state;
    // copy_before_publish: pairs with copy_before_look.
    published_.store(&copy, vm::release, "copy_before_publish");
    made_.set(made_.get() + 1);
    retired_.set(made_.get() - 1);
  }

  void withdraw() {
    published_.store(nullptr, vm::relaxed);  // hides, shows nothing; the writer lock orders what a reader then reads
    retired_.set(made_.get());
  }

  // Begins a grace period for all that is retired, if a batch is and none is under way. True if it did.
  bool retire_batch() {
    if (retired_.get() - covered_.get() < batch || passed() != covered_.get()) return false;
    covered_.set(retired_.get());
    Rcu<P>::defer(&grace_period_over, this);
    return true;
  }

 private:
  struct alignas(64) Copy {
    State state{};
    typename P::template var<vm::u64> number{0};
  };

  vm::u64 free() { return capacity - (made_.get() - passed()); }

  vm::u64 passed() const {
    // readers_before_reuse: the ends of the read sections, which the grace period has ordered before its callback, come before we
    // fill the slots again. Pairs with grace_before_reuse. Without it we overwrite what a reader still reads.
    return passed_.load(vm::acquire, "readers_before_reuse");
  }

  static void grace_period_over(void* ring) {
    auto& self = *static_cast<CopyRing*>(ring);
    // grace_before_reuse: pairs with readers_before_reuse. covered_ stands still until the owner has seen this store.
    self.passed_.store(self.covered_.get(), vm::release, "grace_before_reuse");
  }

  alignas(64) typename P::template atomic<Copy*> published_{nullptr};
  alignas(64) typename P::template var<vm::u64> made_{0};
  typename P::template var<vm::u64> retired_{0};
  typename P::template var<vm::u64> covered_{0};
  typename P::template atomic<vm::u64> passed_{0};
  std::unique_ptr<Copy[]> slots_ = std::make_unique<Copy[]>(capacity);
};

}  // namespace variants::rcu_variant
