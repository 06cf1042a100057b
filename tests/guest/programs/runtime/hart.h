// SPDX-License-Identifier: Apache-2.0
// What each hart knows about itself; tp points to it in every mode.
// Written by its own hart only, except where a member says otherwise.
#ifndef GUEST_HART_H
#define GUEST_HART_H

#include <stdbool.h>
#include <stdint.h>

#include "csr.h"
#include "layout.h"

typedef struct Hart Hart;
typedef struct TrapFrame TrapFrame;

// Runs in M mode on the trap stack, interrupts disabled, after the interrupt was counted.
typedef void InterruptHandler(Hart* self);
// Returns true if it dealt with the exception; it may change the frame (epc, registers).
typedef bool ExceptionHandler(Hart* self, TrapFrame* frame);

// A synchronous exception that was expected and taken; cause is NO_TRAP if none came.
typedef struct {
  uint64_t cause, epc, tval, status;
} TrapRecord;
#define NO_TRAP (~0ull)

struct Hart {
  uint64_t id;
  uint64_t random;                                  // state of random_next()
  InterruptHandler* on_interrupt[INTERRUPT_KINDS];  // zero: this interrupt is a failure
  uint64_t interrupts[INTERRUPT_KINDS];             // taken so far; others may read
  ExceptionHandler* on_exception;
  uint64_t resume;                    // where to go on after the next exception (probe.h); zero: none is expected
  TrapRecord trap;                    // the last expected exception
  uint64_t outer_sp;                  // M-mode stack pointer saved by privilege_call()
  bool in_trap;                       // M mode's handler is running
  bool leave_on_trap;                 // any exception below M mode ends privilege_call()
  uint64_t timer_period, timer_next;  // ticks of mtime
} __attribute__((aligned(64)));

extern Hart harts[HART_LIMIT];
extern unsigned hart_count;  // harts in the device tree; constant after boot

static inline Hart* hart_self(void) {
  Hart* self;
  __asm__("mv %0, tp" : "=r"(self));
  return self;
}

// Every hart calls it in M mode after boot; when all have returned, the program has passed.
void program_main(Hart* self);

#endif
