// SPDX-License-Identifier: Apache-2.0
// Batches: many instances of a test, each with cells of its own in lines of their own, run by the threads in the same order
// with a random skew; then the harts share the counting and the clearing. With more harts than threads, independent copies
// run at once. Which hart plays which thread changes with every batch; which line serves which instance, now and then.
// Parameters: sync=instance (threads meet before each instance) or batch; batch= instances (a power of two), stride= bytes between cells,
// skew= turns of delay before a batch. Method:     Alglave, Maranget, Sarkar and Sewell, "Litmus: running tests against hardware", TACAS
// 2011.
#include "barrier.h"
#include "console.h"
#include "litmus.h"
#include "pages.h"
#include "parameters.h"
#include "random.h"

enum { COPIES_LIMIT = HART_LIMIT / 2, BATCHES_PER_SHUFFLE = 8, SETS = 2 };

typedef struct {
  Barrier barrier;
  uint32_t* lines;                           // VARIABLES * batch cells, stride apart
  uint32_t** cells[SETS][VARIABLES];         // by instance; one set is in use while the other is shuffled
  uint32_t* out[THREADS_LIMIT];              // by instance
  uint64_t counts[THREADS_LIMIT][OUTCOMES];  // by the position of the hart that counted
  struct {
    uint32_t number;
  } __attribute__((aligned(128))) progress[THREADS_LIMIT];  // by role
} Copy;

static Copy* copies[COPIES_LIMIT];
static unsigned batch, stride, skew;
static bool meeting;

static void* allocate(uint64_t bytes) { return pages_allocate((bytes + PAGE_BYTES - 1) / PAGE_BYTES); }

static uint32_t* line_of(const Copy* copy, unsigned variable, unsigned index) {
  return (uint32_t*)((char*)copy->lines + (uint64_t)(variable * batch + index) * stride);
}

void litmus_prepare(void) {
  batch = (unsigned)parameter("batch", 512);
  stride = (unsigned)parameter("stride", 128);
  skew = (unsigned)parameter("skew", 60);
  meeting = parameter_is("sync", "instance", "instance");
  check(meeting || parameter_is("sync", "batch", "batch"), "sync", "instance or batch");
  check(batch >= 8 && batch <= INSTANCES_LIMIT && (batch & (batch - 1)) == 0, "batch", "%u: a power of two, 8 to %u", batch,
        INSTANCES_LIMIT);
  check(stride >= 4 && stride % 4 == 0, "stride", "%u: a multiple of 4", stride);
  for (unsigned c = 0; c < hart_count / 2 || c < 1; ++c) {
    Copy* copy = copies[c] = allocate(sizeof(Copy));
    copy->lines = allocate((uint64_t)VARIABLES * batch * stride);
    for (unsigned v = 0; v < VARIABLES; ++v) {
      for (unsigned set = 0; set < SETS; ++set) {
        copy->cells[set][v] = allocate(batch * sizeof(uint32_t*));
        for (unsigned k = 0; k < batch; ++k) copy->cells[set][v][k] = line_of(copy, v, k);
      }
    }
    for (unsigned t = 0; t < THREADS_LIMIT; ++t) copy->out[t] = allocate(batch * sizeof(uint32_t));
  }
}

static void shuffle(Hart* self, uint32_t** cells) {
  for (unsigned k = batch - 1; k > 0; --k) {
    unsigned other = (unsigned)random_below(self, k + 1);
    uint32_t* swapped = cells[k];
    cells[k] = cells[other];
    cells[other] = swapped;
  }
}

static void play(Hart* self, Copy* copy, const LitmusForm* form, unsigned threads, unsigned role, uint64_t number) {
  unsigned set = number / BATCHES_PER_SHUFFLE % SETS;
  const ThreadSpec* thread = &litmus_tests[form->test].threads[role];
  Walk walk = {.a = copy->cells[set][thread->a],
               .b = copy->cells[set][thread->b],
               .count = batch,
               .v1 = thread->v1,
               .v2 = thread->v2,
               .out = copy->out[role],
               .jitter = (uint32_t)random_next(self)};
  if (meeting) {
    walk.met = (uint32_t)number * batch;
    walk.own = &copy->progress[role].number;
    for (unsigned t = 0, o = 0; t < threads; ++t) {
      if (t != role) walk.others[o++] = &copy->progress[t].number;
    }
  } else {
    // A few instances ahead of or behind the others.
    walk.first = (unsigned)random_below(self, 4);
  }
  random_delay(self, skew);
  litmus_loop(form->links[role], thread->pattern)(&walk);
}

static void count_and_clear(Copy* copy, const LitmusTest* test, unsigned threads, unsigned position, unsigned set) {
  for (unsigned k = position; k < batch; k += threads) {
    uint8_t registers[2 * THREADS_LIMIT] = {0}, memory[VARIABLES];
    for (unsigned t = 0; t < threads; ++t) {
      registers[2 * t] = (uint8_t)copy->out[t][k];
      registers[2 * t + 1] = (uint8_t)(copy->out[t][k] >> 8);
    }
    for (unsigned v = 0; v < VARIABLES; ++v) {
      memory[v] = (uint8_t)*copy->cells[set][v][k];
      *copy->cells[set][v][k] = 0;
    }
    ++copy->counts[position][outcome_key(test, registers, memory)];
  }
}

static void run_copy(Hart* self, Copy* copy, const LitmusForm* form, unsigned threads, uint64_t batches) {
  unsigned position = (unsigned)self->id % threads;
  for (unsigned i = 0; i < OUTCOMES; ++i) copy->counts[position][i] = 0;
  copy->progress[position].number = 0;
  for (uint64_t b = 0; b < batches; ++b) {
    unsigned set = b / BATCHES_PER_SHUFFLE % SETS;
    // cleared_before_next: all cells are 0 and all addresses are in place before the first access.
    barrier_wait(&copy->barrier, threads);
    play(self, copy, form, threads, (unsigned)((position + b) % threads), b);
    // run_before_count: all results and final values are there.
    barrier_wait(&copy->barrier, threads);
    count_and_clear(copy, &litmus_tests[form->test], threads, position, set);
    if (position == 0 && b % BATCHES_PER_SHUFFLE == 0) {
      for (unsigned v = 0; v < VARIABLES; ++v) shuffle(self, copy->cells[set ^ 1][v]);
    }
  }
}

void litmus_run(Hart* self, const LitmusForm* form, uint64_t iterations, uint64_t counts[OUTCOMES]) {
  unsigned threads = litmus_threads(&litmus_tests[form->test]);
  unsigned parallel = hart_count / threads;
  uint64_t batches = (iterations + (uint64_t)batch * parallel - 1) / ((uint64_t)batch * parallel);
  barrier_all();
  if (self->id / threads < parallel) run_copy(self, copies[self->id / threads], form, threads, batches);
  barrier_all();
  if (self->id != 0) return;
  for (unsigned i = 0; i < OUTCOMES; ++i) {
    counts[i] = 0;
    for (unsigned c = 0; c < parallel; ++c) {
      for (unsigned position = 0; position < threads; ++position) counts[i] += copies[c]->counts[position][i];
    }
  }
}
