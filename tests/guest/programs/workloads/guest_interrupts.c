// SPDX-License-Identifier: Apache-2.0
// Interrupts that must each be taken exactly once: software interrupts around a ring of harts, timers, and the UART's
// "transmitter empty" through the PLIC with every hart enabled, where one claim wins.
// Parameters: iterations= interrupts of each kind a hart (the UART: in all); quiet harts spin, they do not wait in WFI.
// Source:     RISC-V privileged specification 1.12, section 3.1.9; PLIC specification 1.0.0, sections 8 and 9; 16550 data sheet.
#include "barrier.h"
#include "board.h"
#include "console.h"
#include "ipi.h"
#include "parameters.h"
#include "plic.h"
#include "random.h"
#include "result.h"
#include "timer.h"
#include "trap.h"

static uint64_t ring_seen[HART_LIMIT];  // highest number that hart h's handler saw; written by its handler
static uint64_t ring_sent[HART_LIMIT];  // number sent to hart h; written by its one sender
static uint64_t timer_seen[HART_LIMIT];
static uint64_t uart_asked, uart_served, uart_claims, uart_lost;

static void on_software(Hart* self) {
  ipi_clear(self);
  uint64_t sent = __atomic_load_n(&ring_sent[self->id], __ATOMIC_ACQUIRE);
  check(sent == ring_seen[self->id] + 1, "ipi", "number %lu arrived after %lu", sent, ring_seen[self->id]);
  __atomic_store_n(&ring_seen[self->id], sent, __ATOMIC_RELEASE);
}

static void send_one(Hart* self, uint64_t number) {
  uint64_t next = (self->id + 1) % hart_count;
  __atomic_store_n(&ring_sent[next], number, __ATOMIC_RELEASE);
  ipi_send(next);
  spin_until(__atomic_load_n(&ring_seen[next], __ATOMIC_ACQUIRE) == number);
}

static void on_timer(Hart* self) {
  timer_off(self);
  ++timer_seen[self->id];
}

static void take_timer(Hart* self, uint64_t number) {
  timer_set(self, timer_now() + random_below(self, 200));
  spin_until(__atomic_load_n(&timer_seen[self->id], __ATOMIC_RELAXED) == number);
}

static void on_external(Hart* self) {
  unsigned context = plic_context(self->id, MODE_MACHINE);
  unsigned source = plic_claim(context);
  if (source == 0) {
    __atomic_fetch_add(&uart_lost, 1, __ATOMIC_RELAXED);
    return;
  }
  check(source == PLIC_SOURCE_UART, "plic", "claim gave source %u", source);
  uint64_t asked = __atomic_load_n(&uart_asked, __ATOMIC_ACQUIRE);
  check(asked == uart_served + 1, "plic", "interrupt %lu was claimed again", asked);
  uint8_t reason = uart_read(UART_IIR);
  check((reason & 0x0f) == UART_IIR_THR_EMPTY, "uart", "IIR is 0x%x, wanted transmitter empty", reason);
  uart_write(UART_IER, 0);
  ++uart_claims;
  fence_io();
  plic_complete(context, source);
  // served_last: the next request may only come when the claim is complete.
  __atomic_store_n(&uart_served, asked, __ATOMIC_RELEASE);
}

static void take_uart(uint64_t number) {
  __atomic_store_n(&uart_asked, number, __ATOMIC_RELEASE);
  spin_until(uart_read(UART_LSR) & UART_LSR_THR_EMPTY);
  fence_io();
  uart_write(UART_IER, UART_IER_THR_EMPTY);
  spin_until(__atomic_load_n(&uart_served, __ATOMIC_ACQUIRE) == number);
}

static void set_up(Hart* self) {
  unsigned context = plic_context(self->id, MODE_MACHINE);
  if (self->id == 0) {
    uart_write(UART_IER, 0);
    plic_set_priority(PLIC_SOURCE_UART, 1);
  }
  timer_off(self);
  ipi_clear(self);
  plic_set_threshold(context, 0);
  plic_enable(context, PLIC_SOURCE_UART, true);
  interrupt_enable(self, INTERRUPT_MACHINE_SOFTWARE, on_software);
  interrupt_enable(self, INTERRUPT_MACHINE_TIMER, on_timer);
  interrupt_enable(self, INTERRUPT_MACHINE_EXTERNAL, on_external);
  barrier_all();
  csr_set(mstatus, STATUS_MIE);
}

static void phase(Hart* self, const char* name, uint64_t first, uint64_t count, bool ipi, bool timer, bool uart) {
  barrier_all();
  Measurement start = measure_begin();
  for (uint64_t i = first; i < first + count; ++i) {
    if (ipi) send_one(self, i);
    if (timer) take_timer(self, i);
    if (uart && self->id == 0) take_uart(i);
  }
  Measurement span = measure_end(start);
  barrier_all();
  if (uart) check_equal("UART interrupts claimed", uart_claims, first + count - 1);
  if (ipi) check_equal("software interrupts taken", self->interrupts[INTERRUPT_MACHINE_SOFTWARE], first + count - 1);
  if (timer) check_equal("timer interrupts taken", self->interrupts[INTERRUPT_MACHINE_TIMER], first + count - 1);
  if (!uart || self->id == 0 || ipi) result_print(name, self, count, count, span, "lost_claims=%lu", uart_lost);
  barrier_all();
}

void program_main(Hart* self) {
  uint64_t count = parameter("iterations", 3000);
  set_up(self);
  phase(self, "interrupts_ipi", 1, count, true, false, false);
  phase(self, "interrupts_timer", 1, count, false, true, false);
  phase(self, "interrupts_uart", 1, count, false, false, true);
  phase(self, "interrupts_all", count + 1, count, true, true, true);
  csr_clear(mstatus, STATUS_MIE);
  plic_enable(plic_context(self->id, MODE_MACHINE), PLIC_SOURCE_UART, false);
}
