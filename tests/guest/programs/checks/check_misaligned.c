// SPDX-License-Identifier: Apache-2.0
// Misaligned loads and stores, inside a page and across two that are not neighbours in memory; and across the edge of what
// is mapped, where the fault must be precise: right address, and not one byte stored. The machine is expected to do
// misaligned accesses itself. Misaligned AMO, LR and SC trap.
// Source: RISC-V unprivileged specification 20191213, sections 2.6 (misaligned accesses), 8.2, 8.4 (A); privileged
//         specification 1.12, sections 3.1.16 and 4.1.9 (tval of a fault on a part of a misaligned access), 4.3.2.
#include "board.h"
#include "checks/shared/checks.h"
#include "paging.h"
#include "privilege.h"
#include "probe.h"

#define FIRST TEST_BASE
#define SECOND (TEST_BASE + PAGE_BYTES)

typedef struct {
  const char* name;
  uint64_t (*run)(uint64_t address, uint64_t* value);  // returns the cause
  unsigned bytes;
  bool is_store, sign_extends;
} Access;

#define LOAD(op)                                                                                  \
  static uint64_t run_##op(uint64_t address, uint64_t* value) {                                   \
    uint64_t loaded = 0x5a5a5a5a5a5a5a5aull;                                                      \
    uint64_t cause = PROBE(#op " %[v], 0(%[a])", PROBE_OUT([v] "+&r"(loaded)), [a] "r"(address)); \
    *value = loaded;                                                                              \
    return cause;                                                                                 \
  }
#define STORE(op) \
  static uint64_t run_##op(uint64_t address, uint64_t* value) { return PROBE(#op " %[v], 0(%[a])", , [v] "r"(*value), [a] "r"(address)); }
LOAD(lh)
LOAD(lhu)
LOAD(lw)
LOAD(lwu)
LOAD(ld)
STORE(sh)
STORE(sw)
STORE(sd)

static uint64_t run_flw(uint64_t address, uint64_t* value) {
  uint64_t bits = 0;
  uint64_t cause = PROBE("flw fa0, 0(%[a])\n fmv.x.w %[v], fa0", PROBE_OUT([v] "+&r"(bits)), [a] "r"(address));
  *value = bits;
  return cause;
}
static uint64_t run_fld(uint64_t address, uint64_t* value) {
  uint64_t bits = 0;
  uint64_t cause = PROBE("fld fa0, 0(%[a])\n fmv.x.d %[v], fa0", PROBE_OUT([v] "+&r"(bits)), [a] "r"(address));
  *value = bits;
  return cause;
}
static uint64_t run_fsw(uint64_t address, uint64_t* value) {
  return PROBE("fmv.w.x fa0, %[v]\n fsw fa0, 0(%[a])", , [v] "r"(*value), [a] "r"(address));
}
static uint64_t run_fsd(uint64_t address, uint64_t* value) {
  return PROBE("fmv.d.x fa0, %[v]\n fsd fa0, 0(%[a])", , [v] "r"(*value), [a] "r"(address));
}

static const Access accesses[] = {{"lh", run_lh, 2, false, true},    {"lhu", run_lhu, 2, false, false}, {"lw", run_lw, 4, false, true},
                                  {"lwu", run_lwu, 4, false, false}, {"ld", run_ld, 8, false, false},   {"flw", run_flw, 4, false, true},
                                  {"fld", run_fld, 8, false, false}, {"sh", run_sh, 2, true, false},    {"sw", run_sw, 4, true, false},
                                  {"sd", run_sd, 8, true, false},    {"fsw", run_fsw, 4, true, false},  {"fsd", run_fsd, 8, true, false}};
enum { ACCESSES = sizeof accesses / sizeof accesses[0] };

static Space space;
static uint64_t frames[2];  // not neighbours, and in the wrong order

// Byte `offset` of the two pages, seen at its physical address.
static volatile uint8_t* byte_at(uint64_t offset) { return (volatile uint8_t*)(frames[offset / PAGE_BYTES] + offset % PAGE_BYTES); }

static uint8_t pattern(uint64_t offset) { return (uint8_t)(offset * 37 + (offset >> 8) + 129); }

