// SPDX-License-Identifier: Apache-2.0
// TVM, TW and TSR: what M mode can take away from S mode.
// Source: RISC-V privileged specification 1.12, section 3.1.6.5 (virtualization support), 3.3.3 (wfi).
#include "check_privilege.h"
#include "timer.h"

SNIPPET(read_satp, "csrr a0, satp");
SNIPPET(write_satp, "csrw satp, zero");
SNIPPET(sfence, "sfence.vma");
SNIPPET(sfence_address, "sfence.vma a0, zero");
SNIPPET(sfence_asid, "sfence.vma zero, a0");
SNIPPET(wfi, "wfi");
SNIPPET(sret_here, "la t0, 1f\n csrw sepc, t0\n li t0, 0x100\n csrs sstatus, t0\n sret\n 1:\n");
SNIPPET(fence_i, "fence.i");

void trap_virtual_memory(Hart* self) {
  (void)self;
  static const char* const watched[] = {snippet_read_satp, snippet_write_satp, snippet_sfence, snippet_sfence_address, snippet_sfence_asid};
  for (unsigned i = 0; i < sizeof watched / sizeof watched[0]; ++i) {
    expect_in("satp and sfence.vma", MODE_USER, watched[i], CAUSE_ILLEGAL);
    expect_in("satp and sfence.vma, TVM = 0", MODE_SUPERVISOR, watched[i], NO_TRAP);
    csr_set(mstatus, STATUS_TVM);
    expect_in("satp and sfence.vma, TVM = 1", MODE_SUPERVISOR, watched[i], CAUSE_ILLEGAL);
    expect_in("fence.i, TVM = 1", MODE_SUPERVISOR, snippet_fence_i, NO_TRAP);
    sfence_all();
    csr_read(satp);
    csr_clear(mstatus, STATUS_TVM);
  }
}

static void wake_up(Hart* self) { timer_off(self); }

void timeout_wait(Hart* self) {
  csr_set(mstatus, STATUS_TW);
  expect_in("wfi, TW = 1", MODE_SUPERVISOR, snippet_wfi, CAUSE_ILLEGAL);
  expect_in("wfi, TW = 1", MODE_USER, snippet_wfi, CAUSE_ILLEGAL);
  csr_clear(mstatus, STATUS_TW);
  // With TW = 0 it is allowed in S mode; a timer makes sure that it ends.
  timer_set(self, timer_now() + 1000);
  interrupt_enable(self, INTERRUPT_MACHINE_TIMER, wake_up);
  expect_in("wfi, TW = 0", MODE_SUPERVISOR, snippet_wfi, NO_TRAP);
  // In U mode it either traps or ends in bounded time; the timer bounds it from outside.
  timer_set(self, timer_now() + 1000);
  uint64_t cause = privilege_try(MODE_USER, (uint64_t)snippet_wfi, 0, 0);
  check(cause == CAUSE_ILLEGAL || cause == NO_TRAP, "wfi in U mode", "cause %lu", cause);
}

void trap_supervisor_return(Hart* self) {
  (void)self;
  expect_in("sret, TSR = 0", MODE_SUPERVISOR, snippet_sret_here, NO_TRAP);
  csr_set(mstatus, STATUS_TSR);
  expect_in("sret, TSR = 1", MODE_SUPERVISOR, snippet_sret_here, CAUSE_ILLEGAL);
}
