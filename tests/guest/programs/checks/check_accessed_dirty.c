// SPDX-License-Identifier: Apache-2.0
// A and D bits that the hardware sets: set when they must be, atomically, in an entry that software changes at the same time.
// A machine without hardware updates (Svade) fails the first check: the machine under test has them.
// Parameters: iterations= turns.
// Source:     RISC-V privileged specification 1.12, section 4.3.1 (the update is atomic with the check of the entry, exact for
//             D, and in program order), 4.3.2 step 7.
#include "board.h"
#include "checks/shared/checks.h"
#include "checks/shared/tagged_page.h"
#include "paging.h"
#include "privilege.h"
#include "probe.h"
#include "random.h"

enum { ASID = 6, PAGES = 16, CONTESTED = 2 };

static Space space;
static uint64_t frames[PAGES];
static uint64_t* entries[PAGES];

static uint64_t address_of(unsigned page) { return TEST_BASE + page * PAGE_BYTES; }
static uint64_t entry_now(unsigned page) { return __atomic_load_n(entries[page], __ATOMIC_ACQUIRE); }

static void prepare(void) {
  space = space_create(39, ASID);
  for (unsigned page = 0; page < PAGES; ++page) {
    frames[page] = (uint64_t)pages_allocate(1);
    tagged_page_fill(frames[page], page);
    entries[page] = space_slot(&space, address_of(page), LEVEL_PAGE);
  }
  fence_i();
}

static void set_clean(unsigned page, uint64_t permissions) {
  *entries[page] = pte_leaf(frames[page], permissions);
  sfence_page(address_of(page));
}

static void expect_bits(const char* what, unsigned page, uint64_t permissions, uint64_t bits) {
  uint64_t got = entry_now(page);
  check(got == pte_leaf(frames[page], permissions | bits), what, "entry 0x%lx, wanted 0x%lx", got,
        pte_leaf(frames[page], permissions | bits));
}

static uint64_t each_access(uint64_t argument) {
  const uint64_t rwx = PTE_R | PTE_W | PTE_X;
  uint64_t value = argument, address = address_of(0);
  set_clean(0, rwx);
  check_equal("load through A = 0 (hardware updates wanted)", probe_load(address, &value), NO_TRAP);
  expect_bits("after a load", 0, rwx, PTE_A);
  check_equal("store through D = 0", probe_store(address + TAG_STORE, 1), NO_TRAP);
  expect_bits("after a store, no fence in between", 0, rwx, PTE_A | PTE_D);
  set_clean(0, rwx);
  check_equal("fetch through A = 0", probe_call(address, 0, &value), NO_TRAP);
  expect_bits("after a fetch", 0, rwx, PTE_A);
  set_clean(0, rwx);
  check_equal("store", probe_store(address + TAG_STORE, 2), NO_TRAP);
  expect_bits("after a store", 0, rwx, PTE_A | PTE_D);
  set_clean(0, rwx);
  value = 0;
  check_equal("amo", PROBE("amoadd.d zero, %[v], (%[a])", , [v] "r"(value), [a] "r"(address + TAG_STORE)), NO_TRAP);
  expect_bits("after an AMO", 0, rwx, PTE_A | PTE_D);
  set_clean(0, rwx);
  for (unsigned tries = 0; tries < 1000; ++tries) {
    uint64_t failed = 1;
    uint64_t loaded = 0;
    PROBE("lr.d %[l], (%[a])\n sc.d %[f], %[l], (%[a])", PROBE_OUT([f] "+&r"(failed), [l] "+&r"(loaded)), [a] "r"(address + TAG_STORE));
    if (!failed) break;
  }
  expect_bits("after a successful SC", 0, rwx, PTE_A | PTE_D);
  // A store that is not permitted must not set D (A is allowed to be early).
  set_clean(0, PTE_R);
  check_equal("store to a read-only page", probe_store(address + TAG_STORE, 3), CAUSE_STORE_PAGE);
  check_equal("D after a refused store", entry_now(0) & PTE_D, 0);
  return 0;
}

