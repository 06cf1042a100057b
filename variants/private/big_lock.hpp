// SPDX-License-Identifier: Apache-2.0
// BigLock: one recursive lock for all devices of all machines in the process.
//
//  owner_ | meaning
//    0    | free, or between two owners
//   token | held by the thread that P::this_thread() numbers so, depth_ times
//
// Protocol:  a thread that reads its own token in owner_ holds the lock already (a Sink that mutates another device) and only counts.
// Invariant: only the holder writes its token, and it clears it before it lets go: so no thread can read its own by accident, whatever
//            the order in which others' writes of owner_ become visible. Hence relaxed.
// Progress:  blocking.
// Source:    QEMU's big lock (bql_lock, qemu_mutex_lock_iothread).
// Proof:     tests/contract/device_registers_nested.cpp
#pragma once
#include "vm/platform/platform.hpp"

namespace variants::private_variant {

template <vm::Platform P>
class BigLock {
 public:
  constexpr BigLock() = default;

  static BigLock& global() {
    if constexpr (requires { P::template global<BigLock>(); }) {
      return P::template global<BigLock>();
    } else {
      return process_wide;
    }
  }

  void lock() {
    const vm::u64 self = P::this_thread();
    if (owner_.load(vm::relaxed) != self) {
      mutex_.lock();
      owner_.store(self, vm::relaxed);
    }
    depth_.set(depth_.get() + 1);
  }

  void unlock() {
    depth_.set(depth_.get() - 1);
    if (depth_.get() != 0) return;
    owner_.store(0, vm::relaxed);
    mutex_.unlock();
  }

 private:
  static BigLock process_wide;

  typename P::mutex mutex_;
  typename P::template atomic<vm::u64> owner_{0};
  typename P::template var<vm::u32> depth_{0};
};

template <vm::Platform P>
constinit BigLock<P> BigLock<P>::process_wide;

}  // namespace variants::private_variant
