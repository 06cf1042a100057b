// SPDX-License-Identifier: Apache-2.0
// Round trips: a software interrupt, the same with a remote sfence.vma, to one hart and to all; and the local fences with
// what it costs to fill the caches again. In S mode under Sv39; the targets spin, or wait in WFI.
// Parameters: iterations= round trips; tests= phases.
// Source:     RISC-V privileged specification 1.12, section 4.2.1 (remote fences).
#include "encode.h"
#include "figures/shared/figure.h"
#include "ipi.h"
#include "paging.h"
#include "privilege.h"

enum { PAGES = 64 };
#define CODE_AT (TEST_BASE + 0x200000)

static Space space;
static uint64_t served[HART_LIMIT];  // work done on that hart; written in its handler
static unsigned stop, awake;

static void nothing(Hart* self, uint64_t argument) {
  (void)argument;
  ++served[self->id];
}
static void fence_there(Hart* self, uint64_t address) {
  sfence_page(address);
  ++served[self->id];
}

static uint64_t round_trips(Hart* self, uint64_t count, IpiWork* work, bool all) {
  uint64_t before = __atomic_load_n(&served[1], __ATOMIC_ACQUIRE);
  for (uint64_t i = 0; i < count; ++i) {
    if (all) {
      ipi_call_others(self, work, TEST_BASE);
    } else {
      ipi_call(self, 1, work, TEST_BASE);
    }
  }
  check_equal("work done on hart 1", __atomic_load_n(&served[1], __ATOMIC_ACQUIRE), before + count);
  return count;
}

static uint64_t ipi_loop(Hart* self, uint64_t count) { return round_trips(self, count, nothing, false); }
static uint64_t fence_loop(Hart* self, uint64_t count) { return round_trips(self, count, fence_there, false); }
static uint64_t fence_all_loop(Hart* self, uint64_t count) { return round_trips(self, count, fence_there, true); }

// sfence.vma, then 64 pages touched.
static uint64_t touch_loop(Hart* self, uint64_t count) {
  (void)self;
  uint64_t sum = 0;
  for (uint64_t i = 0; i < count; ++i) {
    sfence_all();
    for (uint64_t page = 0; page < PAGES; ++page) sum += *(volatile uint64_t*)(TEST_BASE + page * PAGE_BYTES);
  }
  check_equal("touched words", sum, count * PAGES * (PAGES - 1) / 2);
  return count;
}

static uint64_t code_loop(Hart* self, uint64_t count) {
  uint64_t at = CODE_AT + self->id * PAGE_BYTES;
  store_code(at + 4, encode_ret());
  for (uint64_t i = 0; i < count; ++i) {
    store_code(at, encode_addi(REG_A0, REG_ZERO, (int)(i & 1023)));
    fence_i();
    check_equal("changed code", call_code(at), i & 1023);
  }
  return count;
}

// Hart 1 spins, or sits in WFI, between interrupts while hart 0 measures.
static void phase_to_target(Hart* self, const char* name, bool sleeps, FigureLoop* loop, uint64_t count) {
  if (hart_count < 2 || !selected(name)) return;
  if (self->id == 0) stop = awake = 0;
  barrier_all();
  if (self->id == 1) {
    while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
      // An interrupt taken between the test and here does not end the wait: hart 0 interrupts again until it is over.
      if (sleeps) {
        __asm__ volatile("wfi" ::: "memory");
      } else {
        cpu_pause();
      }
    }
    __atomic_store_n(&awake, 1, __ATOMIC_RELEASE);
  }
  if (self->id == 0) {
    loop(self, count / 10);
    Measurement start = measure_begin();
    loop(self, count);
    Measurement span = measure_end(start);
    uint64_t hundredths = span.ticks * 10000 / count;
    result_print(name, self, count, count, span, "ns_per_operation=%lu.%02lu", hundredths / 100, hundredths % 100);
    __atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&awake, __ATOMIC_ACQUIRE)) ipi_call(self, 1, nothing, 0);
  }
  barrier_all();
}

static uint64_t phases(uint64_t count) {
  Hart* self = hart_self();
  phase_to_target(self, "ipi_round_trip", false, ipi_loop, count);
  phase_to_target(self, "ipi_fence_round_trip", false, fence_loop, count);
  phase_to_target(self, "ipi_fence_round_trip_wfi", true, fence_loop, count);
  if (hart_count > 2) phase_to_target(self, "ipi_fence_all_round_trip", false, fence_all_loop, count);
  figure_phase(self, "sfence_64_touches_alone", 1, touch_loop, count);
  figure_phase(self, "sfence_64_touches_both", 2, touch_loop, count);
  figure_phase(self, "modify_fence_i_call_alone", 1, code_loop, count);
  figure_phase(self, "modify_fence_i_call_both", 2, code_loop, count);
  return 0;
}

void program_main(Hart* self) {
  if (self->id == 0) {
    space = space_create(39, 1);
    for (uint64_t page = 0; page < PAGES; ++page) {
      uint64_t frame = (uint64_t)pages_allocate(1);
      write_64(frame, page);
      space_map(&space, TEST_BASE + page * PAGE_BYTES, frame, LEVEL_PAGE, PTE_RW);
    }
    for (uint64_t hart = 0; hart < hart_count; ++hart) {
      space_map(&space, CODE_AT + hart * PAGE_BYTES, (uint64_t)pages_allocate(1), LEVEL_PAGE, PTE_RWX);
    }
  }
  barrier_all();
  ipi_serve(self);
  space_enter(&space);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, phases, parameter("iterations", 10000));
}
