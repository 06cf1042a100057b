// SPDX-License-Identifier: Apache-2.0
#include "attempt.h"

#include "hart.h"
#include "trap.h"

void attempt_start(uint64_t address, uint64_t entry, uint64_t value, uint64_t status);
void attempt_start_below(uint64_t address, uint64_t entry, uint64_t value, uint64_t status);
extern char attempt_end[];

static Attempt attempt;

static bool end_attempt(Hart* self, TrapFrame* frame) {
  (void)self;
  attempt = (Attempt){frame->cause, frame->epc, frame->tval, frame->x[10]};
  frame->status = (frame->status & ~STATUS_MPRV) | STATUS_MPP;
  frame->epc = (uint64_t)attempt_end;
  return true;
}

static Attempt start(void (*how)(uint64_t, uint64_t, uint64_t, uint64_t), unsigned mode, uint64_t bits, uint64_t entry, uint64_t address) {
  Hart* self = hart_self();
  self->on_exception = end_attempt;
  csr_clear(mstatus, STATUS_MPP | STATUS_MPIE);
  how(address, entry, attempt_stored, (uint64_t)mode << STATUS_MPP_SHIFT | bits);
  self->on_exception = 0;
  return attempt;
}

Attempt attempt_below(unsigned mode, uint64_t entry, uint64_t address) { return start(attempt_start_below, mode, 0, entry, address); }

Attempt attempt_by_mprv(unsigned mode, Access kind, uint64_t address) {
  return start(attempt_start, mode, STATUS_MPRV, (uint64_t)attempt_page + ATTEMPT_BYTES * (uint64_t)kind, address);
}
