// SPDX-License-Identifier: Apache-2.0
// Privilege modes: who may do what, where traps go, and what the trap CSRs say afterwards.
// Source: RISC-V privileged specification 1.12, chapters 2 and 3, sections 4.1 and 4.2.
#include "check_privilege.h"

static const Check checks[] = {
    {"environment_calls", environment_calls, 1},
    {"illegal_instructions", illegal_instructions, 1},
    {"breakpoint", breakpoint, 1},
    {"csr_access", csr_access, 1},
    {"csr_write_of_zero", csr_write_of_zero, 1},
    {"previous_privilege_is_legal", previous_privilege_is_legal, 1},
    {"exception_pc_is_even", exception_pc_is_even, 1},
    {"machine_call_stays", machine_call_stays, 1},
    {"status_fields", status_fields, 1},
    {"floating_point_off", floating_point_off, 1},
    {"machine_return", machine_return, 1},
    {"return_clears_mprv", return_clears_mprv, 1},
    {"supervisor_return", supervisor_return, 1},
    {"trap_virtual_memory", trap_virtual_memory, 1},
    {"timeout_wait", timeout_wait, 1},
    {"trap_supervisor_return", trap_supervisor_return, 1},
    {"exception_delegation", exception_delegation, 1},
    {"interrupt_delegation", interrupt_delegation, 1},
    {"interrupt_masks", interrupt_masks, 1},
    {"interrupt_priority", interrupt_priority, 1},
    {"vectored_traps", vectored_traps, 1},
};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
