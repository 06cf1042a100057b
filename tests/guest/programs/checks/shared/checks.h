// SPDX-License-Identifier: Apache-2.0
// A correctness program is a table of checks; `tests=` and `skip=` choose among them by name.
#ifndef GUEST_CHECKS_H
#define GUEST_CHECKS_H

#include "barrier.h"
#include "console.h"
#include "hart.h"
#include "parameters.h"

typedef struct {
  const char* name;
  void (*run)(Hart* self);  // in M mode, interrupts off, bare addresses, nothing delegated; fails by fail()
  unsigned harts;           // harts 0 .. harts-1 run it, the others wait; 0: every hart
} Check;

// Runs the chosen checks one after the other, all harts together, and puts each hart's CSRs back after each.
// Prints PASSED, or SKIPPED with the reason, for each.
void checks_run(Hart* self, const Check* checks, unsigned count);
#define CHECKS_RUN(self, table) checks_run((self), (table), sizeof(table) / sizeof((table)[0]))

// A function of one instruction (or a few) for privilege_try(): snippet_NAME.
#define SNIPPET(name, text)     \
  extern char snippet_##name[]; \
  __asm__(".text\n .balign 4\n .globl snippet_" #name "\n snippet_" #name ":\n" text "\n ret\n")

#endif
