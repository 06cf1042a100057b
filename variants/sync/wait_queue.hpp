// SPDX-License-Identifier: Apache-2.0
// The nodes and queues of the parking lot. One queue holds the waiters of every address that hashes to its bucket.
//
//  waiter's key | waiting | meaning
//   an address  |    1    | in the queue of that address's bucket
//   null        |    1    | taken out by an unparker, which will clear `waiting`
//   null        |    0    | woken: the node may vanish at any moment
//
// Invariant: links, intent and token are touched only under the bucket's lock, but for the token and the link of a waiter that has
//            been taken out: they belong to its unparker until it clears `waiting`.
// Progress:  every operation is a bounded walk.
// Proof:     tests/unit/sync/parking_lot.cpp
#pragma once
#include "vm/platform/platform.hpp"

namespace variants::sync {

template <vm::Platform P>
struct Waiter {
  Waiter(const void* address, vm::u32 why) : key(address), intent(why) {}
  typename P::template atomic<vm::u32> waiting{1};
  typename P::template atomic<const void*> key;  // written under the bucket's lock; read without it only to find the bucket
  typename P::template var<Waiter*> next{nullptr};
  typename P::template var<vm::u32> intent;
  typename P::template var<vm::u32> token{0};
};

enum class Visit : vm::u8 { leave, take, end };

template <vm::Platform P>
class WaitQueue {
 public:
  constexpr WaitQueue() = default;

  Waiter<P>* head() const { return head_.get(); }

  void append(Waiter<P>& waiter) {
    waiter.next.set(nullptr);
    if (Waiter<P>* last = tail_.get(); last != nullptr) {
      last->next.set(&waiter);
    } else {
      head_.set(&waiter);
    }
    tail_.set(&waiter);
  }

  // Walks the queue in order until visit(waiter) says end; what it says to take moves to the end of `out`, in order.
  template <class Visitor>
  void walk(WaitQueue& out, Visitor&& visit) {
    Waiter<P>* previous = nullptr;
    for (Waiter<P>* waiter = head_.get(); waiter != nullptr;) {
      Waiter<P>* const next = waiter->next.get();
      const Visit verdict = visit(*waiter);
      if (verdict == Visit::end) return;
      if (verdict == Visit::take) {
        unlink(previous, next);
        out.append(*waiter);
      } else {
        previous = waiter;
      }
      waiter = next;
    }
  }

  void remove(Waiter<P>& leaving) {
    WaitQueue removed;
    walk(removed, [&](Waiter<P>& waiter) { return &waiter == &leaving ? Visit::take : Visit::leave; });
  }

  bool has(const void* key) const {
    for (Waiter<P>* waiter = head_.get(); waiter != nullptr; waiter = waiter->next.get()) {
      if (waiter->key.load(vm::relaxed) == key) return true;
    }
    return false;
  }

 private:
  void unlink(Waiter<P>* previous, Waiter<P>* next) {
    if (previous != nullptr) {
      previous->next.set(next);
    } else {
      head_.set(next);
    }
    if (next == nullptr) tail_.set(previous);
  }

  typename P::template var<Waiter<P>*> head_{nullptr};
  typename P::template var<Waiter<P>*> tail_{nullptr};
};

}  // namespace variants::sync
