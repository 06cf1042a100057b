// SPDX-License-Identifier: Apache-2.0
// One ASID means different page tables on different harts, at the same time: each hart must see its own mappings only.
// Parameters: iterations= rounds a hart.
// Source:     RISC-V privileged specification 1.12, section 4.1.11: ASIDs are local to a hart ("an implementation may ... share
//             caches if it tells the harts' spaces apart"); 4.2.1: a fence concerns the hart that runs it.
#include "checks/shared/checks.h"
#include "checks/shared/tagged_page.h"
#include "paging.h"
#include "privilege.h"
#include "random.h"

enum { ASID = 7, PAGES = 64, ROOTS = 2, LOOKS = 32 };

typedef struct {
  Space spaces[ROOTS];
  uint64_t frames[ROOTS][PAGES];
} Own;

static Own own[HART_LIMIT];

static unsigned tag_of(uint64_t hart, unsigned root, unsigned page) {
  return (unsigned)((hart * ROOTS + root) * PAGES + page * 3 + 1) % 2048;
}

static void build(uint64_t hart) {
  for (unsigned root = 0; root < ROOTS; ++root) {
    own[hart].spaces[root] = space_create(39, ASID);
    for (unsigned page = 0; page < PAGES; ++page) {
      uint64_t frame = (uint64_t)pages_allocate(1);
      own[hart].frames[root][page] = frame;
      tagged_page_fill(frame, tag_of(hart, root, page));
      space_map(&own[hart].spaces[root], TEST_BASE + page * PAGE_BYTES, frame, LEVEL_PAGE, PTE_RWX);
    }
  }
  fence_i();
}

static void look(Hart* self, unsigned root) {
  unsigned page = (unsigned)random_below(self, PAGES);
  tagged_page_expect("own mapping", TEST_BASE + page * PAGE_BYTES, tag_of(self->id, root, page), own[self->id].frames[root][page]);
}

// A hart may change what the ASID means to it if it fences; the others' meaning stays.
static uint64_t rounds(uint64_t count) {
  Hart* self = hart_self();
  unsigned root = 0;
  for (uint64_t round = 0; round < count; ++round) {
    for (unsigned i = 0; i < LOOKS; ++i) look(self, root);
    uint64_t choice = random_below(self, 8);
    if (choice == 0) {
      root ^= 1;
      space_enter(&own[self->id].spaces[root]);
      sfence_asid(ASID);
    } else if (choice == 1) {
      sfence_page_asid(TEST_BASE + random_below(self, PAGES) * PAGE_BYTES, ASID);
    } else if (choice == 2) {
      // Unmap, look, and map again: what this hart fences or leaves alone says nothing about the others' pages.
      unsigned page = (unsigned)random_below(self, PAGES);
      uint64_t address = TEST_BASE + page * PAGE_BYTES;
      uint64_t* entry = space_slot(&own[self->id].spaces[root], address, LEVEL_PAGE);
      uint64_t old = *entry;
      *entry = 0;
      sfence_page(address);
      tagged_page_expect_faults("own page unmapped", address, CAUSE_LOAD_PAGE, CAUSE_STORE_PAGE, CAUSE_FETCH_PAGE);
      *entry = old;
      sfence_page(address);
    }
  }
  return 0;
}

static void same_asid_other_root(Hart* self) {
  build(self->id);
  space_enter(&own[self->id].spaces[0]);
  sfence_all();
  barrier_all();
  privilege_call(MODE_SUPERVISOR, rounds, parameter("iterations", 1000));
}

static const Check checks[] = {{"same_asid_other_root", same_asid_other_root, 0}};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
