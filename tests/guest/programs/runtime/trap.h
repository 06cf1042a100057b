// SPDX-License-Identifier: Apache-2.0
// Traps into M mode (and, when a program delegates, into S mode): what the frame holds and who handles what.
#ifndef GUEST_TRAP_H
#define GUEST_TRAP_H

#include "hart.h"

struct TrapFrame {
  uint64_t x[32];  // x[0] is not used
  uint64_t epc, status, cause, tval;
};
_Static_assert(sizeof(struct TrapFrame) == TRAP_FRAME_BYTES, "layout.h");

// Points mtvec, stvec and both scratch registers to this hart's entries and trap stacks.
void trap_install(Hart* self);

// Enables one kind of interrupt (its bit of mie) and names its handler. M mode.
void interrupt_enable(Hart* self, unsigned kind, InterruptHandler* handler);

// Handler of traps that were delegated to S mode; a program that delegates sets it.
extern void (*trap_in_supervisor)(Hart* self, TrapFrame* frame);

// What hart_nap() does in M mode (waiting.c).
void trap_nap(Hart* self);

// Prints cause, epc and tval, and fails.
void trap_unexpected(const char* where, uint64_t cause, uint64_t epc, uint64_t tval) __attribute__((noreturn));

#endif
