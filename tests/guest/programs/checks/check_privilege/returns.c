// SPDX-License-Identifier: Apache-2.0
// mret and sret: the mode, the interrupt enables, and MPRV.
// Source: RISC-V privileged specification 1.12, section 3.1.6.1 (privilege stack), 3.1.6.3 (MPRV), 3.3.2 (mret, sret).
#include "check_privilege.h"

SNIPPET(mret, "mret");
SNIPPET(sret, "sret");
SNIPPET(nothing, "nop");
// In S mode: returns to U mode (SPP = 0) behind the sret, where sstatus cannot be read any more.
SNIPPET(sret_to_user, "la t0, 1f\n csrw sepc, t0\n li t0, 0x100\n csrc sstatus, t0\n sret\n 1: csrr a0, sstatus\n");
// In S mode: sret with SPP = 1, SPIE = 1, SIE = 0; then sstatus is the result.
SNIPPET(sret_to_supervisor,
        "la t0, 1f\n csrw sepc, t0\n li t0, 0x122\n csrc sstatus, t0\n li t0, 0x120\n csrs sstatus, t0\n sret\n"
        " 1: csrr a0, sstatus\n");

// mret to the next instruction in M mode; the status afterwards.
static uint64_t return_to_machine(uint64_t previous_enable) {
  uint64_t after;
  csr_clear(mstatus, STATUS_MPIE | STATUS_MIE);
  csr_set(mstatus, STATUS_MPP | (previous_enable ? STATUS_MPIE : 0));
  __asm__ volatile("la t0, 1f\n csrw mepc, t0\n mret\n 1: csrr %0, mstatus" : "=r"(after)::"t0", "memory");
  csr_clear(mstatus, STATUS_MIE);
  return after;
}

void machine_return(Hart* self) {
  (void)self;
  for (uint64_t enable = 0; enable < 2; ++enable) {
    uint64_t after = return_to_machine(enable);
    check_equal("MIE after mret", (after & STATUS_MIE) != 0, enable);
    check_equal("MPIE after mret", (after & STATUS_MPIE) != 0, 1);
    check_equal("MPP after mret", after & STATUS_MPP, 0);
  }
  csr_set(mstatus, STATUS_MPRV);
  // MPRV stays set in a return to M mode; MPP is then U, so only fetches and registers are used until it is cleared.
  uint64_t after;
  csr_set(mstatus, STATUS_MPP);
  __asm__ volatile("la t0, 1f\n csrw mepc, t0\n mret\n 1: csrr %0, mstatus\n csrc mstatus, %1"
                   : "=&r"(after)
                   : "r"(STATUS_MPRV)
                   : "t0", "memory");
  check_equal("MPRV after mret to M mode", (after & STATUS_MPRV) != 0, 1);
  expect_in("mret", MODE_SUPERVISOR, snippet_mret, CAUSE_ILLEGAL);
  expect_in("mret", MODE_USER, snippet_mret, CAUSE_ILLEGAL);
  expect_in("sret", MODE_USER, snippet_sret, CAUSE_ILLEGAL);
}

// A return to a mode below M clears MPRV.
void return_clears_mprv(Hart* self) {
  (void)self;
  csr_set(mstatus, STATUS_MPRV);  // privilege_try enters through mret, which clears it
  expect_in("mret to S mode", MODE_SUPERVISOR, snippet_nothing, NO_TRAP);
  check_equal("MPRV after mret to S mode", csr_read(mstatus) & STATUS_MPRV, 0);
}

void supervisor_return(Hart* self) {
  uint64_t status;
  uint64_t cause = privilege_try(MODE_SUPERVISOR, (uint64_t)snippet_sret_to_supervisor, 0, &status);
  check_equal("sret to S mode", cause, NO_TRAP);
  check_equal("SIE after sret", status & STATUS_SIE, STATUS_SIE);
  check_equal("SPIE after sret", status & STATUS_SPIE, STATUS_SPIE);
  check_equal("SPP after sret", status & STATUS_SPP, 0);
  cause = privilege_try(MODE_SUPERVISOR, (uint64_t)snippet_sret_to_user, 0, 0);
  check_equal("sstatus behind sret to U mode", cause, CAUSE_ILLEGAL);
  check_equal("mode behind sret", self->trap.status & STATUS_MPP, 0);
}
