// SPDX-License-Identifier: Apache-2.0
// The four forms of sfence.vma: what each must make visible, for loads, stores and fetches. (Flushing more is allowed.)
// Parameters: iterations= rounds of each form.
// Source:     RISC-V privileged specification 1.12, section 4.2.1.
#include "checks/shared/checks.h"
#include "checks/shared/tagged_page.h"
#include "paging.h"
#include "privilege.h"
#include "random.h"

enum { PAGES = 32, ASID_HERE = 5, ASID_THERE = 9 };

static uint64_t frames[2][PAGES];  // two sets; tag = set * PAGES + page + 1
static Space here, there;

static uint64_t page_at(unsigned page) { return TEST_BASE + page * PAGE_BYTES; }
static unsigned tag_of(unsigned set, unsigned page) { return set * PAGES + page + 1; }

static void map_page(const Space* space, unsigned page, unsigned set, uint64_t flags) {
  space_map(space, page_at(page), frames[set][page], LEVEL_PAGE, flags);
}

static void expect_page(const char* what, unsigned page, unsigned set) {
  tagged_page_expect(what, page_at(page), tag_of(set, page), frames[set][page]);
}

static void map_all(const Space* space, unsigned set, uint64_t flags) {
  for (unsigned page = 0; page < PAGES; ++page) map_page(space, page, set, flags);
}

static void expect_all(const char* what, unsigned set) {
  for (unsigned page = 0; page < PAGES; ++page) expect_page(what, page, set);
}

// One page changes, others stay; `form` fences one address.
static void one_page(Hart* self, const char* what, bool with_asid, uint64_t flags) {
  map_all(&here, 0, flags);
  sfence_all();
  expect_all(what, 0);
  unsigned page = (unsigned)random_below(self, PAGES);
  map_page(&here, page, 1, flags);
  uint64_t somewhere = page_at(page) + random_below(self, PAGE_BYTES);
  if (with_asid) {
    sfence_page_asid(somewhere, ASID_HERE);
  } else {
    sfence_page(somewhere);
  }
  for (unsigned i = 0; i < PAGES; ++i) expect_page(what, i, i == page);
  *space_slot(&here, page_at(page), LEVEL_PAGE) = 0;
  if (with_asid) {
    sfence_page_asid(somewhere, ASID_HERE);
  } else {
    sfence_page(somewhere);
  }
  tagged_page_expect_faults(what, page_at(page), CAUSE_LOAD_PAGE, CAUSE_STORE_PAGE, CAUSE_FETCH_PAGE);
  map_page(&here, page, 0, flags);
  sfence_all();
}

static void whole_space(Hart* self, const char* what, bool with_asid, uint64_t flags) {
  (void)self;
  for (unsigned set = 0; set < 2; ++set) {
    map_all(&here, set, flags);
    if (with_asid) {
      sfence_asid(ASID_HERE);
    } else {
      sfence_all();
    }
    expect_all(what, set);
  }
  // A table further up is replaced: the forms without an address cover that too.
  static uint64_t* spare;
  uint64_t* upper = space_slot(&here, TEST_BASE, LEVEL_MEGAPAGE);
  uint64_t old = *upper;
  if (spare == 0) spare = pages_allocate(1);
  for (unsigned page = 0; page < PAGES; ++page) spare[page] = pte_leaf(frames[0][page], flags);
  *upper = (uint64_t)spare >> 12 << 10 | PTE_V;
  if (with_asid) {
    sfence_asid(ASID_HERE);
  } else {
    sfence_all();
  }
  expect_all(what, 0);
  *upper = old;
  sfence_all();
  expect_all(what, 1);
}

static uint64_t in_supervisor(uint64_t body) {
  Hart* self = hart_self();
  for (uint64_t i = parameter("iterations", 20); i > 0; --i) ((void (*)(Hart*))body)(self);
  return 0;
}

static void run(Hart* self, void (*body)(Hart*)) {
  if (frames[0][0] == 0) {
    here = space_create(39, ASID_HERE);
    there = space_create(39, ASID_THERE);
    for (unsigned set = 0; set < 2; ++set) {
      for (unsigned page = 0; page < PAGES; ++page) {
        frames[set][page] = (uint64_t)pages_allocate(1);
        tagged_page_fill(frames[set][page], tag_of(set, page));
      }
    }
    fence_i();
  }
  (void)self;
  space_enter(&here);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, in_supervisor, (uint64_t)body);
}

static void address_body(Hart* self) {
  one_page(self, "sfence.vma address", false, PTE_RWX);
  one_page(self, "sfence.vma address, global page", false, PTE_RWX | PTE_G);
}
static void address_asid_body(Hart* self) { one_page(self, "sfence.vma address, asid", true, PTE_RWX); }
static void asid_body(Hart* self) { whole_space(self, "sfence.vma x0, asid", true, PTE_RWX); }
static void all_body(Hart* self) {
  whole_space(self, "sfence.vma", false, PTE_RWX);
  whole_space(self, "sfence.vma, global pages", false, PTE_RWX | PTE_G);
}

// Fencing an address space that is not the current one.
static void other_space_body(Hart* self) {
  unsigned page = (unsigned)random_below(self, PAGES);
  map_all(&there, 0, PTE_RWX);
  map_all(&here, 1, PTE_RWX);
  sfence_all();
  space_enter(&there);
  expect_all("other space", 0);
  space_enter(&here);
  expect_all("this space", 1);
  map_page(&there, page, 1, PTE_RWX);
  if (random_below(self, 2) != 0) {
    sfence_page_asid(page_at(page), ASID_THERE);
  } else {
    sfence_asid(ASID_THERE);
  }
  expect_all("this space", 1);
  space_enter(&there);
  for (unsigned i = 0; i < PAGES; ++i) expect_page("sfence.vma for another asid", i, i == page);
  space_enter(&here);
}

static void one_address(Hart* self) { run(self, address_body); }
static void one_address_of_asid(Hart* self) { run(self, address_asid_body); }
static void one_asid(Hart* self) { run(self, asid_body); }
static void everything(Hart* self) { run(self, all_body); }
static void another_asid(Hart* self) { run(self, other_space_body); }

// The fence runs in M mode, the accesses in S mode.
static uint64_t expect_set(uint64_t set) {
  expect_all("sfence.vma in M mode", (unsigned)set);
  return 0;
}

static void from_machine_mode(Hart* self) {
  run(self, all_body);
  for (unsigned i = 0; i < 8; ++i) {
    map_all(&here, i & 1, PTE_RWX);
    if (i & 2) {
      sfence_asid(ASID_HERE);
    } else {
      sfence_all();
    }
    privilege_call(MODE_SUPERVISOR, expect_set, i & 1);
  }
}

static const Check checks[] = {
    {"one_address", one_address, 1},   {"one_address_of_asid", one_address_of_asid, 1},
    {"one_asid", one_asid, 1},         {"everything", everything, 1},
    {"another_asid", another_asid, 1}, {"from_machine_mode", from_machine_mode, 1},
};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
