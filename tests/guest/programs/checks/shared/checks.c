// SPDX-License-Identifier: Apache-2.0
// The loop over a table of checks. What a check may leave behind, put_back() undoes.
#include "checks.h"

#include "timer.h"
#include "trap.h"

static void put_back(Hart* self) {
  csr_clear(mstatus, STATUS_MIE | STATUS_SIE | STATUS_MPRV | STATUS_SUM | STATUS_MXR | STATUS_TVM | STATUS_TW | STATUS_TSR);
  csr_write(mie, 0);
  csr_write(medeleg, 0);
  csr_write(mideleg, 0);
  csr_write(satp, 0);
  csr_write(mip, 0);
  csr_write(mcounteren, 7);
  csr_write(scounteren, 7);
  timer_off(self);
  trap_install(self);
  self->on_exception = 0;
  self->resume = 0;
  trap_in_supervisor = 0;
  sfence_all();
}

void checks_run(Hart* self, const Check* checks, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    const Check* check = &checks[i];
    if (!selected(check->name)) continue;
    if (check->harts > hart_count) {
      if (self->id == 0) print("SKIPPED %s: wants %u harts\n", check->name, check->harts);
      continue;
    }
    barrier_all();
    if (check->harts == 0 || self->id < check->harts) {
      check->run(self);
      put_back(self);
    }
    barrier_all();
    if (self->id == 0) print("PASSED %s\n", check->name);
  }
}
