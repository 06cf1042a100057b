// SPDX-License-Identifier: Apache-2.0
// Mode changes through mret, and back through an ecall with a7 = PRIVILEGE_EXIT.
// Source: RISC-V privileged specification 1.12, section 3.3.2 (mret: MPP, MPIE).
#include "privilege.h"

extern uint64_t privilege_enter(uint64_t entry, uint64_t argument, uint64_t* outer_sp);
extern char privilege_resume[];

void privilege_leave(Hart* self, TrapFrame* frame) {
  frame->x[2] = self->outer_sp;
  frame->epc = (uint64_t)privilege_resume;
  frame->status |= STATUS_MPP;
}

static uint64_t enter(Hart* self, unsigned mode, uint64_t entry, uint64_t argument) {
  uint64_t enabled = csr_read(mstatus) & STATUS_MIE;
  csr_clear(mstatus, STATUS_MPP | STATUS_MPIE | STATUS_MIE);
  csr_set(mstatus, (uint64_t)mode << STATUS_MPP_SHIFT);
  uint64_t result = privilege_enter(entry, argument, &self->outer_sp);
  csr_clear(mstatus, STATUS_MIE);
  csr_set(mstatus, enabled);
  return result;
}

uint64_t privilege_call(unsigned mode, uint64_t (*entry)(uint64_t), uint64_t argument) {
  return enter(hart_self(), mode, (uint64_t)entry, argument);
}

uint64_t privilege_try(unsigned mode, uint64_t entry, uint64_t argument, uint64_t* result) {
  Hart* self = hart_self();
  self->leave_on_trap = true;
  uint64_t value = enter(self, mode, entry, argument);
  self->leave_on_trap = false;
  if (result != 0) *result = value;
  return self->trap.cause;
}
