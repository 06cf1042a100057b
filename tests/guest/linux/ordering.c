// SPDX-License-Identifier: Apache-2.0
// Litmus tests of fences between processors. Forbidden outcomes must not be seen; how often store buffering shows without
// a fence is told, because a machine that never shows it was perhaps not asked hard enough.
// Source: RISC-V unprivileged specification, RVWMO; membarrier(2).
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "checks.h"
#include "crew.h"
#include "pattern.h"

enum { CELLS = 512, GROUP = 16, PASSES = 6, MEMBARRIER_CELLS = 24 };

typedef struct {
  _Alignas(64) volatile uint64_t x;
  _Alignas(64) volatile uint64_t y;
  uint64_t seen[2];
} Cell;

typedef struct {
  _Alignas(64) atomic_uint number;
} Arrival;

// Members 2k and 2k+1 are a pair, with cells of their own.
typedef struct {
  Arrival arrivals[2];  // the number of the meeting that each side has reached
  Cell cells[CELLS];
  unsigned long unfenced, bad_buffering, bad_passing, bad_membarrier;
} Pair;

// Brings the two sides to the same cell, give or take a random delay: far apart, they would never race.
static void meet(Pair* pair, unsigned side) {
  unsigned number = atomic_load_explicit(&pair->arrivals[side].number, memory_order_relaxed) + 1;
  atomic_store_explicit(&pair->arrivals[side].number, number, memory_order_relaxed);
  unsigned turns = 0;
  while (atomic_load_explicit(&pair->arrivals[!side].number, memory_order_relaxed) < number) wait_turn(&turns);
  for (unsigned delay = pattern_word(side, number) % 32; delay; delay--) __asm__ volatile("");
}

static void buffering(const Member* member, Pair* pair, unsigned side, bool fenced) {
  crew_wait(member);
  for (unsigned i = 0; i < CELLS; i++) {
    Cell* cell = &pair->cells[i];
    if (i % GROUP == 0) meet(pair, side);
    volatile uint64_t *mine = side ? &cell->y : &cell->x, *other = side ? &cell->x : &cell->y;
    *mine = 1;
    if (fenced)
      __asm__ volatile("fence rw, rw" ::: "memory");
    else
      __asm__ volatile("" ::: "memory");
    cell->seen[side] = *other;
  }
  crew_wait(member);
}

static void passing(const Member* member, Pair* pair, unsigned side) {
  crew_wait(member);
  for (unsigned i = 0; i < CELLS; i++) {
    Cell* cell = &pair->cells[i];
    if (i % GROUP == 0) meet(pair, side);
    if (side) {
      cell->seen[0] = cell->y;
      __asm__ volatile("fence r, r" ::: "memory");
      cell->seen[1] = cell->x;
    } else {
      cell->x = 1;
      __asm__ volatile("fence w, w" ::: "memory");
      cell->y = 1;
    }
  }
  crew_wait(member);
}

// Store buffering with a fence on one side only: the other side's is made by the system call.
static void with_membarrier(const Member* member, Pair* pair, unsigned side) {
  crew_wait(member);
  for (unsigned i = 0; i < MEMBARRIER_CELLS; i++) {
    Cell* cell = &pair->cells[i];
    if (side) {
      cell->y = 1;
      syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
      cell->seen[1] = cell->x;
    } else {
      unsigned turns = 0;
      while (i && !pair->cells[i - 1].y) wait_turn(&turns);  // stay near the slow side
      cell->x = 1;
      __asm__ volatile("" ::: "memory");
      cell->seen[0] = cell->y;
    }
  }
  crew_wait(member);
}

// Called by side 0 between two waits. Returns how many cells show the outcome, and clears all cells.
static unsigned long count_and_clear(Pair* pair, unsigned cells, uint64_t first, uint64_t second) {
  unsigned long found = 0;
  for (unsigned i = 0; i < CELLS; i++) {
    Cell* cell = &pair->cells[i];
    found += i < cells && cell->seen[0] == first && cell->seen[1] == second;
    *cell = (Cell){0};
  }
  return found;
}

static void work(const Member* member) {
  Pair* pair = (Pair*)member->shared + member->index / 2;
  unsigned side = member->index % 2;
  for (unsigned pass = 0; pass < PASSES * member->load->rounds; pass++) {
    buffering(member, pair, side, false);
    if (side == 0) pair->unfenced += count_and_clear(pair, CELLS, 0, 0);
    buffering(member, pair, side, true);
    if (side == 0) pair->bad_buffering += count_and_clear(pair, CELLS, 0, 0);
    passing(member, pair, side);
    if (side == 0) pair->bad_passing += count_and_clear(pair, CELLS, 1, 0);
    if (pass % PASSES) continue;
    with_membarrier(member, pair, side);
    if (side == 0) pair->bad_membarrier += count_and_clear(pair, MEMBARRIER_CELLS, 0, 0);
  }
}

void check_ordering(const Load* load) {
  static Pair pairs[32];
  Load even = *load;
  even.crew -= even.crew % 2;
  if (!expect(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0, "membarrier: no registration")) return;
  crew_run(&even, work, pairs);
  unsigned long unfenced = 0;
  for (unsigned i = 0; i < even.crew / 2; i++) {
    expect(pairs[i].bad_buffering == 0, "store buffering through fence rw,rw: %lu times", pairs[i].bad_buffering);
    expect(pairs[i].bad_passing == 0, "message passing broken in spite of fences: %lu times", pairs[i].bad_passing);
    expect(pairs[i].bad_membarrier == 0, "store buffering in spite of membarrier: %lu times", pairs[i].bad_membarrier);
    unfenced += pairs[i].unfenced;
  }
  check_detail("%lu cells a test and pair; store buffering without fences seen %lu times", (unsigned long)CELLS * PASSES * load->rounds,
               unfenced);
}