static void bits_are_set(Hart* self) {
  (void)self;
  prepare();
  space_enter(&space);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, each_access, 0);
}

static uint64_t superpage_body(uint64_t block) {
  uint64_t *mega = space_slot(&space, TEST_BASE + GIGAPAGE_BYTES, LEVEL_MEGAPAGE), value;
  uint64_t address = TEST_BASE + GIGAPAGE_BYTES + 7 * PAGE_BYTES;
  *mega = pte_leaf(block, PTE_R | PTE_W);
  sfence_all();
  check_equal("load in a megapage", probe_load(address, &value), NO_TRAP);
  check_equal("megapage after a load", __atomic_load_n(mega, __ATOMIC_ACQUIRE), pte_leaf(block, PTE_R | PTE_W | PTE_A));
  check_equal("store in another piece", probe_store(address + 100 * PAGE_BYTES, 5), NO_TRAP);
  check_equal("megapage after a store", __atomic_load_n(mega, __ATOMIC_ACQUIRE), pte_leaf(block, PTE_RW));
  return 0;
}

static void superpage_bits(Hart* self) {
  (void)self;
  prepare();
  uint64_t block = (uint64_t)pages_allocate_aligned(512, MEGAPAGE_BYTES);
  space_enter(&space);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, superpage_body, block);
}

static unsigned finished;

// Hart 0 cleans, fences, stores, and must find D; hart 1 flips a software bit of every entry with AMOs all the time, and
// must find it as it left it. Neither may lose the other's change.
static uint64_t store_under_flips(uint64_t turns) {
  Hart* self = hart_self();
  for (uint64_t turn = 0; turn < turns; ++turn) {
    unsigned page = (unsigned)random_below(self, PAGES);
    __atomic_fetch_and(entries[page], ~(PTE_A | PTE_D), __ATOMIC_RELAXED);
    sfence_page(address_of(page));
    bool store = random_below(self, 2) != 0;
    uint64_t value;
    uint64_t cause = store ? probe_store(address_of(page) + TAG_STORE, turn) : probe_load(address_of(page), &value);
    check_equal("access to a clean page", cause, NO_TRAP);
    uint64_t wanted = store ? PTE_A | PTE_D : PTE_A;
    uint64_t got = entry_now(page) & (PTE_A | PTE_D);
    check(got == wanted, "A and D under software's AMOs", "turn %lu: 0x%lx, wanted 0x%lx", turn, got, wanted);
  }
  __atomic_store_n(&finished, 1, __ATOMIC_RELEASE);
  return 0;
}

static uint64_t flip(uint64_t argument) {
  Hart* self = hart_self();
  uint64_t flips[PAGES] = {argument};
  while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE)) {
    unsigned page = (unsigned)random_below(self, PAGES);
    uint64_t old = __atomic_fetch_xor(entries[page], PTE_SOFTWARE_0, __ATOMIC_RELAXED);
    uint64_t wanted = pte_leaf(frames[page], PTE_R | PTE_W) | (flips[page] & 1 ? PTE_SOFTWARE_0 : 0);
    check((old & ~(PTE_A | PTE_D)) == wanted, "software bits under A and D updates", "entry 0x%lx, wanted 0x%lx", old, wanted);
    ++flips[page];
  }
  return 0;
}

static void changes_survive(Hart* self) {
  if (self->id == 0) {
    prepare();
    for (unsigned page = 0; page < PAGES; ++page) *entries[page] = pte_leaf(frames[page], PTE_R | PTE_W);
    finished = 0;
  }
  static Barrier pair;
  barrier_wait(&pair, 2);
  space_enter(&space);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, self->id == 0 ? store_under_flips : flip, self->id == 0 ? parameter("iterations", 20000) : 0);
}

static uint64_t fence_asked __attribute__((aligned(64)));
static uint64_t fence_done __attribute__((aligned(64)));

