// SPDX-License-Identifier: Apache-2.0
// Protocol:  the owner makes the state odd, changes the page table entry, fences, has all others fence (ipi_call_others
//            returns when all have acknowledged), poisons the old frame, and makes the state even again with the new truth.
// Invariant: while the state is even and unchanged around a look, the look sees exactly what it says: this generation's
//            word, or a page fault. A poisoned word is never seen, and no count in a poisoned frame moves.
// Source:    RISC-V privileged specification 1.12, section 4.2.1: a remote fence is a store, an IPI, and an sfence.vma in
//            the target; loads before it in program order may use the old entry, loads after it may not.
#include "remap.h"

#include "barrier.h"
#include "console.h"
#include "ipi.h"
#include "probe.h"
#include "random.h"

enum { FRAMES = 4 };
#define POISON 0xdeadbeefdeadbeefull

//  state (low bit) | (next bit) |  meaning, generation above them
//        1         |     -      |  being changed: a look may see the old page, the new one, or a fault
//        0         |     1      |  mapped: a look sees the word `generation`
//        0         |     0      |  unmapped: a look faults
typedef struct {
  uint64_t state;
  uint64_t* entry;
  uint64_t frames[FRAMES];  // physical
  uint64_t generation;
  uint64_t counted[FRAMES];  // all harts' counts in a frame when it was poisoned
} __attribute__((aligned(64))) Slot;

static Slot slots[HART_LIMIT];
static unsigned space_asid;

static uint64_t address_of(uint64_t owner) { return TEST_BASE + owner * MEGAPAGE_BYTES + (owner % 7) * PAGE_BYTES; }

static uint64_t count_in(uint64_t frame) {
  uint64_t sum = 0;
  for (unsigned hart = 0; hart < hart_count; ++hart) sum += read_64(frame + 64 + 8 * hart);
  return sum;
}

void remap_prepare(const Space* space) {
  space_asid = space->asid;
  for (uint64_t owner = 0; owner < hart_count; ++owner) {
    Slot* slot = &slots[owner];
    slot->entry = space_slot(space, address_of(owner), LEVEL_PAGE);
    for (unsigned i = 0; i < FRAMES; ++i) {
      slot->frames[i] = (uint64_t)pages_allocate(1);
      write_64(slot->frames[i], POISON);
    }
  }
}

// argument: the owner, and the form of fence above it.
static void fence_page_of(Hart* self, uint64_t argument) {
  (void)self;
  uint64_t address = address_of(argument & 0xff);
  switch (argument >> 8) {
    case 0: sfence_page(address); break;
    case 1: sfence_page_asid(address, space_asid); break;
    case 2: sfence_asid(space_asid); break;
    default: sfence_all();
  }
}

void remap_turn(Hart* self, uint64_t turn) {
  Slot* slot = &slots[self->id];
  uint64_t old_entry = *slot->entry;
  uint64_t frame = slot->frames[turn % FRAMES];
  bool unmap = turn % 3 == 2;
  uint64_t generation = slot->generation + 1;
  uint64_t was_counted = count_in(frame);
  check(was_counted == slot->counted[turn % FRAMES], "remote_fence", "%lu counts reached an unmapped frame after the acknowledge",
        was_counted - slot->counted[turn % FRAMES]);
  // odd_before_change: whoever sees the new entry also sees that the state was odd.
  __atomic_store_n(&slot->state, slot->state | 1, __ATOMIC_RELAXED);
  fence_full();
  if (!unmap) write_64(frame, generation);
  fence_full();
  __atomic_store_n(slot->entry, unmap ? 0 : pte_leaf(frame, PTE_RW), __ATOMIC_RELAXED);
  uint64_t request = self->id | (turn / 3 % 4) << 8;
  fence_page_of(self, request);
  ipi_call_others(self, fence_page_of, request);
  if (old_entry != 0) {
    uint64_t old_frame = old_entry >> 10 << 12;
    write_64(old_frame, POISON);
    for (unsigned i = 0; i < FRAMES; ++i) {
      if (slot->frames[i] == old_frame) slot->counted[i] = count_in(old_frame);
    }
  }
  slot->generation = generation;
  // change_before_even: pairs with the acquire loads in remap_observe().
  __atomic_store_n(&slot->state, generation << 2 | (unmap ? 0 : 2), __ATOMIC_RELEASE);
}

void remap_observe(Hart* self, uint64_t owner) {
  Slot* slot = &slots[owner];
  uint64_t address = address_of(owner), counter = address + 64 + 8 * self->id, value;
  uint64_t before = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
  uint64_t cause = probe_load(address, &value);
  fence_full();
  uint64_t after = __atomic_load_n(&slot->state, __ATOMIC_ACQUIRE);
  check(cause == NO_TRAP || cause == CAUSE_LOAD_PAGE, "remote_fence", "a load of 0x%lx: cause %lu", address, cause);
  check(cause != NO_TRAP || value != POISON, "remote_fence", "page of hart %lu: stale translation (state 0x%lx, 0x%lx)", owner, before,
        after);
  if (before == after && (before & 1) == 0 && before != 0) {
    bool mapped = before & 2;
    check(mapped == (cause == NO_TRAP), "remote_fence", "page of hart %lu: %s, but a load gives cause %ld", owner,
          mapped ? "mapped" : "unmapped", (long)cause);
    check(!mapped || value == before >> 2, "remote_fence", "page of hart %lu: generation %lu, wanted %lu", owner, value, before >> 2);
  }
  uint64_t one = 1;
  PROBE("amoadd.d zero, %[one], (%[counter])", , [one] "r"(one), [counter] "r"(counter));
}

void remap_verify(void) {
  for (uint64_t owner = 0; owner < hart_count; ++owner) {
    for (unsigned i = 0; i < FRAMES; ++i) {
      uint64_t frame = slots[owner].frames[i];
      if (read_64(frame) == POISON) check_equal("counts in an unmapped frame", count_in(frame), slots[owner].counted[i]);
    }
  }
}
