// SPDX-License-Identifier: Apache-2.0
// One thread changes translations that all processors have just used; after the system call returned, no processor may use
// the old ones. Each step: all touch, one changes, all try again, one puts new contents there, all see them.
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "checks.h"
#include "crew.h"
#include "faults.h"
#include "pattern.h"

enum { PAGE = 4096, PAGES_MOST = 100, STEPS = 8 };

typedef enum { UNMAP, FORBID, MAKE_READ_ONLY, DISCARD, REPLACE, MOVE, KINDS } Kind;
static const char* const kind_names[] = {"munmap", "mprotect none", "mprotect read", "madvise dontneed", "mmap over", "mremap away"};

typedef struct {
  char *area, *elsewhere;  // of PAGES_MOST pages each
  atomic_ulong faults;
} Shared;

static uint64_t old_value(unsigned step, unsigned page) { return pattern_word(2 * step, page); }
static uint64_t new_value(unsigned step, unsigned page) { return pattern_word(2 * step + 1, page); }
static volatile uint64_t* word_in(char* area, unsigned page, unsigned step) {
  return (volatile uint64_t*)(area + (unsigned long)page * PAGE) + step % (PAGE / 8);
}

static void map_fresh(char* at, unsigned pages) {
  void* got = mmap(at, (size_t)pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  expect(got == at, "mmap at %p: %m", at);
}

static void change(Shared* shared, Kind kind, unsigned pages) {
  size_t bytes = (size_t)pages * PAGE;
  int failed = 0;
  switch (kind) {
    case UNMAP: failed = munmap(shared->area, bytes); break;
    case FORBID: failed = mprotect(shared->area, bytes, PROT_NONE); break;
    case MAKE_READ_ONLY: failed = mprotect(shared->area, bytes, PROT_READ); break;
    case DISCARD: failed = madvise(shared->area, bytes, MADV_DONTNEED); break;
    case REPLACE: map_fresh(shared->area, pages); break;
    case MOVE: failed = mremap(shared->area, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, shared->elsewhere) != shared->elsewhere; break;
    case KINDS: break;
  }
  expect(!failed, "%s: %m", kind_names[kind]);
}

// What a processor other than the changing one must find at one page after the change.
static void look(Shared* shared, Kind kind, unsigned step, unsigned page) {
  static const Fault read_fault[] = {FAULT_UNMAPPED, FAULT_FORBIDDEN, NO_FAULT, NO_FAULT, NO_FAULT, FAULT_UNMAPPED};
  volatile uint64_t* word = word_in(shared->area, page, step);
  uint64_t value = 0, wanted = kind == MAKE_READ_ONLY ? old_value(step, page) : 0;
  Fault fault = try_read(word, &value);
  expect(fault == read_fault[kind], "after %s, page %u: read gave %s", kind_names[kind], page, fault_name(fault));
  if (fault == NO_FAULT) expect(value == wanted, "after %s, page %u: stale contents %lx", kind_names[kind], page, value);
  Fault write_fault = kind == MAKE_READ_ONLY ? FAULT_FORBIDDEN : read_fault[kind];
  if (write_fault != NO_FAULT) {
    fault = try_write(word, ~0ull);
    expect(fault == write_fault, "after %s, page %u: write gave %s", kind_names[kind], page, fault_name(fault));
    atomic_fetch_add_explicit(&shared->faults, 1 + (read_fault[kind] != NO_FAULT), memory_order_relaxed);
  }
  if (kind == MOVE) {
    value = *word_in(shared->elsewhere, page, step);
    expect(value == old_value(step, page), "after mremap, page %u: %lx at the new place", page, value);
  }
}

static void work(const Member* member) {
  static const unsigned sizes[] = {1, 2, 17, PAGES_MOST};
  Shared* shared = member->shared;
  for (unsigned step = 0; step < STEPS * member->load->rounds; step++) {
    Kind kind = step % KINDS;
    unsigned pages = sizes[step / KINDS % 4];
    bool changes = step % member->load->crew == member->index;
    if (changes)
      for (unsigned p = 0; p < pages; p++) *word_in(shared->area, p, step) = old_value(step, p);
    crew_wait(member);
    for (unsigned p = 0; p < pages; p++) {
      uint64_t value = *word_in(shared->area, p, step);
      expect(value == old_value(step, p), "step %u page %u before the change: %lx", step, p, value);
    }
    crew_wait(member);
    if (changes) change(shared, kind, pages);
    crew_wait(member);
    for (unsigned p = 0; p < pages; p += 1 + pages / 8) look(shared, kind, step, p);
    crew_wait(member);
    if (changes) {
      map_fresh(shared->area, pages);
      for (unsigned p = 0; p < pages; p++) *word_in(shared->area, p, step) = new_value(step, p);
    }
    crew_wait(member);
    for (unsigned p = 0; p < pages; p++) {
      uint64_t value = *word_in(shared->area, p, step);
      expect(value == new_value(step, p), "after %s and a new mapping, page %u: %lx", kind_names[kind], p, value);
    }
    crew_wait(member);
    if (check_has_failed()) return;  // all see the same: what fails after this wait is seen at the next
    crew_wait(member);
  }
}

void check_unmap(const Load* load) {
  static Shared shared;
  size_t bytes = (size_t)PAGES_MOST * PAGE;
  faults_catch();
  shared.area = mmap(NULL, 2 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!expect(shared.area != MAP_FAILED, "mmap: %m")) return;
  shared.elsewhere = shared.area + bytes;
  crew_run(load, work, &shared);
  check_detail("%u changes in 6 ways on 1 to %u pages, %lu faults on other processors as required", STEPS * load->rounds, PAGES_MOST,
               shared.faults);
}
