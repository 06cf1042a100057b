// SPDX-License-Identifier: Apache-2.0
// Running C code or a snippet below M mode, on the same stack, and coming back.
#ifndef GUEST_PRIVILEGE_H
#define GUEST_PRIVILEGE_H

#include "hart.h"
#include "trap.h"

// Runs entry(argument) in S or U mode with the current satp until it returns; its a0 is the result. Call it in M mode.
// The code and the stack must be reachable in that mode. Calls do not nest.
uint64_t privilege_call(unsigned mode, uint64_t (*entry)(uint64_t), uint64_t argument);

// The same, but the first exception ends it: the cause is returned (NO_TRAP if entry returned), more in self->trap.
uint64_t privilege_try(unsigned mode, uint64_t entry, uint64_t argument, uint64_t* result);

// Makes `frame` return to the caller of privilege_call() in M mode (for trap handlers).
void privilege_leave(Hart* self, TrapFrame* frame);

#endif
