// SPDX-License-Identifier: Apache-2.0
// The native side of Rcu<P>: liburcu, memb flavour. Only this file names the flavour.
//
// Why a thread_local here and nowhere else in a variant: liburcu itself keeps its reader state in one, and a second registration of a
// thread corrupts its list of readers. The count of nested registrations is therefore state of the same kind, on the library's side
// of the facade: the layers of one hart each register its thread, and none knows of the others.
// The read-side functions are taken from liburcu's static header: they are under ten lines each, which its authors offer to code under
// any licence; a call into the library would cost more than the section itself.
// Protocol, Invariant, Progress, Source: variants/rcu/rcu.hpp.
// Proof:     tests/rcu/facade.cpp
#pragma once
#include <urcu/urcu-memb.h>
// After the flavour's own header, which it completes.
#include <urcu/static/urcu-memb.h>
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
extern "C" void AnnotateIgnoreWritesBegin(const char* file, int line);
extern "C" void AnnotateIgnoreWritesEnd(const char* file, int line);
#endif

#include "variants/rcu/rcu.hpp"
#include "vm/platform/invariant.hpp"
#include "vm/platform/native.hpp"

namespace variants::rcu_variant {

// What ThreadSanitizer must be told about liburcu, which Debian builds without instrumentation: what a grace period orders.
// Said are: the end of a section comes before the end of a period, the begin of a period before the begin of a section, a period before
// its callbacks, callbacks before the end of a barrier. That is a little more than RCU promises (sections and periods that overlap
// are ordered too), so that TSan may miss a race here; it reports none that is not there. In all other builds this is empty.
namespace seen_by_tsan {

inline char period_begins;
inline char section_ends;
inline char callbacks_end;

#if defined(__SANITIZE_THREAD__)
inline constexpr bool watching = true;
inline void acquired(auto& edge) { __tsan_acquire(&edge); }
inline void released(auto& edge) { __tsan_release(&edge); }
// Writes inside liburcu (its allocations) are not looked at.
struct Unseen {
  Unseen() { AnnotateIgnoreWritesBegin(__FILE__, __LINE__); }
  ~Unseen() { AnnotateIgnoreWritesEnd(__FILE__, __LINE__); }
};
#else
inline constexpr bool watching = false;
[[gnu::always_inline]] inline void acquired(auto&) {}
[[gnu::always_inline]] inline void released(auto&) {}
struct Unseen {
  Unseen() {}  // not trivial, so that an unused one is no warning
};
#endif

}  // namespace seen_by_tsan

template <>
struct Rcu<vm::NativePlatform> {
  static constexpr char flavour[] = "memb";

  static void register_thread() {
    if (registrations().count++ == 0) urcu_memb_register_thread();
  }
  static void unregister_thread() {
    Registrations& mine = registrations();
    INTERLOCK_INVARIANT(mine.count > 0, "a thread unregistered from RCU more often than it registered");
    if (--mine.count == 0) urcu_memb_unregister_thread();
  }

  [[gnu::always_inline]] static void read_lock() {
    if constexpr (seen_by_tsan::watching) {
      urcu_memb_read_lock();  // the library's, which TSan does not instrument
    } else {
      _urcu_memb_read_lock();
    }
    seen_by_tsan::acquired(seen_by_tsan::period_begins);
  }
  [[gnu::always_inline]] static void read_unlock() {
    seen_by_tsan::released(seen_by_tsan::section_ends);
    if constexpr (seen_by_tsan::watching) {
      urcu_memb_read_unlock();
    } else {
      _urcu_memb_read_unlock();
    }
  }
  [[gnu::always_inline]] static bool reading() { return _urcu_memb_read_ongoing() != 0; }

  static void synchronize() {
    INTERLOCK_INVARIANT(!reading(), "synchronize inside a read section waits for itself");
    seen_by_tsan::released(seen_by_tsan::period_begins);
    urcu_memb_synchronize_rcu();
    seen_by_tsan::acquired(seen_by_tsan::section_ends);
  }
  static void defer(void (*callback)(void*), void* pointer) {
    auto* node = new Deferred{{}, callback, pointer};
    outstanding().fetch_add(1, vm::relaxed);
    seen_by_tsan::released(seen_by_tsan::period_begins);
    seen_by_tsan::released(*node);
    urcu_memb_call_rcu(&node->head, &run);
  }
  static void barrier() {
    INTERLOCK_INVARIANT(!reading(), "barrier inside a read section waits for itself");
    {
      const seen_by_tsan::Unseen inside;  // liburcu hands an allocation of its own to its thread
      urcu_memb_barrier();
    }
    seen_by_tsan::acquired(seen_by_tsan::callbacks_end);
  }
  // Callbacks, exact when no defer is running.
  static vm::u64 backlog() { return outstanding().load(vm::relaxed); }

  static void quiescent() { urcu_memb_quiescent_state(); }
  static void online() { urcu_memb_thread_online(); }
  static void offline() { urcu_memb_thread_offline(); }

 private:
  struct Registrations {
    unsigned count = 0;
    // A thread may end with layers still attached (the main thread, on exit): liburcu must not keep its dead reader.
    ~Registrations() {
      if (count != 0) urcu_memb_unregister_thread();
    }
  };
  struct Deferred {
    rcu_head head;
    void (*callback)(void*);
    void* pointer;
  };

  static Registrations& registrations() {
    static thread_local Registrations mine;
    return mine;
  }
  static vm::NativeAtomic<vm::u64>& outstanding() {
    static vm::NativeAtomic<vm::u64> count{0};
    return count;
  }
  static void run(rcu_head* head) {
    auto* node = reinterpret_cast<Deferred*>(head);  // head is the first member of a standard-layout struct
    seen_by_tsan::acquired(*node);
    seen_by_tsan::acquired(seen_by_tsan::section_ends);
    const Deferred work = *node;
    delete node;
    work.callback(work.pointer);
    seen_by_tsan::released(seen_by_tsan::callbacks_end);
    outstanding().fetch_sub(1, vm::relaxed);
  }
};

static_assert(RcuFlavour<Rcu<vm::NativePlatform>>);

}  // namespace variants::rcu_variant
