// SPDX-License-Identifier: Apache-2.0
// Physical memory protection: regions of all kinds, priority, edges, page-table walks, MPRV, and locked entries.
// Entry 7 gives S mode everything else; entries 0 to 6 are the checks'. After each change sfence.vma, as section 3.7.2 asks.
// Source: RISC-V privileged specification 1.12, section 3.7.
#include "board.h"
#include "checks/shared/checks.h"
#include "checks/shared/tagged_page.h"
#include "paging.h"
#include "pmp.h"
#include "privilege.h"
#include "probe.h"

enum { REGION_PAGES = 16, TAG = 77 };
#define ANY (PMP_R | PMP_W | PMP_X)

static uint64_t region;   // REGION_PAGES pages, aligned to their size
static uint64_t granule;  // bytes

static void write_address(unsigned entry, uint64_t value) {
  switch (entry) {
    case 0: csr_write(pmpaddr0, value); break;
    case 1: csr_write(pmpaddr1, value); break;
    case 2: csr_write(pmpaddr2, value); break;
    case 3: csr_write(pmpaddr3, value); break;
    case 4: csr_write(pmpaddr4, value); break;
    case 5: csr_write(pmpaddr5, value); break;
    case 6: csr_write(pmpaddr6, value); break;
    default: csr_write(pmpaddr7, value);
  }
}

static void write_config(unsigned entry, uint64_t config) {
  uint64_t all = csr_read(pmpcfg0);
  csr_write(pmpcfg0, (all & ~(0xffull << (8 * entry))) | config << (8 * entry));
  sfence_all();
}

static void set_entry(unsigned entry, uint64_t address, unsigned config) {
  write_config(entry, 0);
  write_address(entry, address);
  write_config(entry, config);
}

static void prepare(void) {
  csr_write(pmpcfg0, 0);
  set_entry(7, ~0ull >> 10, PMP_NAPOT | ANY);
  if (region != 0) return;
  region = (uint64_t)pages_allocate_aligned(REGION_PAGES, REGION_PAGES * PAGE_BYTES);
  for (unsigned page = 0; page < REGION_PAGES; ++page) tagged_page_fill(region + page * PAGE_BYTES, TAG + page);
  fence_i();
  // Granularity: with A = OFF, the lowest bit of pmpaddr that can be set.
  write_address(0, ~0ull);
  granule = 4;
  for (uint64_t got = csr_read(pmpaddr0); !(got & 1); got >>= 1) granule *= 2;
  print("NOTE pmp_granule=%lu\n", granule);
}

static void expect_page(const char* what, uint64_t address, unsigned allowed) {
  unsigned page = (unsigned)((address - region) / PAGE_BYTES);
  if (allowed == ANY) {
    tagged_page_expect(what, address, TAG + page, address);
  } else {
    tagged_page_expect_faults(what, address, allowed & PMP_R ? NO_TRAP : CAUSE_LOAD_ACCESS, allowed & PMP_W ? NO_TRAP : CAUSE_STORE_ACCESS,
                              allowed & PMP_X ? NO_TRAP : CAUSE_FETCH_ACCESS);
  }
}

typedef struct {
  const char* what;
  uint64_t address;
  unsigned allowed;
} Look;

static uint64_t look_from_supervisor(uint64_t argument) {
  const Look* look = (const Look*)argument;
  expect_page(look->what, look->address, look->allowed);
  return 0;
}

static void expect_supervisor(const char* what, uint64_t address, unsigned allowed) {
  Look look = {what, address, allowed};
  privilege_call(MODE_SUPERVISOR, look_from_supervisor, (uint64_t)&look);
}

static void permissions(Hart* self) {
  (void)self;
  static const unsigned combinations[] = {0, PMP_R, PMP_R | PMP_W, PMP_X, PMP_R | PMP_X, ANY};
  prepare();
  uint64_t page = region + 4 * PAGE_BYTES;
  for (unsigned i = 0; i < 6; ++i) {
    set_entry(0, pmp_napot(page, PAGE_BYTES), PMP_NAPOT | combinations[i]);
    expect_supervisor("page in the region", page, combinations[i]);
    expect_supervisor("page before the region", page - PAGE_BYTES, ANY);
    expect_supervisor("page behind the region", page + PAGE_BYTES, ANY);
    expect_page("M mode in the region", page, ANY);
  }
}

