// SPDX-License-Identifier: Apache-2.0
// The PLIC and the UART under races: a source is claimed by exactly one of the harts that race for it, a byte is received
// exactly once, and priorities, thresholds and enables do what they say.
// Parameters: iterations= interrupts.
// Source:     RISC-V PLIC specification 1.0.0, sections 3 to 9; 16550 data sheet (MCR loop bit, IIR, LSR).
#include "checks/shared/checks.h"
#include "ipi.h"
#include "plic.h"
#include "random.h"
#include "trap.h"

enum { SOURCE = PLIC_SOURCE_UART };

static void raise(void) {
  spin_until(uart_read(UART_LSR) & UART_LSR_THR_EMPTY);
  uart_write(UART_IER, UART_IER_THR_EMPTY);
  fence_io();
}

static void lower(void) {
  uart_write(UART_IER, 0);
  uart_read(UART_IIR);
  fence_io();
}

static bool external_pending(void) { return csr_read(mip) & INTERRUPT_BIT(INTERRUPT_MACHINE_EXTERNAL); }

// Gives the signal a second to become what it should be; the caller checks.
static void wait_briefly(bool wanted) {
  for (uint64_t end = read_time() + TIMEBASE; external_pending() != wanted && read_time() < end;) cpu_pause();
}

static void take(unsigned context) {
  check_equal("claim", plic_claim(context), SOURCE);
  lower();
  plic_complete(context, SOURCE);
}

static void registers(Hart* self) {
  unsigned context = plic_context(self->id, MODE_MACHINE);
  lower();
  plic_enable(context, SOURCE, true);
  check_equal("enable bit", read_32(PLIC_ENABLE(context, SOURCE)), 1u << SOURCE);
  plic_set_priority(SOURCE, 1);
  check_equal("priority", read_32(PLIC_PRIORITY(SOURCE)), 1);
  plic_set_threshold(context, 0);
  check_equal("threshold", read_32(PLIC_THRESHOLD(context)), 0);
  check_equal("claim with nothing pending", plic_claim(context), 0);
  write_32(PLIC_PRIORITY(0), 1);
  check_equal("priority of source 0", read_32(PLIC_PRIORITY(0)), 0);
  check(!external_pending(), "meip", "pending although nothing is");
  raise();
  spin_until(external_pending());
  check(plic_is_pending(SOURCE), "pending bit", "not set");
  check_equal("claim", plic_claim(context), SOURCE);
  check(!plic_is_pending(SOURCE), "pending bit", "still set after the claim");
  check_equal("second claim", plic_claim(context), 0);
  spin_until(!external_pending());
  lower();
  plic_complete(context, SOURCE);
}

static void masks(Hart* self) {
  unsigned context = plic_context(self->id, MODE_MACHINE);
  plic_enable(context, SOURCE, true);
  plic_set_priority(SOURCE, 2);
  plic_set_threshold(context, 2);
  raise();
  spin_until(plic_is_pending(SOURCE));
  check(!external_pending(), "threshold", "a source at the threshold interrupts");
  plic_set_threshold(context, 1);
  spin_until(external_pending());
  plic_set_threshold(context, 7);
  spin_until(!external_pending());
  plic_set_threshold(context, 0);
  plic_set_priority(SOURCE, 0);
  spin_until(!external_pending());
  check_equal("claim of a source of priority 0", plic_claim(context), 0);
  plic_set_priority(SOURCE, 1);
  spin_until(external_pending());
  take(context);
  spin_until(!external_pending());
}

// The enable bit acts on a source that is already pending, both ways.
static void enable_takes_effect(Hart* self) {
  unsigned context = plic_context(self->id, MODE_MACHINE);
  plic_set_priority(SOURCE, 1);
  plic_set_threshold(context, 0);
  plic_enable(context, SOURCE, true);
  raise();
  spin_until(external_pending());
  plic_enable(context, SOURCE, false);
  wait_briefly(false);
  check(!external_pending(), "enable", "a source that is not enabled interrupts");
  check_equal("claim of a source that is not enabled", plic_claim(context), 0);
  plic_enable(context, SOURCE, true);
  wait_briefly(true);
  check(external_pending(), "enable", "a pending source does not interrupt once it is enabled");
  take(context);
  spin_until(!external_pending());
}

// The same for the S-mode context: mip.SEIP.
static void supervisor_context(Hart* self) {
  unsigned machine = plic_context(self->id, MODE_MACHINE), supervisor = plic_context(self->id, MODE_SUPERVISOR);
  uint64_t seip = INTERRUPT_BIT(INTERRUPT_SUPERVISOR_EXTERNAL);
  plic_enable(machine, SOURCE, false);
  plic_enable(supervisor, SOURCE, true);
  plic_set_threshold(supervisor, 0);
  plic_set_priority(SOURCE, 1);
  raise();
  spin_until(csr_read(mip) & seip);
  check(!external_pending(), "meip", "pending although only the S context is enabled");
  take(supervisor);
  spin_until(!(csr_read(mip) & seip));
  // Software's SEIP bit and the controller's are one bit to a reader, but clearing software's leaves the controller's.
  raise();
  spin_until(csr_read(mip) & seip);
  csr_clear(mip, seip);
  check(csr_read(mip) & seip, "seip", "a write to mip cleared the controller's signal");
  take(supervisor);
  csr_clear(mip, seip);
  spin_until(!(csr_read(mip) & seip));
  plic_enable(supervisor, SOURCE, false);
}

