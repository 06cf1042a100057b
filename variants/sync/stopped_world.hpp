// SPDX-License-Identifier: Apache-2.0
// Stop-the-world: one mutator stops all others at safepoints, collects, and lets them go on.
// Protocol:  a mutator is counted as running from enter to leave. stop() raises the flag that safepoints poll and the attention of each
//            running mutator, then waits until none is running: each has come to hold(), to leave() or to stop() itself. All counts change
//            under one mutex; the flag that the fast path polls is only a hint to come there.
// Invariant: between stop() == true and resume() no mutator is running, and there is one collector.
// Progress:  blocking. An idle mutator holds up nobody; a running one holds up the collector until its next safepoint.
// Source:    Jones, Hosking, Moss, "The Garbage Collection Handbook", 2012, section 11.6 (GC safe-points).
#pragma once
#include <mutex>
#include <vector>

#include "vm/layers/gc.hpp"

namespace variants::sync {

// Mutex: lock, unlock. Condition: wait(Mutex&) releases and retakes it and may return at any time; notify_all under the mutex.
template <vm::Platform P, class Mutex, class Condition>
class StoppedWorld {
 public:
  struct Member {
    vm::Attention<P> attention;
    bool running = false;  // under mutex_
  };

  // Before any mutator enters. The member lives as long as the world.
  void add(Member& member) { members_.push_back(&member); }

  // Polled at each safepoint. Relaxed: a stale answer only makes the collector wait for the next safepoint.
  [[gnu::always_inline]] bool stop_wanted() const { return stop_wanted_.load(vm::relaxed) != 0; }

  // Idle to running, unless a collector has the world stopped or wants it so.
  bool try_enter(Member& member) {
    const std::lock_guard lock(mutex_);
    if (stop_wanted_.load(vm::relaxed) != 0) return false;
    enter_locked(member);
    return true;
  }
  // Idle to running. Waits while a collector has the world stopped.
  void enter(Member& member) {
    const std::lock_guard lock(mutex_);
    enter_locked(member);
  }
  void leave(Member& member) {
    const std::lock_guard lock(mutex_);
    leave_locked(member);
  }
  // A safepoint that found stop_wanted: waits until the world goes on. True if a collection took place.
  bool hold(Member& member) {
    const std::lock_guard lock(mutex_);
    if (stop_wanted_.load(vm::relaxed) == 0) return false;
    leave_locked(member);
    enter_locked(member);
    return true;
  }

  // The running caller becomes the collector, and the world is stopped: true. Or a collection that began after this call has ended
  // meanwhile: false, the caller runs on.
  bool stop(Member& member) {
    const std::lock_guard lock(mutex_);
    INTERLOCK_INVARIANT(member.running, "a collection by an idle mutator");
    const vm::u64 begun = begun_;
    leave_locked(member);
    while (collecting_) ended_.wait(mutex_);
    if (begun_ != begun) {
      enter_locked(member);
      return false;
    }
    collecting_ = true;
    stop_wanted_.store(1, vm::relaxed);
    for (Member* other : members_) {
      if (other->running) other->attention.raise();
    }
    while (running_ != 0) stopped_.wait(mutex_);
    ++begun_;
    return true;
  }
  // The mutators go on. The caller is still the only collector, and not running.
  void resume() {
    const std::lock_guard lock(mutex_);
    stop_wanted_.store(0, vm::relaxed);
    resumed_.notify_all();
  }
  // The caller is a running mutator again; another collection may begin.
  void finish(Member& member) {
    const std::lock_guard lock(mutex_);
    collecting_ = false;
    ended_.notify_all();
    enter_locked(member);
  }

 private:
  void enter_locked(Member& member) {
    while (stop_wanted_.load(vm::relaxed) != 0) resumed_.wait(mutex_);
    INTERLOCK_INVARIANT(!member.running, "busy without idle");
    member.running = true;
    ++running_;
  }
  void leave_locked(Member& member) {
    INTERLOCK_INVARIANT(member.running, "a safepoint of an idle mutator");
    member.running = false;
    if (--running_ == 0) stopped_.notify_all();
  }

  alignas(64) typename P::template atomic<vm::u32> stop_wanted_{0};  // written under mutex_
  alignas(64) Mutex mutex_;                                          // held for a few instructions; never across a collection
  Condition stopped_;                                                // running_ became 0
  Condition resumed_;                                                // stop_wanted_ became 0
  Condition ended_;                                                  // collecting_ became false
  std::vector<Member*> members_;
  unsigned running_ = 0;
  bool collecting_ = false;
  vm::u64 begun_ = 0;  // collections that have stopped the world
};

}  // namespace variants::sync
