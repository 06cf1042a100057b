// SPDX-License-Identifier: Apache-2.0
// Code that changes: modify, fence.i, call, compare; any execution of old code is counted, and fails the program.
// Parameters: iterations= cycles a hart (mode own) or a pair (mode cross), mode=own|cross, paging= 39, 48, 57, or 0.
//   own    each hart modifies its own code pages.
//   cross  hart 2k modifies the code of hart 2k + 1, which runs unchanged functions of the same page meanwhile. Odd cycles:
//          it interrupts the other hart, whose handler runs fence.i; even cycles: the other sees a flag and runs fence.i.
// Source:  RISC-V unprivileged specification 20191213, chapter 3: fence.i orders fetches after the stores that are visible
//          to its own hart; for another hart's code: store, data fence, tell it, fence.i there.
#include "barrier.h"
#include "console.h"
#include "encode.h"
#include "ipi.h"
#include "parameters.h"
#include "privilege.h"
#include "result.h"
#include "shared/patched_code.h"

static PatchedCode codes[HART_LIMIT];
static uint64_t stale[HART_LIMIT];

// The conversation of a pair; the modifying hart writes `call` and `ready`, the running hart `answer` and `done`.
typedef struct {
  PatchedCall call;
  uint64_t ready __attribute__((aligned(64)));
  uint64_t done __attribute__((aligned(64)));
  uint64_t answer;
} __attribute__((aligned(64))) Pair;
static Pair pairs[HART_LIMIT / 2];

static uint64_t own_cycles(uint64_t cycles) {
  Hart* self = hart_self();
  Measurement start = measure_begin();
  for (uint64_t turn = 0; turn < cycles; ++turn) {
    PatchedCall call = patched_code_change(self, &codes[self->id], turn);
    fence_i();
    if (call_code(call.entry) != call.answer) ++stale[self->id];
  }
  Measurement span = measure_end(start);
  check(stale[self->id] == 0, "self_modifying", "old code ran in %lu of %lu cycles", stale[self->id], cycles);
  result_print("guest_self_modifying", self, cycles, cycles, span, "mode=own");
  return 0;
}

static void fence_i_there(Hart* self, uint64_t argument) {
  (void)self;
  (void)argument;
  fence_i();
}

static void modify_for_other(Hart* self, Pair* pair, uint64_t cycles) {
  Measurement start = measure_begin();
  for (uint64_t turn = 0; turn < cycles; ++turn) {
    pair->call = patched_code_change(self, &codes[self->id + 1], turn / 2);
    if (turn % 2 != 0) ipi_call(self, self->id + 1, fence_i_there, 0);
    // code_before_ready: pairs with ready_before_run; the new bytes are visible to whoever sees the number.
    __atomic_store_n(&pair->ready, turn + 1, __ATOMIC_RELEASE);
    spin_until(__atomic_load_n(&pair->done, __ATOMIC_ACQUIRE) == turn + 1);
    if (pair->answer != pair->call.answer) ++stale[self->id];
  }
  Measurement span = measure_end(start);
  check(stale[self->id] == 0, "self_modifying", "hart %lu ran old code in %lu of %lu cycles", self->id + 1, stale[self->id], cycles);
  result_print("guest_self_modifying", self, cycles, cycles, span, "mode=cross");
}

static void run_for_other(Hart* self, Pair* pair, uint64_t cycles) {
  uint64_t constant = patched_code_constant(&codes[self->id]);
  for (uint64_t turn = 0; turn < cycles; ++turn) {
    // ready_before_run: everything below sees the new code's bytes.
    while (__atomic_load_n(&pair->ready, __ATOMIC_ACQUIRE) != turn + 1) {
      check_equal("unchanged function beside changed code", call_code(constant), PATCHED_CONSTANT);
      cpu_pause();
    }
    if (turn % 2 == 0) fence_i();
    pair->answer = call_code(pair->call.entry);
    // run_before_done: the answer is there, and the call is over, before the next change.
    __atomic_store_n(&pair->done, turn + 1, __ATOMIC_RELEASE);
  }
}

static uint64_t cross_cycles(uint64_t cycles) {
  Hart* self = hart_self();
  Pair* pair = &pairs[self->id / 2];
  if (self->id % 2 == 1) {
    run_for_other(self, pair, cycles);
  } else if (self->id + 1 < hart_count) {
    modify_for_other(self, pair, cycles);
  }
  return 0;
}

void program_main(Hart* self) {
  static Space space;
  unsigned bits = (unsigned)parameter("paging", 39);
  bool cross = parameter_is("mode", "cross", "own");
  check(cross || parameter_is("mode", "own", "own"), "mode", "own or cross");
  check(!cross || hart_count >= 2, "mode", "cross wants two harts");
  if (self->id == 0) {
    if (bits != 0) {
      check(paging_supported(bits), "paging", "satp does not take Sv%u", bits);
      space = space_create(bits, 1);
    }
    for (unsigned hart = 0; hart < hart_count; ++hart) {
      codes[hart] = patched_code_create(bits != 0 ? &space : 0, TEST_BASE + hart * MEGAPAGE_BYTES);
    }
  }
  barrier_all();
  fence_i();
  ipi_serve(self);
  uint64_t cycles = parameter("iterations", 100000);
  if (bits == 0) {
    csr_set(mstatus, STATUS_MIE);
    (cross ? cross_cycles : own_cycles)(cycles);
    return;
  }
  space_enter(&space);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, cross ? cross_cycles : own_cycles, cycles);
}
