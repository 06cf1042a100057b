// SPDX-License-Identifier: Apache-2.0
// Polled output on the 16550, and the ends of a program through syscon.
// Source: 16550 data sheet (LSR bit 5: transmitter holding register empty); SiFive test finisher.
#include "console.h"

#include "barrier.h"
#include "board.h"
#include "csr.h"

enum { LINE_BYTES = 512 };

static SpinLock console_lock;
static unsigned failed;

static void send(const char* line) {
  for (; *line != 0; ++line) {
    spin_until(uart_read(UART_LSR) & UART_LSR_THR_EMPTY);
    uart_write(UART_THR, (uint8_t)*line);
  }
  fence_io();
}

static void emit(const char* line) {
  spin_lock(&console_lock);
  send(line);
  spin_unlock(&console_lock);
}

void print(const char* format, ...) {
  char line[LINE_BYTES];
  va_list arguments;
  va_start(arguments, format);
  format_line(line, sizeof line, format, arguments);
  va_end(arguments);
  emit(line);
}

static void render(char* line, unsigned limit, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  format_line(line, limit, format, arguments);
  va_end(arguments);
}

static void finish(uint32_t value) {
  fence_io();
  write_32(SYSCON, value);
  for (;;) __asm__ volatile("wfi");
}

void finish_pass(void) {
  finish(SYSCON_PASS);
  __builtin_unreachable();
}

void fail(const char* what, const char* format, ...) {
  if (__atomic_exchange_n(&failed, 1, __ATOMIC_ACQ_REL)) {
    for (;;) cpu_pause();
  }
  char detail[LINE_BYTES];
  char line[LINE_BYTES + 64];
  va_list arguments;
  va_start(arguments, format);
  format_line(detail, sizeof detail, format, arguments);
  va_end(arguments);
  render(line, sizeof line, "FAILED %s: hart %lu: %s\n", what, hart_self()->id, detail);
  // Whoever holds the console may be this hart, interrupted in print(): wait for it, but not for ever.
  for (unsigned turns = 0; turns < 1000000 && !spin_try_lock(&console_lock); ++turns) cpu_pause();
  // A check may have left the UART in loop mode.
  uart_write(UART_MCR, UART_MCR_OUT2);
  send(line);
  finish((1u << 16) | SYSCON_FAIL);
  __builtin_unreachable();
}

void check_equal(const char* what, uint64_t got, uint64_t wanted) { check(got == wanted, what, "got 0x%lx, wanted 0x%lx", got, wanted); }