static void fill_around(uint64_t offset) {
  for (uint64_t i = offset - 16; i < offset + 16; ++i) *byte_at(i) = pattern(i);
}

static uint64_t expected_load(const Access* access, uint64_t offset) {
  uint64_t value = 0;
  for (unsigned i = 0; i < access->bytes; ++i) value |= (uint64_t)pattern(offset + i) << (8 * i);
  unsigned unused = 64 - 8 * access->bytes;
  return access->sign_extends ? (uint64_t)((int64_t)(value << unused) >> unused) : value;
}

static void expect_done(const Access* access, uint64_t offset) {
  uint64_t value = 0xf1e2d3c4b5a69788ull;
  fill_around(offset);
  uint64_t cause = access->run(FIRST + offset, &value);
  check(cause == NO_TRAP, access->name, "at offset 0x%lx: cause %ld", offset, (long)cause);
  if (!access->is_store) {
    check_equal(access->name, value, expected_load(access, offset));
    return;
  }
  for (uint64_t i = offset - 16; i < offset + 16; ++i) {
    uint64_t at = i - offset;
    uint8_t wanted = at < access->bytes ? (uint8_t)(value >> (8 * at)) : pattern(i);
    check(*byte_at(i) == wanted, access->name, "at offset 0x%lx: byte 0x%lx is 0x%x, wanted 0x%x", offset, i, *byte_at(i), wanted);
  }
}

static void expect_fault(const Access* access, uint64_t offset, uint64_t tval) {
  uint64_t value = 0xf1e2d3c4b5a69788ull;
  fill_around(offset);
  uint64_t cause = access->run(FIRST + offset, &value);
  uint64_t wanted = access->is_store ? CAUSE_STORE_PAGE : CAUSE_LOAD_PAGE;
  check(cause == wanted, access->name, "at offset 0x%lx: cause %ld, wanted %ld", offset, (long)cause, (long)wanted);
  check_equal("tval of a part that faults", hart_self()->trap.tval, tval);
  for (uint64_t i = offset - 16; i < offset + 16; ++i) {
    check(*byte_at(i) == pattern(i), access->name, "at offset 0x%lx: byte 0x%lx was stored before the fault", offset, i);
  }
}

static void set_second(uint64_t flags) {
  *space_slot(&space, SECOND, LEVEL_PAGE) = flags;
  sfence_page(SECOND);
}

static uint64_t inside_body(uint64_t rounds) {
  for (uint64_t offset = 512; offset < 512 + 64 * rounds; ++offset) {
    for (unsigned i = 0; i < ACCESSES; ++i) expect_done(&accesses[i], offset);
  }
  return 0;
}

static uint64_t across_body(uint64_t rounds) {
  for (uint64_t round = 0; round < rounds; ++round) {
    for (uint64_t offset = PAGE_BYTES - 9; offset <= PAGE_BYTES; ++offset) {
      for (unsigned i = 0; i < ACCESSES; ++i) expect_done(&accesses[i], offset);
    }
  }
  return 0;
}

static bool crosses(const Access* access, uint64_t offset) { return offset < PAGE_BYTES && offset + access->bytes > PAGE_BYTES; }

static uint64_t into_unmapped_body(uint64_t rounds) {
  for (uint64_t round = 0; round < rounds; ++round) {
    for (uint64_t offset = PAGE_BYTES - 7; offset < PAGE_BYTES; ++offset) {
      for (unsigned i = 0; i < ACCESSES; ++i) {
        if (!crosses(&accesses[i], offset)) continue;
        set_second(0);
        expect_fault(&accesses[i], offset, SECOND);
        set_second(pte_leaf(frames[1], PTE_R | PTE_A));
        if (accesses[i].is_store) {
          expect_fault(&accesses[i], offset, SECOND);
        } else {
          expect_done(&accesses[i], offset);
        }
        set_second(pte_leaf(frames[1], PTE_RW));
        expect_done(&accesses[i], offset);
      }
    }
  }
  return 0;
}

