// SPDX-License-Identifier: Apache-2.0
// Trap dispatch. Order for an exception in M mode's handler: a nap, the exit call of privilege_call(), a probe, "any trap leaves
// the mode", the program's own handler, failure.
// Source: RISC-V privileged specification 1.12, sections 3.1.7 (mtvec), 3.1.15 (mcause), 3.3.2 (trap return).
#include "trap.h"

#include "console.h"
#include "privilege.h"

extern char trap_stacks_machine[], trap_stacks_supervisor[];
extern void trap_entry_machine(void), trap_entry_supervisor(void);
void trap_from_machine_entry(TrapFrame* frame);
void trap_from_supervisor_entry(TrapFrame* frame);
void trap_inside_trap(uint64_t cause, uint64_t epc, uint64_t tval);

void (*trap_in_supervisor)(Hart* self, TrapFrame* frame);

// The word at the top of a trap stack tells the entry which hart it runs on.
static uint64_t prepare_trap_stack(char* stacks, Hart* self) {
  uint64_t* top = (uint64_t*)(stacks + (self->id + 1) * TRAP_STACK_BYTES - 16);
  *top = (uint64_t)self;
  return (uint64_t)top;
}

void trap_install(Hart* self) {
  csr_write(mscratch, prepare_trap_stack(trap_stacks_machine, self));
  csr_write(sscratch, prepare_trap_stack(trap_stacks_supervisor, self));
  csr_write(mtvec, (uint64_t)trap_entry_machine);
  csr_write(stvec, (uint64_t)trap_entry_supervisor);
}

void interrupt_enable(Hart* self, unsigned kind, InterruptHandler* handler) {
  self->on_interrupt[kind] = handler;
  csr_set(mie, INTERRUPT_BIT(kind));
}

void trap_unexpected(const char* where, uint64_t cause, uint64_t epc, uint64_t tval) {
  fail("unexpected trap", "in %s: cause 0x%lx epc 0x%lx tval 0x%lx", where, cause, epc, tval);
}

void trap_inside_trap(uint64_t cause, uint64_t epc, uint64_t tval) { trap_unexpected("trap handler", cause, epc, tval); }

static void take_interrupt(Hart* self, TrapFrame* frame) {
  uint64_t kind = frame->cause & ~CAUSE_INTERRUPT;
  if (kind >= INTERRUPT_KINDS || self->on_interrupt[kind] == 0) {
    trap_unexpected("interrupt", frame->cause, frame->epc, frame->tval);
  }
  __atomic_store_n(&self->interrupts[kind], self->interrupts[kind] + 1, __ATOMIC_RELAXED);
  self->on_interrupt[kind](self);
}

static bool leaves_mode(const TrapFrame* frame) {
  bool from_below = (frame->status & STATUS_MPP) != STATUS_MPP;
  bool is_ecall = frame->cause == CAUSE_ECALL_USER || frame->cause == CAUSE_ECALL_SUPERVISOR;
  return from_below && is_ecall && frame->x[17] == PRIVILEGE_EXIT;
}

static bool asks_for_nap(const TrapFrame* frame) {
  return (frame->cause == CAUSE_ECALL_SUPERVISOR || frame->cause == CAUSE_ECALL_MACHINE) && frame->x[17] == NAP_CALL;
}

static void take_exception(Hart* self, TrapFrame* frame) {
  TrapRecord record = {frame->cause, frame->epc, frame->tval, frame->status};
  bool from_below = (frame->status & STATUS_MPP) != STATUS_MPP;
  if (asks_for_nap(frame)) {
    frame->epc += 4;
    trap_nap(self);
  } else if (leaves_mode(frame)) {
    self->trap.cause = NO_TRAP;
    privilege_leave(self, frame);
  } else if (self->resume != 0) {
    self->trap = record;
    frame->epc = self->resume;
    self->resume = 0;
  } else if (self->leave_on_trap && from_below) {
    self->trap = record;
    privilege_leave(self, frame);
  } else if (self->on_exception == 0 || !self->on_exception(self, frame)) {
    trap_unexpected(from_below ? "S or U mode" : "M mode", frame->cause, frame->epc, frame->tval);
  }
}

void trap_from_machine_entry(TrapFrame* frame) {
  Hart* self = hart_self();
  self->in_trap = true;
  if (frame->cause & CAUSE_INTERRUPT) {
    take_interrupt(self, frame);
  } else {
    take_exception(self, frame);
  }
  self->in_trap = false;
}

void trap_from_supervisor_entry(TrapFrame* frame) {
  if (trap_in_supervisor == 0) {
    trap_unexpected("S mode's own handler", frame->cause, frame->epc, frame->tval);
  }
  trap_in_supervisor(hart_self(), frame);
}