static void napot_sizes(Hart* self) {
  (void)self;
  prepare();
  for (uint64_t bytes = PAGE_BYTES; bytes <= REGION_PAGES * PAGE_BYTES / 2; bytes *= 2) {
    set_entry(0, pmp_napot(region + bytes, bytes), PMP_NAPOT);
    expect_supervisor("first page of a region", region + bytes, 0);
    expect_supervisor("last page of a region", region + 2 * bytes - PAGE_BYTES, 0);
    expect_supervisor("page before a region", region + bytes - PAGE_BYTES, ANY);
    if (2 * bytes < REGION_PAGES * PAGE_BYTES) expect_supervisor("page behind a region", region + 2 * bytes, ANY);
  }
}

static void top_of_range(Hart* self) {
  (void)self;
  prepare();
  set_entry(0, (region + 3 * PAGE_BYTES) >> 2, PMP_OFF);
  set_entry(1, (region + 6 * PAGE_BYTES) >> 2, PMP_TOR | PMP_R);
  for (unsigned page = 2; page < 8; ++page) {
    expect_supervisor("top of range", region + page * PAGE_BYTES, page >= 3 && page < 6 ? PMP_R : ANY);
  }
  // An empty range matches nothing.
  set_entry(1, (region + 3 * PAGE_BYTES) >> 2, PMP_TOR);
  expect_supervisor("empty range", region + 3 * PAGE_BYTES, ANY);
  // The first entry's range begins at 0: RAM lies behind it, the boot ROM inside.
  set_entry(1, 0, PMP_OFF);
  set_entry(0, RAM_START >> 2, PMP_TOR);
  expect_supervisor("behind the range from 0", region, ANY);
}

static void priority(Hart* self) {
  (void)self;
  prepare();
  set_entry(3, pmp_napot(region, REGION_PAGES * PAGE_BYTES), PMP_NAPOT);
  set_entry(2, pmp_napot(region + 2 * PAGE_BYTES, 2 * PAGE_BYTES), PMP_NAPOT | ANY);
  set_entry(1, pmp_napot(region + 3 * PAGE_BYTES, PAGE_BYTES), PMP_NAPOT | PMP_R);
  expect_supervisor("entry 3", region, 0);
  expect_supervisor("entry 2 before 3", region + 2 * PAGE_BYTES, ANY);
  expect_supervisor("entry 1 before 2", region + 3 * PAGE_BYTES, PMP_R);
}

// Everything is allowed but a hole that no entry covers.
static void no_match(Hart* self) {
  (void)self;
  prepare();
  uint64_t hole = region + 5 * PAGE_BYTES;
  set_entry(0, hole >> 2, PMP_TOR | ANY);
  set_entry(1, (hole + PAGE_BYTES) >> 2, PMP_OFF);
  set_entry(2, ~0ull >> 10, PMP_TOR | ANY);
  write_config(7, 0);
  expect_supervisor("before the hole", hole - PAGE_BYTES, ANY);
  expect_supervisor("in the hole", hole, 0);
  expect_supervisor("behind the hole", hole + PAGE_BYTES, ANY);
  expect_page("M mode in the hole", hole, ANY);
}

static uint64_t edges_body(uint64_t edge) {
  uint64_t value;
  check_equal("doubleword before a small region", probe_load(edge - 8, &value), NO_TRAP);
  check_equal("doubleword in a small region", probe_load(edge, &value), CAUSE_LOAD_ACCESS);
  check_equal("doubleword behind a small region", probe_load(edge + 8 + granule, &value), NO_TRAP);
  check_equal("word in a small region", PROBE("lw t1, 0(%[a])", , [a] "r"(edge)), CAUSE_LOAD_ACCESS);
  check_equal("word before a small region", PROBE("lw t1, -4(%[a])", , [a] "r"(edge)), NO_TRAP);
  check_equal("word behind a small region", PROBE("lw t1, 0(%[a])", , [a] "r"(edge + granule)), NO_TRAP);
  check_equal("byte in a small region", PROBE("lb t1, 3(%[a])", , [a] "r"(edge)), CAUSE_LOAD_ACCESS);
  check_equal("store in a small region", probe_store(edge, 0), CAUSE_STORE_ACCESS);
  return 0;
}

