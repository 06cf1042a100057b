// SPDX-License-Identifier: Apache-2.0
// Outcomes as small numbers, and those that interleaving alone explains.
#include "console.h"
#include "litmus.h"

unsigned outcome_key(const LitmusTest* test, const uint8_t registers[2 * THREADS_LIMIT], const uint8_t memory[VARIABLES]) {
  unsigned key = 0;
  for (unsigned i = 0; i < OBSERVED_LIMIT && test->observed[i] != 0; ++i) {
    unsigned place = test->observed[i];
    unsigned value = place >= PLACE_MEMORY ? memory[place - PLACE_MEMORY] : registers[place - PLACE_REGISTERS];
    check(value <= 3, test->name, "a value that nobody stored: %u", value);
    key |= value << (2 * i);
  }
  return key;
}

unsigned outcome_weak(const LitmusTest* test) {
  unsigned key = 0;
  for (unsigned i = 0; i < litmus_observed(test); ++i) key |= (unsigned)test->weak[i] << (2 * i);
  return key;
}

typedef struct {
  const LitmusTest* test;
  bool* possible;
  uint8_t done[THREADS_LIMIT];  // accesses of each thread so far
  uint8_t registers[2 * THREADS_LIMIT];
  uint8_t memory[VARIABLES];
} Interleaving;

typedef struct {
  bool exists, writes;
  uint8_t variable, value;
} Access;

static Access access_of(const ThreadSpec* thread, unsigned which) {
  static const char* const texts[PATTERNS] = {"", "WW", "WR", "RW", "RR", "W", "R"};
  const char* text = texts[thread->pattern];
  if (text[0] == 0 || (which == 1 && text[1] == 0) || which > 1) return (Access){false, false, 0, 0};
  return (Access){true, text[which] == 'W', which ? thread->b : thread->a, which ? thread->v2 : thread->v1};
}

static void interleave(Interleaving at) {
  bool finished = true;
  for (unsigned t = 0; t < THREADS_LIMIT; ++t) {
    Access access = access_of(&at.test->threads[t], at.done[t]);
    if (!access.exists) continue;
    finished = false;
    Interleaving next = at;
    ++next.done[t];
    if (access.writes) {
      next.memory[access.variable] = access.value;
    } else {
      next.registers[2 * t + at.done[t]] = at.memory[access.variable];
    }
    interleave(next);
  }
  if (finished) at.possible[outcome_key(at.test, at.registers, at.memory)] = true;
}

void outcomes_sequential(const LitmusTest* test, bool possible[OUTCOMES]) {
  for (unsigned i = 0; i < OUTCOMES; ++i) possible[i] = false;
  interleave((Interleaving){test, possible, {0}, {0}, {0}});
}
