// SPDX-License-Identifier: Apache-2.0
// TLB pressure: every hart walks at random over several address spaces, some shared by all harts and some its own.
// Parameters: iterations= rounds a hart; touches= a round; pages= in each space (a power of two); spaces= (1 to 16);
//             paging= 39, 48 or 57; fence= an sfence.vma for the ASID before every fence-th round (0: never).
// Source:     RISC-V privileged specification 1.12, sections 4.1.11 (ASIDs), 4.2.1 (sfence.vma), 4.3.2 (translation).
#include "barrier.h"
#include "console.h"
#include "parameters.h"
#include "privilege.h"
#include "random.h"
#include "result.h"
#include "shared/page_set.h"
#include "timer.h"

enum { SPACES_LIMIT = 16 };

static FramePool pool;
static Space shared_spaces[SPACES_LIMIT];
static PageSet shared_sets[SPACES_LIMIT];

typedef struct {
  Space spaces[SPACES_LIMIT];
  PageSet sets[SPACES_LIMIT];
  uint64_t count;
  uint32_t* counts;
  bool fence_on_switch;  // too few ASIDs to tell all spaces apart
} Walk;

static uint64_t walk_spaces(uint64_t argument) {
  Walk* walk = (Walk*)argument;
  Hart* self = hart_self();
  uint64_t rounds = parameter("iterations", 1000), touches = parameter("touches", 2048), fence = parameter("fence", 16);
  uint64_t sum = 0;
  Measurement start = measure_begin();
  for (uint64_t round = 0; round < rounds; ++round) {
    uint64_t which = random_below(self, walk->count);
    space_enter(&walk->spaces[which]);
    if (walk->fence_on_switch) sfence_all();
    if (fence != 0 && round % fence == fence - 1) sfence_asid(walk->spaces[which].asid);
    sum += page_set_touch(self, &walk->sets[which], touches, walk->counts);
  }
  Measurement span = measure_end(start);
  page_set_verify(self, pool, walk->counts);
  result_print("guest_page_walk", self, sum, rounds * touches, span, "spaces=%lu pages=%lu", walk->count, pool.count);
  return 0;
}

// Even spaces are the same tables and ASID on every hart; odd ones are this hart's own.
static void build(Hart* self, Walk* walk, unsigned bits, unsigned asids) {
  for (uint64_t i = 0; i < walk->count; ++i) {
    if (i % 2 == 0) {
      walk->spaces[i] = shared_spaces[i];
      walk->sets[i] = shared_sets[i];
    } else {
      uint64_t own = 1 + SPACES_LIMIT + self->id * SPACES_LIMIT + i;
      walk->spaces[i] = space_create(bits, (unsigned)own & ((1u << asids) - 1));
      walk->sets[i] = page_set_map(&walk->spaces[i], TEST_BASE, pool, own);
    }
  }
}

void program_main(Hart* self) {
  unsigned bits = (unsigned)parameter("paging", 39);
  uint64_t count = parameter("spaces", 4);
  check(count >= 1 && count <= SPACES_LIMIT, "spaces", "%lu: 1 to %d", count, SPACES_LIMIT);
  check(paging_supported(bits), "paging", "satp does not take Sv%u", bits);
  unsigned asids = asid_bits();
  if (self->id == 0) {
    pool = frame_pool_create(parameter("pages", 512));
    for (uint64_t i = 0; i < count; i += 2) {
      shared_spaces[i] = space_create(bits, (unsigned)(1 + i) & ((1u << asids) - 1));
      shared_sets[i] = page_set_map(&shared_spaces[i], TEST_BASE, pool, i);
    }
  }
  barrier_all();
  Walk* walk = pages_allocate((sizeof(Walk) + PAGE_BYTES - 1) / PAGE_BYTES);
  walk->count = count;
  walk->counts = pages_allocate((pool.count * 4 + PAGE_BYTES - 1) / PAGE_BYTES);
  walk->fence_on_switch = (1u << asids) <= 1 + SPACES_LIMIT * (1 + hart_count);
  build(self, walk, bits, asids);
  space_enter(&walk->spaces[0]);
  sfence_all();
  timer_tick_every(self, TIMEBASE / 100);
  barrier_all();
  privilege_call(MODE_SUPERVISOR, walk_spaces, (uint64_t)walk);
  timer_tick_stop(self);
}
