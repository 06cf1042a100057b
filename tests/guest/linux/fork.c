// SPDX-License-Identifier: Apache-2.0
// Copy on write: parent and children change the same pages and see their own changes only. The parent's other threads have
// the pages in their TLBs as writable when the fork takes that right away, and write right after it.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checks.h"
#include "crew.h"
#include "pattern.h"

enum { PAGE = 4096, PAGES = 16, STEPS = 2, DEPTH = 3 };

typedef struct {
  char* area;
  int go[2];  // a byte for the child: the parent's threads have written
  pid_t child;
} Shared;

static bool wait_for_success(pid_t child, const char* who) {
  int status = -1;
  return expect(waitpid(child, &status, 0) == child && status == 0, "%s: wait status %x", who, status);
}

static bool holds(const char* area, uint64_t seed, const char* who) {
  long offset = pattern_differs(area, (size_t)PAGES * PAGE, seed, 0);
  return expect(offset < 0, "%s sees foreign contents at offset %ld", who, offset);
}

// Each generation finds its parent's contents, writes its own, and lives while its child does the same.
static void __attribute__((noreturn)) generation(char* area, uint64_t seed, unsigned depth) {
  bool fine = holds(area, seed, "a child");
  pid_t child = -1;
  pattern_fill(area, (size_t)PAGES * PAGE, seed + 1, 0);
  if (depth) {
    child = fork();
    if (child == 0) generation(area, seed + 1, depth - 1);
    pattern_fill(area, (size_t)PAGES * PAGE / 2, seed + 2, 0);
    fine = wait_for_success(child, "a grandchild") && fine;
    pattern_fill(area, (size_t)PAGES * PAGE / 2, seed + 1, 0);
  }
  fine = holds(area, seed + 1, "a child after its writes") && fine;
  _exit(!fine);
}

static void __attribute__((noreturn)) child_of_threads(Shared* shared, uint64_t seed) {
  char byte;
  alarm(30);
  bool fine = read(shared->go[0], &byte, 1) == 1 && holds(shared->area, seed, "the child of threads");
  _exit(!fine);
}

static void work(const Member* member) {
  Shared* shared = member->shared;
  for (unsigned step = 0; step < STEPS * member->load->rounds; step++) {
    uint64_t seed = 1000 + 10 * step;
    if (member->index == 0) pattern_fill(shared->area, (size_t)PAGES * PAGE, seed, 0);
    crew_wait(member);
    // Write what is there already: the page is writable in this processor's TLB from here on.
    for (unsigned p = member->index; p < PAGES; p += member->load->crew) {
      volatile uint64_t* word = (volatile uint64_t*)(shared->area + p * PAGE);
      *word = *word;
    }
    crew_wait(member);
    if (member->index == 0) {
      shared->child = fork();
      if (shared->child == 0) child_of_threads(shared, seed);
      expect(shared->child > 0, "fork: %m");
    }
    crew_wait(member);
    for (unsigned p = member->index; p < PAGES; p += member->load->crew)
      pattern_fill(shared->area + p * PAGE, PAGE, seed + 5, (uint64_t)p * (PAGE / 8));
    crew_wait(member);
    if (member->index == 0) {
      expect(write(shared->go[1], "", 1) == 1, "write to the child: %m");
      wait_for_success(shared->child, "the child of threads");
      holds(shared->area, seed + 5, "the parent");
      pid_t child = fork();
      if (child == 0) generation(shared->area, seed + 5, DEPTH - 1);
      wait_for_success(child, "a child");
      holds(shared->area, seed + 5, "the parent after its children");
    }
    crew_wait(member);
  }
}

void check_fork(const Load* load) {
  static Shared shared;
  shared.area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!expect(shared.area != MAP_FAILED && pipe(shared.go) == 0, "mmap or pipe: %m")) return;
  crew_run(load, work, &shared);
  check_detail("%u forks of %u pages, %u generations deep", STEPS * load->rounds * (DEPTH + 1), PAGES, DEPTH);
}
