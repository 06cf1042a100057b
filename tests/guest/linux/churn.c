// SPDX-License-Identifier: Apache-2.0
// All threads of one address space map, protect, move, discard and unmap areas of their own at the same time; what they
// wrote must be where they put it, and nowhere else.
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>

#include "checks.h"
#include "crew.h"
#include "faults.h"
#include "pattern.h"

enum { PAGE = 4096, PAGES = 24, STEPS = 6 };

static bool holds(const char* at, unsigned pages, uint64_t seed, unsigned first_page, const char* when) {
  long offset = pattern_differs(at, (size_t)pages * PAGE, seed, (uint64_t)first_page * (PAGE / 8));
  return expect(offset < 0, "%s: contents differ at offset %ld", when, offset);
}

static bool is_zero(const char* at, unsigned pages) {
  const uint64_t* words = (const uint64_t*)at;
  for (size_t i = 0; i < (size_t)pages * PAGE / 8; i++)
    if (!expect(words[i] == 0, "a new page holds %lx", words[i])) return false;
  return true;
}

static bool one_step(uint64_t seed) {
  size_t bytes = (size_t)PAGES * PAGE;
  char* at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!expect(at != MAP_FAILED, "mmap: %m") || !is_zero(at, PAGES)) return false;
  pattern_fill(at, bytes, seed, 0);
  unsigned from = pattern_word(seed, 1) % (PAGES - 8), pages = 1 + pattern_word(seed, 2) % 8;
  char* part = at + from * PAGE;

  bool fine = expect(mprotect(part, pages * PAGE, PROT_READ) == 0, "mprotect: %m");
  Fault fault = try_write((volatile uint64_t*)part, 0);
  fine = fine && expect(fault == FAULT_FORBIDDEN, "write to a read-only page: %s", fault_name(fault)) &&
         holds(at, PAGES, seed, 0, "after mprotect");
  fine = fine && expect(mprotect(part, pages * PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect back: %m");

  char* moved = mremap(part, pages * PAGE, (pages + 1) * PAGE, MREMAP_MAYMOVE);
  fine = fine && expect(moved != MAP_FAILED, "mremap: %m") && holds(moved, pages, seed, from, "after mremap") &&
         is_zero(moved + pages * PAGE, 1);
  fine = fine && holds(at, from, seed, 0, "below the moved part") &&
         holds(part + pages * PAGE, PAGES - from - pages, seed, from + pages, "above the moved part");

  fine = fine && expect(madvise(moved, PAGE, MADV_DONTNEED) == 0, "madvise: %m") && is_zero(moved, 1);
  if (!fine) return false;
  munmap(moved, (pages + 1) * PAGE);
  munmap(at, from * PAGE);
  munmap(part + pages * PAGE, (PAGES - from - pages) * PAGE);
  return true;
}

static void work(const Member* member) {
  unsigned long total = crew_share(member, (unsigned long)STEPS * member->load->rounds);
  for (unsigned long i = 0; i < total; i++)
    if (!one_step(pattern_word(member->index, i))) return;
}

void check_churn(const Load* load) {
  faults_catch();
  crew_run(load, work, NULL);
  check_detail("%lu areas of %u pages mapped, protected, moved, discarded and unmapped", (unsigned long)STEPS * load->rounds, PAGES);
}