// The smallest region, and accesses that only partly lie in it.
static void small_regions(Hart* self) {
  (void)self;
  prepare();
  uint64_t edge = region + 2048;
  if (granule == 4) {
    set_entry(0, edge >> 2, PMP_NA4);
  } else {
    set_entry(0, pmp_napot(edge, granule), PMP_NAPOT);
  }
  privilege_call(MODE_SUPERVISOR, edges_body, edge);
}

// A doubleword of which the allowing entry covers only a half fails, although the next entry would allow all of it.
static uint64_t partial_body(uint64_t edge) {
  uint64_t value;
  check_equal("doubleword half in an allowing region", probe_load(edge - 4, &value), CAUSE_LOAD_ACCESS);
  check_equal("word in an allowing region", PROBE("lw t1, 0(%[a])", , [a] "r"(edge)), NO_TRAP);
  return 0;
}

static void partial_match(Hart* self) {
  (void)self;
  prepare();
  uint64_t edge = region + 2048;
  uint64_t bytes = granule < 8 ? 8 : granule;
  set_entry(0, pmp_napot(edge, bytes), PMP_NAPOT | ANY);
  privilege_call(MODE_SUPERVISOR, partial_body, edge);
}

static uint64_t load_through_table(uint64_t address) {
  uint64_t value;
  return probe_load(address, &value);
}

static void page_table_walk(Hart* self) {
  (void)self;
  prepare();
  Space space = space_create(39, 1);
  space_map(&space, TEST_BASE, region, LEVEL_PAGE, PTE_RWX);
  space_enter(&space);
  sfence_all();
  check_equal("load", privilege_call(MODE_SUPERVISOR, load_through_table, TEST_BASE), NO_TRAP);
  uint64_t table = (uint64_t)space_slot(&space, TEST_BASE, LEVEL_PAGE) & ~(PAGE_BYTES - 1);
  set_entry(0, pmp_napot(table, PAGE_BYTES), PMP_NAPOT);
  check_equal("load through a denied page table", privilege_call(MODE_SUPERVISOR, load_through_table, TEST_BASE), CAUSE_LOAD_ACCESS);
  check_equal("tval of a denied walk", hart_self()->trap.tval, TEST_BASE);
  set_entry(0, pmp_napot(region, PAGE_BYTES), PMP_NAPOT);
  check_equal("load from a denied page", privilege_call(MODE_SUPERVISOR, load_through_table, TEST_BASE), CAUSE_LOAD_ACCESS);
  csr_write(satp, 0);
}

static void fields(Hart* self) {
  (void)self;
  prepare();
  write_address(3, ~0ull);
  check_equal("pmpaddr has 54 bits", csr_read(pmpaddr3) >> 54, 0);
  write_config(3, 0x60);
  check_equal("reserved bits of pmpcfg", csr_read(pmpcfg0) >> 24 & 0x60, 0);
}

// A locked entry binds M mode too and cannot be changed any more; so this check comes last.
static void locked(Hart* self) {
  (void)self;
  prepare();
  uint64_t page = region + 15 * PAGE_BYTES;
  set_entry(5, page >> 2, PMP_OFF);
  set_entry(6, (page + PAGE_BYTES) >> 2, PMP_TOR | PMP_R | PMP_LOCKED);
  expect_page("M mode in a locked read-only region", page, PMP_R);
  expect_page("M mode before a locked region", page - PAGE_BYTES, ANY);
  expect_supervisor("S mode in a locked read-only region", page, PMP_R);
  uint64_t config = csr_read(pmpcfg0), address = csr_read(pmpaddr6), base = csr_read(pmpaddr5);
  write_config(6, 0);
  write_address(6, 0);
  write_address(5, 0);
  check_equal("locked pmpcfg", csr_read(pmpcfg0), config);
  check_equal("locked pmpaddr", csr_read(pmpaddr6), address);
  check_equal("base of a locked range", csr_read(pmpaddr5), base);
  expect_page("M mode in a locked read-only region", page, PMP_R);
}

static const Check checks[] = {{"permissions", permissions, 1},
                               {"napot_sizes", napot_sizes, 1},
                               {"top_of_range", top_of_range, 1},
                               {"priority", priority, 1},
                               {"no_match", no_match, 1},
                               {"small_regions", small_regions, 1},
                               {"partial_match", partial_match, 1},
                               {"page_table_walk", page_table_walk, 1},
                               {"fields", fields, 1},
                               {"locked", locked, 1}};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
