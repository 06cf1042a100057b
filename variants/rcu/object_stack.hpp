// SPDX-License-Identifier: Apache-2.0
// A stack of objects that many push to and one empties at once: the grey objects, and each mutator's new ones.
// Protocol:  push links the object through one of its list fields and swings the head to it; take_all detaches the whole stack. Nothing
//            is ever popped alone, so a head that changes and comes back does no harm (no ABA).
// Invariant: an object is on the stack once; its list field belongs to the pusher before push and to the taker after take_all.
// Progress:  push lock-free; take_all wait-free.
// Source:    Treiber, "Systems Programming: Coping with Parallelism", IBM RJ 5118, 1986.
#pragma once
#include "variants/sync/object_heap.hpp"

namespace variants::rcu_variant {

template <vm::Platform P, unsigned Link>
class ObjectStack {
 public:
  using Object = vm::Object<P>;

  void push(Object* object) {
    Object* head = head_.load(vm::relaxed);
    do {
      object->next[Link] = head;
      // object_before_head: the list field, and all that the pusher wrote to the object, come before it is on the stack. Pairs with
      //   head_before_object. Without it the collector follows a link that has not been written yet.
    } while (!head_.compare_exchange(head, object, vm::release, vm::relaxed, "object_before_head"));
  }
  Object* take_all() {
    if (head_.load(vm::relaxed) == nullptr) return nullptr;
    // head_before_object: pairs with object_before_head.
    return head_.exchange(nullptr, vm::acquire, "head_before_object");
  }

 private:
  typename P::template atomic<Object*> head_{nullptr};
};

}  // namespace variants::rcu_variant