// A source that another hart has claimed is not pending anywhere, and the level is looked at again after completion.
static void level_after_complete(Hart* self) {
  unsigned context = plic_context(self->id, MODE_MACHINE);
  plic_enable(context, SOURCE, true);
  plic_set_threshold(context, 0);
  plic_set_priority(SOURCE, 1);
  uart_write(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2);
  while (uart_read(UART_LSR) & UART_LSR_DATA) uart_read(UART_RBR);
  uart_write(UART_IER, UART_IER_RECEIVED);
  uart_write(UART_THR, 'x');
  wait_briefly(true);
  check(external_pending(), "loop", "a byte sent in loop mode did not come back");
  check_equal("claim", plic_claim(context), SOURCE);
  // The byte is still there, so the line is still high when the claim completes: it must come again.
  check(!plic_is_pending(SOURCE), "gateway", "forwarded a second request before completion");
  plic_complete(context, SOURCE);
  wait_briefly(true);
  check(external_pending(), "gateway", "the line is still high after completion, but no new request came");
  check_equal("claim after completion with the line high", plic_claim(context), SOURCE);
  check_equal("byte", uart_read(UART_RBR), 'x');
  fence_io();
  plic_complete(context, SOURCE);
  spin_until(!external_pending());
  uart_write(UART_IER, 0);
  uart_write(UART_MCR, UART_MCR_OUT2);
}

// Races: hart 0 raises, all harts poll the claim register; exactly one gets the source each time.
static uint64_t round_number, winners, wins[HART_LIMIT];

static void set_up_race(Hart* self) {
  unsigned context = plic_context(self->id, MODE_MACHINE);
  plic_set_threshold(context, 0);
  if (self->id == 0) {
    lower();
    plic_set_priority(SOURCE, 1);
    winners = round_number = 0;
    for (unsigned hart = 0; hart < hart_count; ++hart) {
      wins[hart] = 0;
      plic_enable(plic_context(hart, MODE_MACHINE), SOURCE, true);
    }
  }
  barrier_all();
}

static void end_race(Hart* self) {
  barrier_all();
  plic_enable(plic_context(self->id, MODE_MACHINE), SOURCE, false);
  if (self->id != 0) return;
  lower();
  for (unsigned hart = 0; hart < hart_count; ++hart) print("NOTE hart=%u claims=%lu\n", hart, wins[hart]);
}

static void polled_claims(Hart* self) {
  unsigned context = plic_context(self->id, MODE_MACHINE);
  uint64_t rounds = parameter("iterations", 300);
  set_up_race(self);
  for (uint64_t round = 0; round < rounds; ++round) {
    if (self->id == 0) raise();
    barrier_all();
    random_delay(self, 30);
    unsigned source = plic_claim(context);
    if (source != 0) {
      check_equal("claim", source, SOURCE);
      ++wins[self->id];
      __atomic_fetch_add(&winners, 1, __ATOMIC_RELAXED);
      lower();
      plic_complete(context, source);
    }
    barrier_all();
    if (self->id == 0) check_equal("harts that got the claim", winners, round + 1);
  }
  end_race(self);
}

// With interrupts: bytes go around the UART's own loop; each must be received once, in order.
static uint64_t received, sum_received;

static void on_external(Hart* self) {
  unsigned context = plic_context(self->id, MODE_MACHINE);
  unsigned source = plic_claim(context);
  if (source == 0) return;
  uint64_t round = __atomic_load_n(&round_number, __ATOMIC_ACQUIRE);
  check_equal("IIR: received data", uart_read(UART_IIR) & 15, UART_IIR_RECEIVED);
  check(uart_read(UART_LSR) & UART_LSR_DATA, "lsr", "no data in round %lu", round);
  uint8_t byte = uart_read(UART_RBR);
  check_equal("received byte", byte, round & 0xff);
  check((uart_read(UART_LSR) & UART_LSR_DATA) == 0, "lsr", "the byte of round %lu is there twice", round);
  ++wins[self->id];
  sum_received += byte;
  fence_io();
  plic_complete(context, source);
  // byte_before_received: the sender may send the next one.
  __atomic_store_n(&received, round, __ATOMIC_RELEASE);
}

static void looped_bytes(Hart* self) {
  uint64_t rounds = parameter("iterations", 300), wanted = 0;
  received = sum_received = 0;
  set_up_race(self);
  if (self->id == 0) {
    uart_write(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2);
    while (uart_read(UART_LSR) & UART_LSR_DATA) uart_read(UART_RBR);
    uart_write(UART_IER, UART_IER_RECEIVED);
  }
  interrupt_enable(self, INTERRUPT_MACHINE_EXTERNAL, on_external);
  csr_set(mstatus, STATUS_MIE);
  barrier_all();
  for (uint64_t round = 1; self->id == 0 && round <= rounds; ++round) {
    __atomic_store_n(&round_number, round, __ATOMIC_RELEASE);
    spin_until(uart_read(UART_LSR) & UART_LSR_THR_EMPTY);
    fence_io();
    uart_write(UART_THR, (uint8_t)round);
    wanted += round & 0xff;
    spin_until(__atomic_load_n(&received, __ATOMIC_ACQUIRE) == round);
  }
  barrier_all();
  csr_clear(mstatus, STATUS_MIE);
  if (self->id == 0) {
    uart_write(UART_MCR, UART_MCR_OUT2);
    check_equal("sum of the received bytes", sum_received, wanted);
  }
  end_race(self);
}

static const Check checks[] = {{"registers", registers, 1},
                               {"masks", masks, 1},
                               {"enable_takes_effect", enable_takes_effect, 1},
                               {"supervisor_context", supervisor_context, 1},
                               {"level_after_complete", level_after_complete, 1},
                               {"polled_claims", polled_claims, 0},
                               {"looped_bytes", looped_bytes, 0}};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
