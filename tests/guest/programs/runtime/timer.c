// SPDX-License-Identifier: Apache-2.0
// A periodic tick that skips what it missed, so that a slow machine is not kept in its handler.
// Source: RISC-V privileged specification 1.12, section 3.2.1 (mtime, mtimecmp).
#include "timer.h"

#include "trap.h"

static void tick(Hart* self) {
  uint64_t now = timer_now();
  self->timer_next += self->timer_period;
  if (self->timer_next <= now) self->timer_next = now + self->timer_period;
  timer_set(self, self->timer_next);
}

void timer_tick_every(Hart* self, uint64_t period) {
  self->timer_period = period;
  self->timer_next = timer_now() + period;
  timer_set(self, self->timer_next);
  interrupt_enable(self, INTERRUPT_MACHINE_TIMER, tick);
}

void timer_tick_stop(Hart* self) {
  csr_clear(mie, INTERRUPT_BIT(INTERRUPT_MACHINE_TIMER));
  timer_off(self);
}
