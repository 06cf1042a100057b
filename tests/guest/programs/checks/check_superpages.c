// SPDX-License-Identifier: Apache-2.0
// Superpages are touched in many 4 KiB pieces; then the leaf changes, and sfence.vma of one address in it must kill the
// translation of every piece (a machine that caches fragments must find them all).
// Parameters: iterations= rounds.
// Source:     RISC-V privileged specification 1.12, section 4.2.1: the fence covers the leaf entry that maps the address.
#include "checks/shared/checks.h"
#include "checks/shared/tagged_page.h"
#include "ipi.h"
#include "paging.h"
#include "privilege.h"
#include "random.h"

enum { ASID = 3, PIECES = 512 };
#define GIGA_BASE (TEST_BASE + 16 * GIGAPAGE_BYTES)
#define ABSENT_GIGAPAGE 0x8000000000ull  // nothing answers there: 512 GiB

static Space space;
static uint64_t blocks[2];  // 2 MiB each; piece p of block b has tag b * 512 + p
static uint64_t *mega, *giga;

static void prepare(void) {
  if (mega != 0) return;
  space = space_create(39, ASID);
  for (unsigned b = 0; b < 2; ++b) {
    blocks[b] = (uint64_t)pages_allocate_aligned(PIECES, MEGAPAGE_BYTES);
    for (unsigned piece = 0; piece < PIECES; ++piece) {
      tagged_page_fill(blocks[b] + piece * PAGE_BYTES, (b * PIECES + piece) % 2048);
    }
  }
  giga = space_slot(&space, GIGA_BASE, LEVEL_GIGAPAGE);
  mega = space_slot(&space, TEST_BASE, LEVEL_MEGAPAGE);
  fence_i();
}

static void fence_somewhere(Hart* self, uint64_t base, uint64_t bytes) {
  uint64_t address = base + (random_next(self) & (bytes - 1));
  if (random_below(self, 2) != 0) {
    sfence_page(address);
  } else {
    sfence_page_asid(address, ASID);
  }
}

static void expect_block(const char* what, unsigned block) {
  for (unsigned piece = 0; piece < PIECES; ++piece) {
    uint64_t frame = blocks[block] + piece * PAGE_BYTES;
    tagged_page_expect(what, TEST_BASE + piece * PAGE_BYTES, (block * PIECES + piece) % 2048, frame);
  }
}

static void expect_block_faults(const char* what, uint64_t load, uint64_t store, uint64_t fetch) {
  for (unsigned piece = 0; piece < PIECES; ++piece) {
    tagged_page_expect_faults(what, TEST_BASE + piece * PAGE_BYTES, load, store, fetch);
  }
}

static uint64_t megapage_rounds(uint64_t rounds) {
  Hart* self = hart_self();
  for (uint64_t round = 0; round < rounds; ++round) {
    for (unsigned block = 0; block < 2; ++block) {
      *mega = pte_leaf(blocks[block], PTE_RWX);
      fence_somewhere(self, TEST_BASE, MEGAPAGE_BYTES);
      expect_block("megapage moved", block);
    }
    *mega = pte_leaf(blocks[1], PTE_R | PTE_A | PTE_D);
    fence_somewhere(self, TEST_BASE, MEGAPAGE_BYTES);
    expect_block_faults("megapage made read-only", NO_TRAP, CAUSE_STORE_PAGE, CAUSE_FETCH_PAGE);
    *mega = 0;
    fence_somewhere(self, TEST_BASE, MEGAPAGE_BYTES);
    expect_block_faults("megapage removed", CAUSE_LOAD_PAGE, CAUSE_STORE_PAGE, CAUSE_FETCH_PAGE);
  }
  return 0;
}

// The leaf becomes a table of small pages in another order, and a leaf again.
static uint64_t split_rounds(uint64_t rounds) {
  uint64_t* table = pages_allocate(1);
  for (unsigned piece = 0; piece < PIECES; ++piece) {
    table[piece] = pte_leaf(blocks[1] + (PIECES - 1 - piece) * PAGE_BYTES, PTE_RWX);
  }
  for (uint64_t round = 0; round < rounds; ++round) {
    *mega = pte_leaf(blocks[0], PTE_RWX);
    sfence_asid(ASID);
    expect_block("megapage, joined", 0);
    *mega = (uint64_t)table >> 12 << 10 | PTE_V;
    sfence_asid(ASID);
    for (unsigned piece = 0; piece < PIECES; ++piece) {
      unsigned other = PIECES - 1 - piece;
      tagged_page_expect("megapage, split", TEST_BASE + piece * PAGE_BYTES, PIECES + other, blocks[1] + other * PAGE_BYTES);
    }
  }
  return 0;
}

