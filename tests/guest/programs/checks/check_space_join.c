// SPDX-License-Identifier: Apache-2.0
// A hart joins an address space while another hart unmaps or remaps a page in it. If the change was published before the
// joining hart's first satp write for that space, the joining hart must see the new state, without any fence: its private
// translation caches cannot hold anything of a space that it never had. Harts from the third on sit in the space with the
// old translation cached, which is legal, and must not be able to hand it on.
// Parameters: iterations= trials.
// Source:     RISC-V privileged specification 1.12, section 4.2.1 (a hart's implicit reads; caches are private to it).
#include "board.h"
#include "checks/shared/checks.h"
#include "paging.h"
#include "privilege.h"
#include "probe.h"
#include "random.h"

enum { SPACES = 4, DELAY = 300 };
#define VICTIM (TEST_BASE + 5 * PAGE_BYTES)

static Space home, spaces[SPACES];
static uint64_t frames[2];
static uint64_t published __attribute__((aligned(64)));  // the trial whose change is complete
static uint64_t joined_after, joined_before;
static unsigned asids;

// Every trial has an (ASID, root) pair that no hart had before, or has fenced since: see recycle().
static Space space_of(uint64_t trial) {
  Space space = spaces[trial % SPACES];
  space.asid = 1 + (unsigned)(trial % ((1u << asids) - 1));
  return space;
}

static void recycle(uint64_t trial) {
  if (trial % ((1u << asids) - 1) == 0) sfence_all();
}

// Maps the old page and uses it, before the others start.
static void set_up(uint64_t trial, const Space* space, uint64_t* entry) {
  uint64_t value;
  write_64(frames[0], 2 * trial);
  write_64(frames[1], 2 * trial + 1);
  *entry = pte_leaf(frames[0], PTE_RW);
  space_enter(space);
  check(probe_load(VICTIM, &value) == NO_TRAP && value == 2 * trial, "join", "the owner itself sees 0x%lx", value);
}

static void change(Hart* self, uint64_t trial, uint64_t* entry) {
  bool unmap = trial & 1;
  random_delay(self, DELAY);
  __atomic_store_n(entry, unmap ? 0 : pte_leaf(frames[1], PTE_RW), __ATOMIC_RELAXED);
  sfence_page(VICTIM);
  // change_before_published: pairs with published_before_join.
  __atomic_store_n(&published, trial, __ATOMIC_RELEASE);
}

static void expect_new(const char* what, uint64_t trial, uint64_t cause, uint64_t value) {
  bool unmap = trial & 1;
  if (unmap) {
    check(cause == CAUSE_LOAD_PAGE, what, "trial %lu: a stale leaf was used (value 0x%lx)", trial, value);
  } else {
    check(cause == NO_TRAP && value == 2 * trial + 1, what, "trial %lu: cause %ld, value 0x%lx, wanted 0x%lx", trial, (long)cause, value,
          2 * trial + 1);
  }
}

static void expect_old_or_new(uint64_t trial, uint64_t cause, uint64_t value) {
  bool is_old = cause == NO_TRAP && value == 2 * trial;
  if (!is_old) expect_new("neither old nor new", trial, cause, value);
}

static void join(Hart* self, uint64_t trial, const Space* space) {
  uint64_t value;
  random_delay(self, DELAY << random_below(self, 8));
  // published_before_join: the satp write below comes after this load.
  bool after = __atomic_load_n(&published, __ATOMIC_ACQUIRE) == trial;
  space_enter(space);
  uint64_t cause = probe_load(VICTIM, &value);
  if (after) {
    ++joined_after;
    expect_new("joined after the change", trial, cause, value);
  } else {
    ++joined_before;
    expect_old_or_new(trial, cause, value);
    spin_until(__atomic_load_n(&published, __ATOMIC_ACQUIRE) == trial);
    sfence_page(VICTIM);
    cause = probe_load(VICTIM, &value);
    expect_new("fenced after the change", trial, cause, value);
  }
}

static void sit(uint64_t trial, const Space* space) {
  uint64_t value;
  space_enter(space);
  while (__atomic_load_n(&published, __ATOMIC_ACQUIRE) != trial) {
    uint64_t cause = probe_load(VICTIM, &value);
    expect_old_or_new(trial, cause, value);
  }
  for (unsigned i = 0; i < 50; ++i) {
    uint64_t cause = probe_load(VICTIM, &value);
    expect_old_or_new(trial, cause, value);
  }
}

static uint64_t trials(uint64_t count) {
  Hart* self = hart_self();
  for (uint64_t trial = 1; trial <= count; ++trial) {
    Space space = space_of(trial);
    uint64_t* entry = space_slot(&space, VICTIM, LEVEL_PAGE);
    recycle(trial);
    if (self->id == 0) set_up(trial, &space, entry);
    barrier_all();
    if (self->id == 0) {
      change(self, trial, entry);
    } else if (self->id == 1) {
      join(self, trial, &space);
    } else {
      sit(trial, &space);
    }
    space_enter(&home);
    barrier_all();
  }
  return 0;
}

static void join_while_unmapping(Hart* self) {
  if (self->id == 0) {
    asids = asid_bits();
    check(asids >= 2, "join", "%u ASID bits: two are wanted", asids);
    home = space_create(39, 0);
    for (unsigned i = 0; i < SPACES; ++i) {
      spaces[i] = space_create(39, 0);
      space_slot(&spaces[i], VICTIM, LEVEL_PAGE);
    }
    for (unsigned i = 0; i < 2; ++i) frames[i] = (uint64_t)pages_allocate(1);
  }
  barrier_all();
  space_enter(&home);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, trials, parameter("iterations", 2000));
  if (self->id == 0) print("NOTE joined_after=%lu joined_before=%lu\n", joined_after, joined_before);
}

static const Check checks[] = {{"join_while_unmapping", join_while_unmapping, 0}};

void program_main(Hart* self) {
  check(hart_count >= 2, "harts", "check_space_join wants two");
  CHECKS_RUN(self, checks);
}
