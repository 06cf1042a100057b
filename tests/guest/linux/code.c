// SPDX-License-Identifier: Apache-2.0
// Code that is written while the program runs: after the flush, every processor executes the new instructions. Three ways:
// one thread writes and flushes for all; each flushes for itself with fence.i; a page changes between writable and executable.
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/cachectl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checks.h"
#include "crew.h"
#include "faults.h"
#include "pattern.h"

enum { PAGE = 4096, PAGES = 4, SHARED_STEPS = 20, OWN_STEPS = 400, TOGGLE_STEPS = 8 };
enum { FUNCTION_HALFWORDS = 5 };

typedef long (*Function)(void);
typedef union {
  uint16_t* halfwords;
  char* bytes;
  Function function;
} Code;

typedef struct {
  Code code;  // PAGES pages, readable, writable, executable
} Shared;

// lui a0, upper; addiw a0, a0, lower; c.jr ra. Returns what the function will: 31 bits, sign-extended by addiw.
static long write_function(Code at, uint64_t random) {
  int32_t value = (int32_t)(random >> 33);
  uint32_t lower = value & 0xfff, upper = ((uint32_t)value + 0x800) & 0xfffff000;
  uint32_t lui = upper | 10 << 7 | 0x37, addiw = lower << 20 | 10 << 15 | 10 << 7 | 0x1b;
  volatile uint16_t* halfword = at.halfwords;
  halfword[0] = lui;
  halfword[1] = lui >> 16;
  halfword[2] = addiw;
  halfword[3] = addiw >> 16;
  halfword[4] = 0x8082;
  return value;
}

static Code place_in(Code area, unsigned long halfword) { return (Code){.halfwords = area.halfwords + halfword}; }

// Some places let an instruction cross a page boundary.
static unsigned long choose_place(uint64_t random) {
  unsigned long boundary = (1 + random % (PAGES - 1)) * (PAGE / 2);
  return random % 3 ? boundary - (random >> 8) % FUNCTION_HALFWORDS : (random >> 8) % (PAGES * PAGE / 2 - FUNCTION_HALFWORDS);
}

static void shared_by_all(const Member* member, Shared* shared) {
  for (unsigned step = 0; step < SHARED_STEPS * member->load->rounds; step++) {
    uint64_t random = pattern_word(21, step), where = pattern_word(22, step / 4);
    Code at = place_in(shared->code, choose_place(where));
    if (step % member->load->crew == member->index) {
      write_function(at, random);
      expect(__riscv_flush_icache(at.bytes, at.bytes + 2 * FUNCTION_HALFWORDS, 0) == 0, "riscv_flush_icache: %m");
    }
    crew_wait(member);
    long result = at.function(), wanted = (int32_t)(random >> 33);
    expect(result == wanted, "step %u: code of another thread gave %lx instead of %lx", step, result, wanted);
    crew_wait(member);
  }
}

// Members are bound to their processors, so the one that fences is the one that executes.
static void own(const Member* member) {
  Code area = {.bytes = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
  if (!expect((void*)area.bytes != MAP_FAILED, "mmap: %m")) return;
  for (unsigned step = 0; step < OWN_STEPS * member->load->rounds / member->load->crew; step++) {
    Code at = place_in(area, choose_place(pattern_word(member->index, step / 8)));
    long wanted = write_function(at, pattern_word(member->index + 100, step));
    __asm__ volatile("fence.i" ::: "memory");
    long result = at.function();
    expect(result == wanted, "own code, step %u: %lx instead of %lx", step, result, wanted);
  }
  munmap(area.bytes, PAGES * PAGE);
}

static void toggled(const Member* member) {
  Code page = {.bytes = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};
  if (!expect((void*)page.bytes != MAP_FAILED, "mmap: %m")) return;
  for (unsigned step = 0; step < TOGGLE_STEPS * member->load->rounds / member->load->crew + 1; step++) {
    long result = 0, wanted = write_function(page, pattern_word(member->index + 200, step));
    Fault fault = try_call(page.function, &result);
    expect(fault == FAULT_FORBIDDEN, "a call of a page without execute permission: %s", fault_name(fault));
    expect(mprotect(page.bytes, PAGE, PROT_READ | PROT_EXEC) == 0, "mprotect: %m");
    __riscv_flush_icache(page.bytes, page.bytes + PAGE, 0);
    fault = try_call(page.function, &result);
    expect(fault == NO_FAULT && result == wanted, "toggled code, step %u: %s, %lx instead of %lx", step, fault_name(fault), result, wanted);
    fault = try_write((volatile uint64_t*)page.bytes, 0);
    expect(fault == FAULT_FORBIDDEN, "a write to an executable page: %s", fault_name(fault));
    expect(mprotect(page.bytes, PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect: %m");
  }
  munmap(page.bytes, PAGE);
}

static void work(const Member* member) {
  shared_by_all(member, member->shared);
  own(member);
  toggled(member);
}

void check_code(const Load* load) {
  static Shared shared;
  faults_catch();
  shared.code.bytes = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!expect((void*)shared.code.bytes != MAP_FAILED, "mmap: %m")) return;
  crew_run(load, work, &shared);
  check_detail("%u functions rewritten for all, %u with fence.i, %u between writable and executable", SHARED_STEPS * load->rounds,
               OWN_STEPS * load->rounds, TOGGLE_STEPS * load->rounds);
}