static void expect_giga(Hart* self, const char* what) {
  for (unsigned i = 0; i < PIECES; ++i) {
    unsigned block = i & 1, piece = (unsigned)random_below(self, PIECES);
    uint64_t frame = blocks[block] + piece * PAGE_BYTES;
    tagged_page_expect(what, GIGA_BASE + (frame & (GIGAPAGE_BYTES - 1)), block * PIECES + piece, frame);
  }
}

static void expect_giga_faults(const char* what, uint64_t load, uint64_t store, uint64_t fetch) {
  for (unsigned i = 0; i < 2 * PIECES; ++i) {
    uint64_t frame = blocks[i & 1] + i / 2 * PAGE_BYTES;
    tagged_page_expect_faults(what, GIGA_BASE + (frame & (GIGAPAGE_BYTES - 1)), load, store, fetch);
  }
}

static uint64_t gigapage_rounds(uint64_t rounds) {
  Hart* self = hart_self();
  uint64_t ram = blocks[0] & ~(GIGAPAGE_BYTES - 1);
  for (uint64_t round = 0; round < rounds; ++round) {
    *giga = pte_leaf(ram, PTE_RWX);
    fence_somewhere(self, GIGA_BASE, GIGAPAGE_BYTES);
    expect_giga(self, "gigapage");
    *giga = pte_leaf(ABSENT_GIGAPAGE, PTE_RWX);
    fence_somewhere(self, GIGA_BASE, GIGAPAGE_BYTES);
    expect_giga_faults("gigapage moved to where nothing is", CAUSE_LOAD_ACCESS, CAUSE_STORE_ACCESS, CAUSE_FETCH_ACCESS);
    *giga = pte_leaf(ram, PTE_R | PTE_A | PTE_D);
    fence_somewhere(self, GIGA_BASE, GIGAPAGE_BYTES);
    expect_giga_faults("gigapage made read-only", NO_TRAP, CAUSE_STORE_PAGE, CAUSE_FETCH_PAGE);
    *giga = 0;
    fence_somewhere(self, GIGA_BASE, GIGAPAGE_BYTES);
    expect_giga_faults("gigapage removed", CAUSE_LOAD_PAGE, CAUSE_STORE_PAGE, CAUSE_FETCH_PAGE);
  }
  return 0;
}

static void enter(uint64_t (*body)(uint64_t)) {
  prepare();
  space_enter(&space);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, body, parameter("iterations", 5));
}

static void megapage(Hart* self) {
  (void)self;
  enter(megapage_rounds);
}
static void megapage_split(Hart* self) {
  (void)self;
  enter(split_rounds);
}
static void gigapage(Hart* self) {
  (void)self;
  enter(gigapage_rounds);
}

static void fence_there(Hart* target, uint64_t address) {
  (void)target;
  sfence_page(address);
}

// Hart 0 changes the leaf and has all harts fence one address; all harts look at all pieces.
static uint64_t remote_rounds(uint64_t rounds) {
  Hart* self = hart_self();
  for (uint64_t round = 0; round < rounds; ++round) {
    for (unsigned block = 0; block < 2; ++block) {
      barrier_all();
      if (self->id == 0) {
        *mega = pte_leaf(blocks[block], PTE_RWX);
        uint64_t address = TEST_BASE + (random_next(self) & (MEGAPAGE_BYTES - 1));
        sfence_page(address);
        ipi_call_others(self, fence_there, address);
      }
      barrier_all();
      expect_block("megapage moved by another hart", block);
    }
  }
  barrier_all();
  return 0;
}

static void megapage_remote(Hart* self) {
  if (self->id == 0) prepare();
  barrier_all();
  fence_i();
  if (self->id == 0) *mega = pte_leaf(blocks[1], PTE_RWX);
  ipi_serve(self);
  barrier_all();
  space_enter(&space);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, remote_rounds, parameter("iterations", 5));
}

static const Check checks[] = {
    {"megapage", megapage, 1},
    {"megapage_split", megapage_split, 1},
    {"gigapage", gigapage, 1},
    {"megapage_remote", megapage_remote, 0},
};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
