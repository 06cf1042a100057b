// SPDX-License-Identifier: Apache-2.0
// The facade over read-copy-update: all that a variant may ask of it, and the one place where the flavour is chosen.
//
// Rcu<P> is a set of static functions, specialised for each Platform. The native side is liburcu (native_rcu.hpp); the model
// checker and the simulator bring specification models of the same shape: proven is the use of this contract, not liburcu's inside.
//
//   register_thread, unregister_thread   bracket a thread's use of everything below; nested calls are counted for each thread
//   read_lock, read_unlock               a read section; sections nest, and nesting is free of grace periods
//   reading                              this thread is inside a read section
//   synchronize                          waits for a grace period: for the end of all sections that began before the call
//   defer(callback, pointer)             calls callback(pointer) once, on a thread of RCU's own, after a grace period
//   barrier                              waits until all callbacks deferred before the call have run
//   backlog                              callbacks deferred that have not run yet
//   quiescent, online, offline           for flavours that ask for quiescent states (qsbr); nothing to do in the others
//
// Protocol:  synchronize and barrier never inside a read section of the calling thread, and never while holding a lock that a thread
//            inside a read section may be waiting for (the section could not end). defer is legal in both places. A callback may
//            defer, and must not wait. synchronize, barrier and defer are for registered threads.
// Invariant: for each section C and grace period G, C ends before G ends, or G starts before C starts; what happened before the one
//            then happens before the other. Every callback's grace period starts after its defer.
// Progress:  read_lock, read_unlock, quiescent wait-free; defer lock-free but for its allocation; synchronize, barrier blocking.
// Source:    McKenney and Slingwine, "Read-copy update", PDCS 1998; Desnoyers et al., "User-level implementations of
//            read-copy update", TPDS 2012; liburcu 0.13.
// Proof:     tests/rcu/facade.cpp (the native side keeps the invariant under stress)
#pragma once
#include "vm/platform/platform.hpp"

namespace variants::rcu_variant {

template <vm::Platform P>
struct Rcu;

template <class R>
concept RcuFlavour = requires(void (*callback)(void*), void* pointer) {
  R::register_thread();
  R::unregister_thread();
  R::read_lock();
  R::read_unlock();
  { R::reading() } -> std::same_as<bool>;
  R::synchronize();
  R::defer(callback, pointer);
  R::barrier();
  { R::backlog() } -> std::same_as<vm::u64>;
  R::quiescent();
  R::online();
  R::offline();
};

// A read section as long as this object.
template <vm::Platform P>
class ReadSection {
 public:
  [[gnu::always_inline]] ReadSection() { Rcu<P>::read_lock(); }
  [[gnu::always_inline]] ~ReadSection() { Rcu<P>::read_unlock(); }
  ReadSection(const ReadSection&) = delete;
  ReadSection& operator=(const ReadSection&) = delete;
};

}  // namespace variants::rcu_variant

#include "variants/rcu/native_rcu.hpp"
