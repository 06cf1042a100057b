// SPDX-License-Identifier: Apache-2.0
// The parts of a tracing collector that need no synchronization of their own: making and freeing objects, the list of all
// objects, and marking. Whoever uses them owns the list, or has stopped whoever else could change it.
// Protocol:  an object is marked when its mark equals the collection's epoch. Marking keeps its grey objects on a list through the
//            objects themselves, so it needs no memory and cannot overflow.
// Invariant: after drain() each marked object has been scanned: its slots hold null or marked objects (or what was linked since).
// Progress:  bounded by the number of objects and slots.
// Source:    Jones, Hosking, Moss, "The Garbage Collection Handbook", 2012, chapter 2 (mark-sweep), section 15.1 (tricolour).
#pragma once
#include "variants/sync/gc_tally.hpp"
#include "vm/layers/gc.hpp"

namespace variants::sync {

// What each of an object's four list fields is for.
enum ObjectList : unsigned { all_objects = 0, first_page_blocks = 1, second_page_blocks = 2, grey_objects = 3 };

template <vm::Platform P>
vm::Object<P>* make_object(vm::ObjectKind kind, unsigned slots, vm::u32 payload) {
  return vm::Object<P>::make_in(P::allocate(vm::Object<P>::total_bytes(slots, payload), 16), kind, slots, payload);
}

template <vm::Platform P>
vm::u64 bytes_of(const vm::Object<P>& object) {
  return vm::Object<P>::total_bytes(object.slots, object.payload_bytes);
}

template <vm::Platform P>
void count_retired(const vm::Object<P>& object, LayerTally<P>& tally) {
  LayerTally<P>::add(tally.retired);
  LayerTally<P>::add(tally.deferred_bytes, bytes_of(object));
}
// Retires it, unless that has happened. True for the one call that did.
template <vm::Platform P>
bool retire_object(vm::Object<P>& object, LayerTally<P>& tally) {
  if (!object.retire()) return false;
  count_retired(object, tally);
  return true;
}

// Finalizes and frees. Returns the bytes that it occupied.
template <vm::Platform P>
vm::u64 free_object(vm::Object<P>* object, const vm::Finalizer<P>& finalizer, LayerTally<P>& tally) {
  const vm::u64 bytes = bytes_of(*object);
  if (object->retired()) {
    LayerTally<P>::add(tally.retired_reclaimed);
    tally.deferred_bytes.fetch_sub(bytes, vm::relaxed);
  }
  if (finalizer.run != nullptr) finalizer.run(finalizer.context, *object);
  object->unmake();
  P::deallocate(object, bytes, 16);
  LayerTally<P>::add(tally.reclaimed);
  return bytes;
}

// A list of objects, linked through next[all_objects].
template <vm::Platform P>
class ObjectChain {
 public:
  using Object = vm::Object<P>;

  void push(Object* object) {
    object->next[all_objects] = head_;
    head_ = object;
  }
  bool empty() const { return head_ == nullptr; }
  Object* pop() {
    Object* object = head_;
    if (object != nullptr) head_ = object->next[all_objects];
    return object;
  }
  // Moves every object that is not marked to `dead`, and begins a new period of execution for the others.
  void sweep(vm::u64 epoch, ObjectChain& dead) {
    Object** link = &head_;
    while (Object* object = *link) {
      if (object->mark.load(vm::relaxed) == epoch) {
        object->chill();
        link = &object->next[all_objects];
      } else {
        *link = object->next[all_objects];
        dead.push(object);
      }
    }
  }
  // Finalizes and frees all. Returns their bytes.
  vm::u64 free_all(const vm::Finalizer<P>& finalizer, LayerTally<P>& tally) {
    vm::u64 bytes = 0;
    while (Object* object = pop()) bytes += free_object(object, finalizer, tally);
    return bytes;
  }

 private:
  Object* head_ = nullptr;
};

// Marks what is reachable from the shaded objects while no mutator runs. A slot that refers to a retired object is cleared.
template <vm::Platform P>
class StoppedMarking {
 public:
  using Object = vm::Object<P>;
  explicit StoppedMarking(vm::u64 epoch) : epoch_(epoch) {}

  void shade(Object* object) {
    if (object->mark.load(vm::relaxed) == epoch_) return;
    object->mark.store(epoch_, vm::relaxed);
    object->next[grey_objects] = grey_;
    grey_ = object;
  }
  void drain() {
    while (grey_ != nullptr) {
      Object* object = grey_;
      grey_ = object->next[grey_objects];
      for (unsigned i = 0; i < object->slots; ++i) {
        Object* target = object->slot(i).load(vm::relaxed);
        if (target == nullptr) continue;
        if (target->retired()) {
          object->slot(i).store(nullptr, vm::relaxed);
        } else {
          shade(target);
        }
      }
    }
  }

 private:
  vm::u64 epoch_;
  Object* grey_ = nullptr;
};

}  // namespace variants::sync
