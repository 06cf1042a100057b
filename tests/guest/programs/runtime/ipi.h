// SPDX-License-Identifier: Apache-2.0
// Inter-processor interrupts through the ACLINT's MSIP registers, and "run this on the others and wait".
#ifndef GUEST_IPI_H
#define GUEST_IPI_H

#include "board.h"
#include "hart.h"

// Memory operations before it are seen by the target's handler.
static inline void ipi_send(uint64_t hart) {
  fence_io();
  write_32(ACLINT_MSIP(hart), 1);
}

// First thing in a handler: an IPI sent after it interrupts again; what was asked before it is seen after it.
static inline void ipi_clear(Hart* self) {
  write_32(ACLINT_MSIP(self->id), 0);
  fence_io();
}

// Work for another hart's software-interrupt handler, in M mode.
typedef void IpiWork(Hart* target, uint64_t argument);

// Enables the software interrupt with a handler that serves ipi_call(). M mode; every hart that is to be called.
void ipi_serve(Hart* self);

// Runs work(target, argument) on `target` and returns when it is done. Several harts may call at once, and each other:
// the caller must take its own software interrupts meanwhile.
void ipi_call(Hart* self, uint64_t target, IpiWork* work, uint64_t argument);
// The same on every other hart of the machine, all at once.
void ipi_call_others(Hart* self, IpiWork* work, uint64_t argument);

#endif
