// SPDX-License-Identifier: Apache-2.0
// TicketClock: one machine-wide counter that gives the TLB's tickets their order. Fences advance it, walks only read it.
// Protocol:  fresh and invalidate advance the clock, and own the value that they made; a walk's ticket is the value that it reads first.
// Invariant: a walk whose ticket is at least t reads the page table as it was when the fence that made t was called, or newer (T1, T2).
//            A walk that began before that call has a ticket below t.
// Progress:  wait-free.
// Source:    the counter of RCU-style epochs, Fraser, "Practical lock-freedom", 2004, section 5.2.3.
// Proof:     tests/contract/tlb_order.cpp (tickets), tests/contract/tlb_stress.cpp (the edge)
#pragma once
#include "vm/layers/tlb.hpp"
#include "vm/platform/platform.hpp"

namespace variants::sync {

template <vm::Platform P>
class alignas(64) TicketClock {
 public:
  // The ticket of a walk that starts now.
  vm::Ticket now() const {
    // walk_after_fence: the walk's reads of PTEs stay behind this load.
    //   pairs with fence_before_ticket in advance(). Without it a walk could carry the ticket of a fence, and yet have read a PTE that is
    //   older than the fence.
    return {clock_.load(vm::acquire, "walk_after_fence")};
  }

  // A ticket newer than every walk that began before the call.
  vm::Ticket advance() {
    // fence_before_ticket: what the fencing hart wrote or saw before is visible to each walk that reads this value or a later one (read-
    //   modify-writes carry the release on). Pairs with walk_after_fence in now(). Without it another hart's walk would count as newer
    //   than the fence without having seen the new PTE.
    return {clock_.fetch_add(1, vm::release, "fence_before_ticket") + 1};
  }

 private:
  typename P::template atomic<vm::u64> clock_{1};
};

}  // namespace variants::sync
