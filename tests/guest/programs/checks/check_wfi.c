// SPDX-License-Identifier: Apache-2.0
// WFI ends when an enabled interrupt is pending, whether interrupts are globally enabled or not, and no wake-up is lost in
// the window between looking and waiting. WFI may end early at any time; how often it did is printed.
// A lost wake-up would hang, so the timer is a second way out, and taking it is the failure.
// Parameters: iterations= rounds; patience= ticks of 100 ns before a wake-up counts as lost.
// Source:     RISC-V privileged specification 1.12, section 3.3.3.
#include "board.h"
#include "checks/shared/checks.h"
#include "plic.h"
#include "privilege.h"
#include "random.h"
#include "timer.h"
#include "trap.h"

#define SOFTWARE INTERRUPT_BIT(INTERRUPT_MACHINE_SOFTWARE)
#define TIMER INTERRUPT_BIT(INTERRUPT_MACHINE_TIMER)
#define EXTERNAL INTERRUPT_BIT(INTERRUPT_MACHINE_EXTERNAL)

static inline void wfi(void) { __asm__ volatile("wfi" ::: "memory"); }

// Waits until one of `bits` is pending, with mie = bits and MIE = 0; returns the number of WFIs.
static uint64_t wait_pending(uint64_t bits) {
  uint64_t waits = 0;
  csr_write(mie, bits);
  while (!(csr_read(mip) & bits)) {
    wfi();
    ++waits;
  }
  return waits;
}

static void timer_wakes(Hart* self) {
  uint64_t waits = 0, rounds = parameter("iterations", 200);
  for (uint64_t i = 0; i < rounds; ++i) {
    uint64_t when = timer_now() + random_below(self, 500);
    timer_set(self, when);
    waits += wait_pending(TIMER);
    check(timer_now() >= when, "WFI", "mtip before its time");
    timer_off(self);
  }
  print("NOTE timer_wakes=%lu waits=%lu\n", rounds, waits);
}

// Already pending: WFI must not wait.
static void pending_does_not_wait(Hart* self) {
  write_32(ACLINT_MSIP(self->id), 1);
  csr_write(mie, SOFTWARE);
  spin_until(csr_read(mip) & SOFTWARE);
  for (uint64_t i = 0; i < parameter("iterations", 200); ++i) wfi();
  write_32(ACLINT_MSIP(self->id), 0);
}

// Two harts wake each other in turn through MSIP, interrupts globally disabled.
static void ping_pong(Hart* self) {
  static Barrier pair;
  uint64_t waits = 0, rounds = parameter("iterations", 200) * 10, patience = parameter("patience", 10 * TIMEBASE);
  barrier_wait(&pair, 2);
  for (uint64_t i = 0; i < rounds; ++i) {
    if (i % 2 == self->id) {
      if (i % 64 < 2) random_delay(self, 2000);
      write_32(ACLINT_MSIP(1 - self->id), 1);
    } else {
      timer_set(self, timer_now() + patience);
      waits += wait_pending(SOFTWARE | TIMER);
      check(csr_read(mip) & SOFTWARE, "WFI", "the wake-up of round %lu was lost", i);
      write_32(ACLINT_MSIP(self->id), 0);
      fence_io();
    }
  }
  timer_off(self);
  barrier_wait(&pair, 2);
  print("NOTE hart=%lu rounds=%lu waits=%lu\n", self->id, rounds / 2, waits);
}

// The UART's interrupt through the PLIC.
static void external_wakes(Hart* self) {
  unsigned context = plic_context(self->id, MODE_MACHINE);
  plic_set_priority(PLIC_SOURCE_UART, 1);
  plic_set_threshold(context, 0);
  plic_enable(context, PLIC_SOURCE_UART, true);
  for (uint64_t i = 0; i < parameter("iterations", 200); ++i) {
    spin_until(uart_read(UART_LSR) & UART_LSR_THR_EMPTY);
    uart_write(UART_IER, UART_IER_THR_EMPTY);
    timer_set(self, timer_now() + 10 * TIMEBASE);
    wait_pending(EXTERNAL | TIMER);
    check(csr_read(mip) & EXTERNAL, "WFI", "the UART's wake-up was lost");
    check_equal("claim", plic_claim(context), PLIC_SOURCE_UART);
    check_equal("IIR", uart_read(UART_IIR) & 15, UART_IIR_THR_EMPTY);
    uart_write(UART_IER, 0);
    plic_complete(context, PLIC_SOURCE_UART);
    spin_until(!(csr_read(mip) & EXTERNAL));
  }
  timer_off(self);
  plic_enable(context, PLIC_SOURCE_UART, false);
}

// Every interrupt sets the next one, for it may come before the wfi.
static void next_timer(Hart* self) { timer_set(self, timer_now() + 500); }

// Below M mode the interrupt is taken, and execution goes on behind the wfi.
SNIPPET(wait, "wfi");

static void supervisor_waits(Hart* self) {
  interrupt_enable(self, INTERRUPT_MACHINE_TIMER, next_timer);
  for (uint64_t i = 0; i < parameter("iterations", 200); ++i) {
    timer_set(self, timer_now() + random_below(self, 300));
    uint64_t cause = privilege_try(MODE_SUPERVISOR, (uint64_t)snippet_wait, 0, 0);
    check_equal("wfi in S mode", cause, NO_TRAP);
  }
  check(self->interrupts[INTERRUPT_MACHINE_TIMER] > 0, "WFI", "no timer interrupt was ever taken");
}

static const Check checks[] = {{"timer_wakes", timer_wakes, 1},
                               {"pending_does_not_wait", pending_does_not_wait, 1},
                               {"ping_pong", ping_pong, 2},
                               {"external_wakes", external_wakes, 1},
                               {"supervisor_waits", supervisor_waits, 1}};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
