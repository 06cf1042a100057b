// SPDX-License-Identifier: Apache-2.0
// Barriers around each phase; a tenth of the work runs first, unmeasured, to warm what can be warm.
#include "figure.h"

enum { NS_PER_TICK = 100, DISTURBED_AT_A_TIME = 100 };

static unsigned done;
static uint64_t disturbed;

static void report(Hart* self, const char* name, uint64_t checksum, uint64_t count, Measurement span) {
  uint64_t hundredths = count == 0 ? 0 : span.ticks * NS_PER_TICK * 100 / count;
  result_print(name, self, checksum, count, span, "ns_per_operation=%lu.%02lu", hundredths / 100, hundredths % 100);
}

static void timed(Hart* self, const char* name, unsigned running, Barrier* line, FigureLoop* loop, uint64_t count) {
  loop(self, count / 10);
  barrier_wait(line, running);
  Measurement start = measure_begin();
  uint64_t checksum = loop(self, count);
  Measurement span = measure_end(start);
  barrier_wait(line, running);
  report(self, name, checksum, count, span);
}

void figure_phase(Hart* self, const char* name, unsigned running, FigureLoop* loop, uint64_t count) {
  static Barrier line;
  if (running > hart_count || !selected(name)) return;
  barrier_all();
  if (self->id < running) timed(self, name, running, &line, loop, count);
  barrier_all();
}

void figure_phase_disturbed(Hart* self, const char* name, FigureLoop* loop, FigureLoop* disturb, uint64_t count) {
  static Barrier alone;
  if (hart_count < 2 || !selected(name)) return;
  if (self->id == 0) done = 0, disturbed = 0;
  barrier_all();
  if (self->id == 0) {
    spin_until(__atomic_load_n(&disturbed, __ATOMIC_ACQUIRE) > 0);
    timed(self, name, 1, &alone, loop, count);
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
  } else if (self->id == 1) {
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
      disturb(self, DISTURBED_AT_A_TIME);
      __atomic_store_n(&disturbed, disturbed + DISTURBED_AT_A_TIME, __ATOMIC_RELEASE);
    }
  }
  barrier_all();
  if (self->id == 0) print("NOTE %s: hart 1 made %lu disturbing operations\n", name, disturbed);
}
