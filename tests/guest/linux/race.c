// SPDX-License-Identifier: Apache-2.0
// Readers never stop while one thread takes pages away and puts new ones there. A read that begins after the old page was
// declared gone must not return the old page's contents, nor anybody else's.
#define _GNU_SOURCE
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "checks.h"
#include "crew.h"
#include "faults.h"

enum { PAGE = 4096, PAGES = 4, GENERATIONS = 8, MARK = 0x5a };

typedef struct {
  _Alignas(64) atomic_ulong gone;    // generations up to this one are unmapped, their remote fences done
  _Alignas(64) atomic_ulong coming;  // the newest generation that a page may show
  _Alignas(64) atomic_ulong reads, faults;
  char* area;
  unsigned long total;
} Shared;

static uint64_t contents(unsigned long generation) { return (uint64_t)MARK << 56 | generation; }

static void mutate(Shared* shared) {
  for (unsigned long generation = 1; generation <= shared->total; generation++) {
    atomic_store_explicit(&shared->coming, generation, memory_order_release);
    char* at = mmap(shared->area, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (!expect(at == shared->area, "mmap: %m")) break;
    for (unsigned p = 0; p < PAGES; p++) *(volatile uint64_t*)(at + p * PAGE) = contents(generation);
    unsigned long reads = atomic_load(&shared->reads);
    unsigned turns = 0;
    while (atomic_load(&shared->reads) < reads + PAGES && turns < 2100) wait_turn(&turns);
    bool failed = generation % 2 ? munmap(at, PAGES * PAGE) : mprotect(at, PAGES * PAGE, PROT_NONE);
    expect(!failed, "munmap or mprotect: %m");
    atomic_store_explicit(&shared->gone, generation, memory_order_release);
  }
  atomic_store_explicit(&shared->gone, UINT64_MAX, memory_order_release);
}

// Where processors are fewer than threads, an observer lets the others run now and then; otherwise it never stops.
static void observe(Shared* shared, unsigned index, bool alone) {
  for (unsigned i = index;; i++) {
    if (!alone && i % 16 == 0) sched_yield();
    volatile uint64_t* word = (volatile uint64_t*)(shared->area + i % PAGES * PAGE);
    unsigned long gone = atomic_load_explicit(&shared->gone, memory_order_acquire);
    if (gone == UINT64_MAX) return;
    uint64_t value = 0;
    Fault fault = try_read(word, &value);
    atomic_thread_fence(memory_order_acquire);
    unsigned long coming = atomic_load_explicit(&shared->coming, memory_order_relaxed);
    atomic_fetch_add_explicit(fault == NO_FAULT ? &shared->reads : &shared->faults, 1, memory_order_relaxed);
    expect(fault != FAULT_WRONG_ADDRESS, "a fault named another address");
    if (fault == NO_FAULT && value != 0)  // zero: the new page before it was written
      expect(value > contents(gone) && value <= contents(coming), "read %lx when %lx was gone and %lx the newest", value, gone, coming);
  }
}

static void work(const Member* member) {
  Shared* shared = member->shared;
  if (member->index == 0)
    mutate(shared);
  else
    observe(shared, member->index, member->load->cpus >= member->load->crew);
}

void check_race(const Load* load) {
  static Shared shared;
  faults_catch();
  shared.total = (unsigned long)GENERATIONS * load->rounds;
  shared.area = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!expect(shared.area != MAP_FAILED, "mmap: %m")) return;
  crew_run(load, work, &shared);
  check_detail("%lu generations of %u pages; %lu reads, %lu faults", shared.total, PAGES, shared.reads, shared.faults);
}
