// SPDX-License-Identifier: Apache-2.0
// What a read of a UART register costs, alone and with other harts reading the same register.
// Parameters: iterations= reads; register= offset (5: LSR, 7: SCR); tests= phases.
#include "board.h"
#include "figures/shared/figure.h"

static unsigned offset;

static uint64_t reads(Hart* self, uint64_t count) {
  (void)self;
  uint64_t first = uart_read(offset) & 0xe0, differences = 0;
  for (uint64_t i = 0; i < count; ++i) differences += (uart_read(offset) & 0xe0) != first;
  check_equal("UART register changed", differences, 0);
  return first;
}

static uint64_t empty_loop(Hart* self, uint64_t count) {
  static volatile uint64_t word[HART_LIMIT][8];
  uint64_t sum = 0;
  for (uint64_t i = 0; i < count; ++i) sum += word[self->id][0];
  return sum;
}

void program_main(Hart* self) {
  uint64_t count = parameter("iterations", 300000);
  offset = (unsigned)parameter("register", UART_SCR);
  if (self->id == 0 && offset == UART_SCR) uart_write(UART_SCR, 0xa5);
  figure_phase(self, "memory_read_alone", 1, empty_loop, count);
  figure_phase(self, "uart_read_alone", 1, reads, count);
  figure_phase(self, "uart_read_both", 2, reads, count);
  if (hart_count > 2) figure_phase(self, "uart_read_all", hart_count, reads, count);
}
