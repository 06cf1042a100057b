// SPDX-License-Identifier: Apache-2.0
// Runs the kernel on every hart in S mode: Sv39, 4 KiB pages, a machine timer tick every 10 ms.
// Parameters: iterations= passes; harts= how many harts compute (the others wait); tick= period in 100 ns, 0 for none;
//             paging= 39, 48, 57, or 0 for M mode with bare addresses.
#include "barrier.h"
#include "console.h"
#include "hart.h"
#include "kernel.h"
#include "pages.h"
#include "paging.h"
#include "parameters.h"
#include "privilege.h"
#include "result.h"
#include "timer.h"

static Barrier start_line;
static unsigned computing;

static uint64_t compute(uint64_t passes) {
  Hart* self = hart_self();
  void* memory = pages_allocate((kernel.bytes + PAGE_BYTES - 1) / PAGE_BYTES);
  barrier_wait(&start_line, computing);
  uint64_t ticks_before = self->interrupts[INTERRUPT_MACHINE_TIMER];
  Measurement start = measure_begin();
  for (uint64_t i = 0; i < passes; ++i) {
    uint64_t got = kernel.pass(memory);
    check(got == kernel.answer, kernel.name, "pass %lu: got 0x%lx, wanted 0x%lx", i, got, kernel.answer);
  }
  Measurement span = measure_end(start);
  result_print(kernel.name, self, kernel.answer, passes, span, "interrupts=%lu", self->interrupts[INTERRUPT_MACHINE_TIMER] - ticks_before);
  return 0;
}

void program_main(Hart* self) {
  unsigned wanted = (unsigned)parameter("harts", hart_count);
  if (wanted == 0 || wanted > hart_count) wanted = hart_count;
  if (self->id >= wanted) return;
  computing = wanted;
  uint64_t passes = parameter("iterations", kernel.passes);
  uint64_t tick = parameter("tick", TIMEBASE / 100);
  uint64_t bits = parameter("paging", 39);
  if (bits == 0) {
    if (tick != 0) timer_tick_every(self, tick);
    csr_set(mstatus, STATUS_MIE);
    compute(passes);
  } else {
    check(paging_supported((unsigned)bits), "paging", "satp does not take Sv%lu", bits);
    Space space = space_create((unsigned)bits, 1);
    space_enter(&space);
    sfence_all();
    if (tick != 0) timer_tick_every(self, tick);
    privilege_call(MODE_SUPERVISOR, compute, passes);
  }
  timer_tick_stop(self);
}
