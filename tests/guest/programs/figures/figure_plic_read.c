// SPDX-License-Identifier: Apache-2.0
// What a read of a PLIC register costs alone, with another hart reading it too, and while another hart uses the UART.
// Parameters: iterations= reads; tests= phases.
#include "figures/shared/figure.h"
#include "plic.h"

static uint64_t plic_reads(Hart* self, uint64_t count) {
  uint64_t sum = 0, address = PLIC_THRESHOLD(plic_context(self->id, MODE_MACHINE));
  for (uint64_t i = 0; i < count; ++i) sum += read_32(address);
  check_equal("thresholds", sum, 3 * count);
  return 3;
}

static uint64_t plic_writes(Hart* self, uint64_t count) {
  unsigned context = plic_context(self->id, MODE_MACHINE);
  for (uint64_t i = 0; i < count; ++i) plic_set_threshold(context, i & 7);
  plic_set_threshold(context, 3);
  return 3;
}

static uint64_t uart_reads(Hart* self, uint64_t count) {
  (void)self;
  uint64_t sum = 0;
  for (uint64_t i = 0; i < count; ++i) sum += uart_read(UART_SCR);
  return sum;
}

void program_main(Hart* self) {
  uint64_t count = parameter("iterations", 300000);
  plic_set_threshold(plic_context(self->id, MODE_MACHINE), 3);
  check_equal("threshold", read_32(PLIC_THRESHOLD(plic_context(self->id, MODE_MACHINE))), 3);
  figure_phase(self, "plic_read_alone", 1, plic_reads, count);
  figure_phase(self, "plic_read_both", 2, plic_reads, count);
  figure_phase_disturbed(self, "plic_read_while_uart", plic_reads, uart_reads, count);
  figure_phase_disturbed(self, "plic_read_while_plic_write", plic_reads, plic_writes, count);
  figure_phase(self, "plic_write_alone", 1, plic_writes, count);
  figure_phase(self, "plic_write_both", 2, plic_writes, count);
}
