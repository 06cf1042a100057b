// SPDX-License-Identifier: Apache-2.0
// Marking while the mutators run, with an insertion barrier and handshakes. A handshake is a grace period: every read section that was open
// when it began has ended, so every mutator has passed a safepoint, and there it gave up all objects that it held.
//
// Protocol:  an object is marked when its mark is not older than the cycle's epoch. Between two cycles everything live is marked, so
//            that the barrier is two loads. A cycle is
//              begin    barrier_epoch + 1: from its next section on, whatever a mutator links or publishes it shades. Handshake:
//                       now all do. Then allocation_epoch + 1: new objects are born marked.
//              mark     shade the index's objects; scan grey ones until there are none. A slot with a retired object is cleared instead.
//              settle   handshake; scan what has been shaded meanwhile; again, until a handshake has passed in which nothing was.
//            Objects that are not marked then are garbage that nobody holds: they may be freed at once.
// Invariant: after `begin` no marked and scanned object has a slot to an unmarked one (link shades first), and no unmarked object
//            enters the index (publish shades first).
// Why settle is enough: let W be the unmarked objects when a scan ended with no grey left, and let nothing be shaded until the end of the
// next
//            handshake. A section that is open at its end began after its start, with nothing in hand. It can have obtained an object
//            only from allocation (born marked: allocation_epoch was raised before), from the index (all marked) or from a slot of an
//            object that it held before, which is by induction marked; such an object has been scanned, or was born after `begin` and its
//            slots were all written by links with the barrier on. So its slots hold marked objects, and nobody holds a member of W, and
//            none is reachable. An object that a mutator held from before, and linked, was shaded by that: then the handshake is repeated.
// Progress:  shade lock-free. A cycle ends: each further handshake needs an unmarked object that became marked, and those only
//            become fewer. What was unreachable when the cycle began cannot be shaded, so it is reclaimed by this cycle (G2).
// Source:    Dijkstra et al., "On-the-fly garbage collection", CACM 1978; Doligez and Gonthier, "Portable, unobtrusive garbage collection
//            for multiprocessor systems", POPL 1994 (handshakes); McKenney and Slingwine, PDCS 1998 (grace periods).
// Proof:     tests/contract/gc_graph_stress.cpp, gc_code_stress.cpp
#pragma once
#include "variants/rcu/object_stack.hpp"

namespace variants::rcu_variant {

template <vm::Platform P>
class ConcurrentMarking {
 public:
  using Object = vm::Object<P>;

  // For mutators, inside their section. Relaxed throughout: the handshakes order the epochs against all sections.
  vm::u64 mark_of_new() const { return allocation_epoch_.load(vm::relaxed); }
  [[gnu::always_inline]] void shade(Object* object) {
    const vm::u64 epoch = barrier_epoch_.load(vm::relaxed);
    if (object->mark.load(vm::relaxed) >= epoch) [[likely]]
      return;
    if (raise_mark(object, epoch)) shaded_.push(object);
  }

  // One cycle, by the only collector. handshake() waits for a grace period; roots(f) calls f(object) for each object of the index.
  // Afterwards exactly the objects with mark < epoch() are garbage.
  template <class Handshake, class Roots>
  void run(Handshake handshake, Roots roots) {
    const vm::u64 epoch = barrier_epoch_.load(vm::relaxed) + 1;
    barrier_epoch_.store(epoch, vm::relaxed);
    handshake();
    allocation_epoch_.store(epoch, vm::relaxed);
    roots([&](Object* root) { mark(root, epoch); });
    scan_grey(epoch);
    do {
      handshake();
    } while (scan_grey(epoch));
  }
  vm::u64 epoch() const { return barrier_epoch_.load(vm::relaxed); }

 private:
  // True for the one caller that marked it: the list field grey_objects is its own then.
  static bool raise_mark(Object* object, vm::u64 epoch) {
    vm::u64 mark = object->mark.load(vm::relaxed);
    while (mark < epoch) {
      if (object->mark.compare_exchange(mark, epoch, vm::relaxed, vm::relaxed)) return true;
    }
    return false;
  }
  void mark(Object* object, vm::u64 epoch) {
    if (!raise_mark(object, epoch)) return;
    object->next[sync::grey_objects] = grey_;
    grey_ = object;
  }
  // False: nothing was grey.
  bool scan_grey(vm::u64 epoch) {
    bool any = false;
    for (;;) {
      if (grey_ == nullptr) grey_ = shaded_.take_all();
      if (grey_ == nullptr) return any;
      any = true;
      Object* object = grey_;
      grey_ = object->next[sync::grey_objects];
      for (unsigned i = 0; i < object->slots; ++i) scan(object->slot(i), epoch);
    }
  }
  void scan(typename Object::Slot& slot, vm::u64 epoch) {
    for (;;) {
      // slot_before_target: the target's header is visible before we read it. Pairs with target_before_slot in Gc::link. Without it
      //   the collector could read a slot count from before the object was made.
      Object* target = slot.load(vm::acquire, "slot_before_target");
      if (target == nullptr) return;
      if (!target->retired()) return mark(target, epoch);
      // If a mutator has linked something else meanwhile, we look at that.
      if (slot.compare_exchange(target, nullptr, vm::relaxed, vm::relaxed)) return;
    }
  }

  typename P::template atomic<vm::u64> barrier_epoch_{1};
  typename P::template atomic<vm::u64> allocation_epoch_{1};
  alignas(64) ObjectStack<P, sync::grey_objects> shaded_;  // by mutators
  Object* grey_ = nullptr;                                 // the collector's
};

}  // namespace variants::rcu_variant
