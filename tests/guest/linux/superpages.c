// SPDX-License-Identifier: Apache-2.0
// A 2 MiB page that all processors have in their TLBs is split by a change of one 4 KiB page in it: that page must change
// for all, its neighbours for none.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checks.h"
#include "crew.h"
#include "faults.h"
#include "pattern.h"

enum { PAGE = 4096, SUPERPAGE = 2 << 20, PER_SUPERPAGE = SUPERPAGE / PAGE, STEPS = 1 };

typedef struct {
  char* area;  // one superpage, aligned
  unsigned long superpages;
} Shared;

// Returns the kilobytes of superpages in the mapping that begins at `at`.
static unsigned long superpage_kilobytes(const char* at) {
  FILE* maps = fopen("/proc/self/smaps", "r");
  char line[256];
  unsigned long kilobytes = 0, begin, end;
  bool inside = false;
  while (maps && fgets(line, sizeof line, maps)) {
    if (sscanf(line, "%lx-%lx ", &begin, &end) == 2) inside = begin == (uintptr_t)at;
    if (inside && sscanf(line, "AnonHugePages: %lu", &kilobytes) == 1) break;
  }
  if (maps) fclose(maps);
  return kilobytes;
}

static volatile uint64_t* word_in(const Shared* shared, unsigned page) { return (volatile uint64_t*)(shared->area + (size_t)page * PAGE); }

static void look_all(const Shared* shared, unsigned step, unsigned missing, unsigned zero) {
  for (unsigned p = 0; p < PER_SUPERPAGE; p++) {
    uint64_t value = 0;
    Fault fault = try_read(word_in(shared, p), &value), wanted = p == missing ? FAULT_FORBIDDEN : NO_FAULT;
    expect(fault == wanted, "page %u beside the split: %s", p, fault_name(fault));
    uint64_t contents = p == zero ? 0 : pattern_word(step, p);
    if (wanted == NO_FAULT) expect(value == contents, "page %u beside the split: %lx", p, value);
  }
}

static void work(const Member* member) {
  enum { NONE = PER_SUPERPAGE };
  Shared* shared = member->shared;
  for (unsigned step = 0; step < STEPS * member->load->rounds; step++) {
    bool changes = step % member->load->crew == member->index;
    unsigned missing = pattern_word(7, step) % PER_SUPERPAGE, zero = (missing + 1) % PER_SUPERPAGE;
    if (changes) {
      void* at = mmap(shared->area, SUPERPAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      expect(at == shared->area && madvise(at, SUPERPAGE, MADV_HUGEPAGE) == 0, "mmap or madvise: %m");
      for (unsigned p = 0; p < PER_SUPERPAGE; p++) *word_in(shared, p) = pattern_word(step, p);
      shared->superpages += superpage_kilobytes(shared->area) / (SUPERPAGE >> 10);
    }
    crew_wait(member);
    look_all(shared, step, NONE, NONE);
    crew_wait(member);
    if (changes) expect(mprotect(shared->area + (size_t)missing * PAGE, PAGE, PROT_NONE) == 0, "mprotect: %m");
    crew_wait(member);
    look_all(shared, step, missing, NONE);
    crew_wait(member);
    if (changes) expect(madvise(shared->area + (size_t)zero * PAGE, PAGE, MADV_DONTNEED) == 0, "madvise dontneed: %m");
    crew_wait(member);
    look_all(shared, step, missing, zero);
    crew_wait(member);
  }
}

// A kernel with little memory leaves superpages off until told.
static void allow_superpages(void) {
  int file = open("/sys/kernel/mm/transparent_hugepage/enabled", O_WRONLY);
  expect(file >= 0 && write(file, "madvise", 7) == 7, "transparent_hugepage/enabled: %m");
  if (file >= 0) close(file);
}

void check_superpages(const Load* load) {
  static Shared shared;
  faults_catch();
  allow_superpages();
  char* area = mmap(NULL, 2 * SUPERPAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!expect(area != MAP_FAILED, "mmap: %m")) return;
  shared.area = (char*)(((uintptr_t)area + SUPERPAGE - 1) & -(uintptr_t)SUPERPAGE);
  crew_run(load, work, &shared);
  check_detail("%u splits, %lu of them of superpages", 2 * STEPS * load->rounds, shared.superpages);
}
