// SPDX-License-Identifier: Apache-2.0
// Litmus tests as data: who accesses what, what is looked at, and which outcome is the weak one.
#ifndef GUEST_LITMUS_H
#define GUEST_LITMUS_H

#include "hart.h"

enum { THREADS_LIMIT = 4, VARIABLES = 2, OBSERVED_LIMIT = 4, OUTCOMES = 256, INSTANCES_LIMIT = 4096 };

typedef enum { PATTERN_NONE, PATTERN_WW, PATTERN_WR, PATTERN_RW, PATTERN_RR, PATTERN_W, PATTERN_R, PATTERNS } Pattern;

typedef struct {
  uint8_t pattern;  // PATTERN_NONE: no such thread
  uint8_t a, v1, b, v2;
} ThreadSpec;

// Observed places: 1 + 2 * thread + (0 or 1) is a register, 9 + variable the final memory, 0 nothing.
enum { PLACE_REGISTERS = 1, PLACE_MEMORY = 9 };

typedef struct {
  const char* name;
  ThreadSpec threads[THREADS_LIMIT];
  uint8_t observed[OBSERVED_LIMIT];
  uint8_t weak[OBSERVED_LIMIT];
} LitmusTest;

typedef struct {
  uint8_t test;  // index
  const char* name;
  uint8_t links[THREADS_LIMIT];
  bool weak_allowed;
} LitmusForm;

extern const LitmusTest litmus_tests[];
extern const LitmusForm litmus_forms[];
extern const unsigned litmus_form_count;

// What a thread's loop works on: instances k = (first + i) mod count, count a power of two.
typedef struct {
  uint32_t *const *a, *const *b;  // the cells of the thread's first and second access, by instance
  unsigned count, first;
  uint64_t v1, v2;
  uint32_t* out;  // what the accesses loaded: first | second << 8, by instance
  // Meeting before each instance (others[0] = 0: none): own counts up from `met`, and waits for the others a short time.
  volatile uint32_t *own, *others[THREADS_LIMIT];
  uint32_t met, jitter;
} Walk;
typedef void ThreadLoop(const Walk* walk);
ThreadLoop* litmus_loop(unsigned link, unsigned pattern);

static inline unsigned litmus_threads(const LitmusTest* test) {
  unsigned count = 0;
  while (count < THREADS_LIMIT && test->threads[count].pattern != PATTERN_NONE) ++count;
  return count;
}
static inline unsigned litmus_observed(const LitmusTest* test) {
  unsigned count = 0;
  while (count < OBSERVED_LIMIT && test->observed[count] != 0) ++count;
  return count;
}

// Two bits an observed place, the first one lowest. Fails on a value above 3.
unsigned outcome_key(const LitmusTest* test, const uint8_t registers[2 * THREADS_LIMIT], const uint8_t memory[VARIABLES]);
unsigned outcome_weak(const LitmusTest* test);
// Marks the outcomes of all interleavings.
void outcomes_sequential(const LitmusTest* test, bool possible[OUTCOMES]);

// Runs `iterations` instances of a form (at least) on the machine's harts and counts their outcomes. Every hart calls it;
// hart 0 gets the sums.
void litmus_run(Hart* self, const LitmusForm* form, uint64_t iterations, uint64_t counts[OUTCOMES]);
void litmus_prepare(void);  // once, on one hart, before the first run

#endif