// Stores growing numbers to random pages, faults allowed, and fences everything when asked to.
static uint64_t store_and_fence(uint64_t argument) {
  Hart* self = hart_self();
  uint64_t number = argument;
  while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE)) {
    uint64_t asked = __atomic_load_n(&fence_asked, __ATOMIC_ACQUIRE);
    if (asked != fence_done) {
      sfence_all();
      // stores_before_done: the asking hart sees every store that used an old entry.
      __atomic_store_n(&fence_done, asked, __ATOMIC_RELEASE);
    }
    unsigned page = (unsigned)random_below(self, CONTESTED);
    if (random_below(self, 2) != 0) sfence_page(address_of(page));
    uint64_t cause = probe_store(address_of(page) + TAG_STORE, ++number);
    check(cause == NO_TRAP || cause == CAUSE_STORE_PAGE, "store", "cause %ld", (long)cause);
  }
  return 0;
}

// Replaces the entry by 0 in one of three ways; returns the entry as it was at that moment.
static uint64_t take_entry(uint64_t* entry, uint64_t way) {
  if (way == 0) return __atomic_exchange_n(entry, 0, __ATOMIC_ACQ_REL);
  uint64_t old = __atomic_load_n(entry, __ATOMIC_RELAXED);
  if (way == 1) {
    while (!__atomic_compare_exchange_n(entry, &old, 0, true, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    }
    return old;
  }
  __atomic_fetch_and(entry, ~PTE_V, __ATOMIC_ACQ_REL);
  return __atomic_exchange_n(entry, 0, __ATOMIC_ACQ_REL) | PTE_V;
}

// Maps a page clean, takes the mapping away again, and compares what D said with what happened to the page.
static uint64_t map_and_unmap(uint64_t turns) {
  Hart* self = hart_self();
  uint64_t dirty = 0;
  for (uint64_t turn = 0; turn < turns; ++turn) {
    unsigned page = (unsigned)random_below(self, CONTESTED);
    uint64_t before = read_64(frames[page] + TAG_STORE);
    __atomic_store_n(entries[page], pte_leaf(frames[page], PTE_R | PTE_W), __ATOMIC_RELEASE);
    random_delay(self, 100 << random_below(self, 7));
    uint64_t old = take_entry(entries[page], turn % 3);
    __atomic_store_n(&fence_asked, fence_asked + 1, __ATOMIC_RELEASE);
    spin_until(__atomic_load_n(&fence_done, __ATOMIC_ACQUIRE) == fence_asked);
    uint64_t after = read_64(frames[page] + TAG_STORE);
    check((old & PTE_D) || after == before, "dirty", "turn %lu: the page changed, but its entry was clean when it was taken", turn);
    check(!(old & PTE_D) || after != before, "dirty", "turn %lu: the entry was dirty, but no store had used it", turn);
    check_equal("an entry that was taken stays empty", entry_now(page), 0);
    if (old & PTE_D) ++dirty;
  }
  __atomic_store_n(&finished, 1, __ATOMIC_RELEASE);
  return dirty;
}

static void unmapping_knows_dirty(Hart* self) {
  if (self->id == 1) {
    prepare();
    finished = 0;
  }
  static Barrier pair;
  barrier_wait(&pair, 2);
  space_enter(&space);
  sfence_all();
  if (self->id == 0) {
    privilege_call(MODE_SUPERVISOR, store_and_fence, 0);
  } else {
    uint64_t turns = parameter("iterations", 20000);
    uint64_t dirty = privilege_call(MODE_SUPERVISOR, map_and_unmap, turns);
    print("NOTE unmapped=%lu dirty=%lu\n", turns, dirty);
  }
}

static const Check checks[] = {
    {"bits_are_set", bits_are_set, 1},
    {"superpage_bits", superpage_bits, 1},
    {"changes_survive", changes_survive, 2},
    {"unmapping_knows_dirty", unmapping_knows_dirty, 2},
};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
