// SPDX-License-Identifier: Apache-2.0
// The checks of check_privilege, by the file that holds them.
#ifndef GUEST_CHECK_PRIVILEGE_H
#define GUEST_CHECK_PRIVILEGE_H

#include "checks/shared/checks.h"
#include "privilege.h"
#include "probe.h"

// exceptions.c
void environment_calls(Hart* self);
void illegal_instructions(Hart* self);
void breakpoint(Hart* self);
// csr_access.c
void csr_access(Hart* self);
void csr_write_of_zero(Hart* self);
void previous_privilege_is_legal(Hart* self);
void exception_pc_is_even(Hart* self);
void machine_call_stays(Hart* self);
void status_fields(Hart* self);
void floating_point_off(Hart* self);
// returns.c
void machine_return(Hart* self);
void return_clears_mprv(Hart* self);
void supervisor_return(Hart* self);
// traps_of_supervisor.c
void trap_virtual_memory(Hart* self);
void timeout_wait(Hart* self);
void trap_supervisor_return(Hart* self);
// delegation.c
void exception_delegation(Hart* self);
void interrupt_delegation(Hart* self);
void interrupt_masks(Hart* self);
void interrupt_priority(Hart* self);
// vectored.c
void vectored_traps(Hart* self);

// Runs the snippet below M mode and fails unless it ends with this cause (NO_TRAP: returns).
static inline void expect_in(const char* what, unsigned mode, const char* snippet, uint64_t wanted) {
  uint64_t cause = privilege_try(mode, (uint64_t)snippet, 0, 0);
  check(cause == wanted, what, "in mode %u: cause %ld, wanted %ld (-1: no trap)", mode, (long)cause, (long)wanted);
  if (wanted != NO_TRAP) check_equal(what, hart_self()->trap.status >> STATUS_MPP_SHIFT & 3, mode);
}

#endif
