// SPDX-License-Identifier: Apache-2.0
// When to collect, and when to evict. A block counts as executed since the last collection, so collections must come before the heap
// is full: else the first one finds no block that has not been executed, and the next finds none that has.
// Protocol:  the first collection is due when the heap is half full; each later one when half of what the last one left free is used,
//            but not before a sixteenth of the limit has been allocated. Blocks that are cold are evicted above three quarters.
// Invariant: none that others rely on: pacing is advice.
// Progress:  wait-free.
// Source:    Jones, Hosking, Moss, "The Garbage Collection Handbook", 2012, section 10.1 (heap occupancy and the frequency of collections).
#pragma once
#include "vm/platform/platform.hpp"

namespace variants::sync {

template <vm::Platform P>
class HeapPacing {
 public:
  explicit HeapPacing(vm::u64 limit) : limit_(limit), due_(limit / 2) {}

  // Any thread, with the bytes in use. An allocation that this sends to collect may go on without it: there is still room.
  [[gnu::always_inline]] bool collection_due(vm::u64 used) const { return used > due_.load(vm::relaxed); }
  // Room is wanted for so many bytes more.
  bool evicts(vm::u64 used, vm::u64 wanted) const { return used + wanted > limit_ / 4 * 3; }
  // The collector begins: until it has collected, no other collection is due.
  void begun() { due_.store(~vm::u64{0}, vm::relaxed); }
  // The collector, with the bytes that it has left in use.
  void collected(vm::u64 used) {
    const vm::u64 free = used < limit_ ? limit_ - used : 0;
    const vm::u64 step = free / 2 < limit_ / 16 ? limit_ / 16 : free / 2;
    due_.store(used + step, vm::relaxed);
  }

 private:
  const vm::u64 limit_;
  typename P::template atomic<vm::u64> due_;  // bytes in use
};

}  // namespace variants::sync
