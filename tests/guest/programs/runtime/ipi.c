// SPDX-License-Identifier: Apache-2.0
// A mailbox for each (target, sender) pair.
// Protocol:  the sender fills work and argument, then raises `asked`, then the interrupt; the target runs the work of every
//            sender whose `asked` is ahead of `done`, then sets `done` to it; the sender waits for that.
// Invariant: asked - done is 0 or 1; the sender writes all members but `done` only while it is 0.
// Progress:  blocking; a target with M-mode interrupts off holds its callers up.
// Source:    RISC-V ACLINT specification, chapter 3 (MSWI); SiFive CLINT.
#include "ipi.h"

#include "barrier.h"
#include "trap.h"

typedef struct {
  IpiWork* work;
  uint64_t argument;
  uint64_t asked, done;
} __attribute__((aligned(64))) Mailbox;

static Mailbox mailboxes[HART_LIMIT][HART_LIMIT];  // [target][sender]

static void serve(Hart* self) {
  ipi_clear(self);
  for (unsigned sender = 0; sender < hart_count; ++sender) {
    Mailbox* box = &mailboxes[self->id][sender];
    // asked_before_work: pairs with work_before_asked in post().
    uint64_t asked = __atomic_load_n(&box->asked, __ATOMIC_ACQUIRE);
    if (asked == box->done) continue;
    box->work(self, box->argument);
    // work_before_done: pairs with the acquire in await(); the sender sees everything that the work did.
    __atomic_store_n(&box->done, asked, __ATOMIC_RELEASE);
  }
}

void ipi_serve(Hart* self) {
  ipi_clear(self);
  interrupt_enable(self, INTERRUPT_MACHINE_SOFTWARE, serve);
}

static void post(Hart* self, uint64_t target, IpiWork* work, uint64_t argument) {
  Mailbox* box = &mailboxes[target][self->id];
  box->work = work;
  box->argument = argument;
  // work_before_asked: the target that sees the new number sees the work.
  __atomic_store_n(&box->asked, box->asked + 1, __ATOMIC_RELEASE);
  ipi_send(target);
}

static void await(Hart* self, uint64_t target) {
  Mailbox* box = &mailboxes[target][self->id];
  spin_until(__atomic_load_n(&box->done, __ATOMIC_ACQUIRE) == box->asked);
}

void ipi_call(Hart* self, uint64_t target, IpiWork* work, uint64_t argument) {
  post(self, target, work, argument);
  await(self, target);
}

void ipi_call_others(Hart* self, IpiWork* work, uint64_t argument) {
  for (uint64_t target = 0; target < hart_count; ++target) {
    if (target != self->id) post(self, target, work, argument);
  }
  for (uint64_t target = 0; target < hart_count; ++target) {
    if (target != self->id) await(self, target);
  }
}
