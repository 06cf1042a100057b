// SPDX-License-Identifier: Apache-2.0
// Shootdowns: every hart remaps and unmaps its page in a common space and has all other harts fence, while all look at
// all pages. No stale translation may be used after the acknowledge.
// Parameters: iterations= round trips a hart; looks= at other pages between two of them; paging= 39, 48 or 57.
#include "barrier.h"
#include "console.h"
#include "ipi.h"
#include "parameters.h"
#include "privilege.h"
#include "random.h"
#include "result.h"
#include "shared/remap.h"

static Space space;

static uint64_t remap_and_look(uint64_t turns) {
  Hart* self = hart_self();
  uint64_t looks = parameter("looks", 4);
  barrier_all();
  Measurement start = measure_begin();
  for (uint64_t turn = 0; turn < turns; ++turn) {
    remap_turn(self, turn);
    for (uint64_t i = 0; i < looks; ++i) remap_observe(self, random_below(self, hart_count));
  }
  Measurement span = measure_end(start);
  // Go on serving the others' fences until all are done.
  barrier_all();
  result_print("guest_remote_fence", self, turns, turns, span, "ipis=%lu", self->interrupts[INTERRUPT_MACHINE_SOFTWARE]);
  return 0;
}

void program_main(Hart* self) {
  unsigned bits = (unsigned)parameter("paging", 39);
  check(paging_supported(bits), "paging", "satp does not take Sv%u", bits);
  if (self->id == 0) {
    space = space_create(bits, 1);
    remap_prepare(&space);
  }
  barrier_all();
  ipi_serve(self);
  space_enter(&space);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, remap_and_look, parameter("iterations", 10000));
  barrier_all();
  if (self->id == 0) remap_verify();
}
