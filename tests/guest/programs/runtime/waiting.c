// SPDX-License-Identifier: Apache-2.0
// A nap is a call to this hart's own M-mode handler, where interrupts are off: WFI ends on a pending one without taking it.
// The program's mtimecmp and mie are put back, so an interrupt that became due is taken right after the nap.
// Source: RISC-V privileged specification 1.12, section 3.3.3 (wfi with interrupts globally disabled).
#include "waiting.h"

#include "parameters.h"
#include "timer.h"
#include "trap.h"

enum { NAP_TICKS = TIMEBASE / 10000 };

void waiting_look(Waiting* waiting) {
  uint64_t now = read_time();
  waiting->turns = 0;
  if (waiting->since == 0) {
    waiting->since = now;
  } else if (now - waiting->since > SPIN_TICKS) {
    hart_nap();
    // The next look comes soon.
    waiting->turns = PAUSES_PER_LOOK - 4;
  }
}

void hart_nap(void) {
  static unsigned allowed = 2;  // 2: not looked up yet; every hart finds the same
  if (allowed == 2) allowed = parameter("yield", 1) != 0;
  if (hart_self()->in_trap || !allowed) return;
  register uint64_t a7 __asm__("a7") = NAP_CALL;
  __asm__ volatile("ecall" ::"r"(a7) : "memory");
}

void trap_nap(Hart* self) {
  uint64_t enabled = csr_read(mie), when = read_64(ACLINT_MTIMECMP(self->id)), limit = timer_now() + NAP_TICKS;
  timer_set(self, when < limit ? when : limit);
  csr_set(mie, INTERRUPT_BIT(INTERRUPT_MACHINE_TIMER));
  __asm__ volatile("wfi" ::: "memory");
  csr_write(mie, enabled);
  timer_set(self, when);
}
