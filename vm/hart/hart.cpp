// SPDX-License-Identifier: Apache-2.0
#include "vm/hart/hart.hpp"

#include "vm/hart/trap.hpp"

namespace vm {

namespace {

// A slot for the same page is replaced, so that a search never finds the older one first.
template <class Slots, class Entry>
void place(Slots& slots, u8& next, const Entry& entry) {
  for (auto& slot : slots) {
    if (slot.page == entry.page) {
      slot = entry;
      return;
    }
  }
  slots[next] = entry;
  next ^= 1;
}

}  // namespace

void TransientSlots::drop() { *this = {}; }
void TransientSlots::add(const MicroTlbEntry& entry) { place(data, next_data, entry); }
void TransientSlots::add(const FetchEntry& entry) { place(fetch, next_fetch, entry); }

Hart::Hart(HartId hart, GuestMemory& guest_memory, const MachineClock& machine_clock, u32 micro_tlb_entries)
    : micro_tlb(micro_tlb_entries), id(hart), memory(guest_memory), clock(machine_clock) {
  INTERLOCK_INVARIANT(hart.value < max_harts, "hart %u of at most %u", hart.value, max_harts);
  code_context_changed(*this);
  update_regime(*this);
}

void Hart::drop_blocks() {
  resume_block = nullptr;
  resume_op = nullptr;
  link_from = nullptr;
  code_context_changed(*this);
}

}  // namespace vm