static uint64_t out_of_unmapped_body(uint64_t rounds) {
  uint64_t* first = space_slot(&space, FIRST, LEVEL_PAGE);
  for (uint64_t round = 0; round < rounds; ++round) {
    for (uint64_t offset = PAGE_BYTES - 7; offset < PAGE_BYTES; ++offset) {
      for (unsigned i = 0; i < ACCESSES; ++i) {
        if (!crosses(&accesses[i], offset)) continue;
        *first = 0;
        sfence_page(FIRST);
        expect_fault(&accesses[i], offset, FIRST + offset);
        *first = pte_leaf(frames[0], PTE_RW);
        sfence_page(FIRST);
        expect_done(&accesses[i], offset);
      }
    }
  }
  return 0;
}

static uint64_t atomics_body(uint64_t argument) {
  uint64_t value = argument, address = FIRST + 1024;
  for (unsigned off = 1; off < 8; ++off) {
    fill_around(1024);
    uint64_t at = address + off;
    uint64_t cause = PROBE("amoadd.d %[v], %[v], (%[a])", PROBE_OUT([v] "+r"(value)), [a] "r"(at));
    check(cause == CAUSE_STORE_MISALIGNED || cause == CAUSE_STORE_ACCESS, "misaligned amoadd.d", "cause %ld", (long)cause);
    cause = PROBE("lr.d %[v], (%[a])", PROBE_OUT([v] "+&r"(value)), [a] "r"(at));
    check(cause == CAUSE_LOAD_MISALIGNED || cause == CAUSE_LOAD_ACCESS, "misaligned lr.d", "cause %ld", (long)cause);
    cause = PROBE("sc.d %[v], %[a], (%[a])", PROBE_OUT([v] "+&r"(value)), [a] "r"(at));
    check(cause == CAUSE_STORE_MISALIGNED || cause == CAUSE_STORE_ACCESS, "misaligned sc.d", "cause %ld", (long)cause);
    if ((off & 3) != 0) {
      cause = PROBE("amoor.w %[v], %[v], (%[a])", PROBE_OUT([v] "+r"(value)), [a] "r"(at));
      check(cause == CAUSE_STORE_MISALIGNED || cause == CAUSE_STORE_ACCESS, "misaligned amoor.w", "cause %ld", (long)cause);
    }
    for (uint64_t i = 1024 - 16; i < 1024 + 16; ++i) check_equal("byte under a misaligned atomic", *byte_at(i), pattern(i));
  }
  return 0;
}

static void prepare(void) {
  if (frames[0] != 0) return;
  space = space_create(39, 1);
  frames[1] = (uint64_t)pages_allocate(2);
  frames[0] = (uint64_t)pages_allocate(1);
  space_map(&space, FIRST, frames[0], LEVEL_PAGE, PTE_RW);
  space_map(&space, SECOND, frames[1], LEVEL_PAGE, PTE_RW);
}

static void run(uint64_t (*body)(uint64_t)) {
  prepare();
  space_enter(&space);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, body, parameter("iterations", 4));
}

static void inside_a_page(Hart* self) {
  (void)self;
  run(inside_body);
}
static void across_pages(Hart* self) {
  (void)self;
  run(across_body);
}
static void into_unmapped(Hart* self) {
  (void)self;
  run(into_unmapped_body);
}
static void out_of_unmapped(Hart* self) {
  (void)self;
  run(out_of_unmapped_body);
}
static void atomics_trap(Hart* self) {
  (void)self;
  run(atomics_body);
}

// Bare addresses in M mode.
static void without_paging(Hart* self) {
  (void)self;
  prepare();
  for (uint64_t offset = 100; offset < 108; ++offset) {
    fill_around(offset);
    uint64_t value;
    check_equal("ld without paging", run_ld(frames[0] + offset, &value), NO_TRAP);
    check_equal("ld without paging", value, expected_load(&accesses[4], offset));
  }
}

static const Check checks[] = {{"inside_a_page", inside_a_page, 1}, {"across_pages", across_pages, 1},
                               {"into_unmapped", into_unmapped, 1}, {"out_of_unmapped", out_of_unmapped, 1},
                               {"atomics_trap", atomics_trap, 1},   {"without_paging", without_paging, 1}};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
