// SPDX-License-Identifier: Apache-2.0
// What atomic increments cost, idle and contended: LR/SC loops, AMOs, and a lock made of each.
// Parameters: iterations= increments a hart; tests= phases.
// Source:     RISC-V unprivileged specification 20191213, chapter 8 (A).
#include "figures/shared/figure.h"

static uint64_t shared_word __attribute__((aligned(64)));
static uint64_t guarded __attribute__((aligned(64)));
static SpinLock lock;

static uint64_t lr_sc_loop(Hart* self, uint64_t count) {
  (void)self;
  uint64_t old, failed;
  for (uint64_t i = 0; i < count; ++i) {
    __asm__ volatile("1: lr.d %0, (%2)\n addi %0, %0, 1\n sc.d %1, %0, (%2)\n bnez %1, 1b"
                     : "=&r"(old), "=&r"(failed)
                     : "r"(&shared_word)
                     : "memory");
  }
  return count;
}

static uint64_t amo_loop(Hart* self, uint64_t count) {
  (void)self;
  for (uint64_t i = 0; i < count; ++i) __atomic_fetch_add(&shared_word, 1, __ATOMIC_RELAXED);
  return count;
}

static uint64_t lock_loop(Hart* self, uint64_t count) {
  (void)self;
  for (uint64_t i = 0; i < count; ++i) {
    spin_lock(&lock);
    guarded = guarded + 1;
    spin_unlock(&lock);
  }
  return count;
}

// The warm-up of figure_phase() counts too.
static void phase(Hart* self, const char* name, unsigned running, FigureLoop* loop, uint64_t count) {
  if (running > hart_count || !selected(name)) return;
  if (self->id == 0) shared_word = guarded = 0;
  figure_phase(self, name, running, loop, count);
  if (self->id == 0) check_equal("sum of all increments", shared_word + guarded, running * (count + count / 10));
}

void program_main(Hart* self) {
  uint64_t count = parameter("iterations", 500000);
  phase(self, "lr_sc_alone", 1, lr_sc_loop, count);
  phase(self, "lr_sc_contended", 2, lr_sc_loop, count);
  phase(self, "amo_alone", 1, amo_loop, count);
  phase(self, "amo_contended", 2, amo_loop, count);
  phase(self, "lock_alone", 1, lock_loop, count);
  phase(self, "lock_contended", 2, lock_loop, count);
  if (hart_count > 2) {
    phase(self, "lr_sc_all", hart_count, lr_sc_loop, count);
    phase(self, "amo_all", hart_count, amo_loop, count);
  }
}
