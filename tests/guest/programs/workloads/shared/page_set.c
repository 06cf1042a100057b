// SPDX-License-Identifier: Apache-2.0
// Invariant: a frame's word 0 never changes after frame_pool_create(); counter h of a frame is written by hart h alone.
#include "page_set.h"

#include "console.h"
#include "random.h"

static volatile uint64_t* counter_of(uint64_t page, const Hart* self) {
  // A cache line a hart: 63 lines behind the first.
  return (volatile uint64_t*)(page + 64 * (1 + self->id % 63));
}

FramePool frame_pool_create(uint64_t count) {
  check(count != 0 && (count & (count - 1)) == 0, "pages", "%lu is not a power of two", count);
  FramePool pool = {(uint64_t)pages_allocate(count), count};
  for (uint64_t frame = 0; frame < count; ++frame) *(uint64_t*)(pool.first + frame * PAGE_BYTES) = scatter(frame);
  return pool;
}

static uint64_t frame_of(const PageSet* set, uint64_t page) { return (page * set->factor + set->shift) & (set->pool.count - 1); }

PageSet page_set_map(const Space* space, uint64_t base, FramePool pool, uint64_t variant) {
  PageSet set = {pool, base, 2 * scatter(variant) + 1, scatter(variant + 1000)};
  for (uint64_t page = 0; page < pool.count; ++page) {
    space_map(space, base + page * PAGE_BYTES, pool.first + frame_of(&set, page) * PAGE_BYTES, LEVEL_PAGE, PTE_RW);
  }
  return set;
}

uint64_t page_set_touch(Hart* self, const PageSet* set, uint64_t touches, uint32_t* counts) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < touches; ++i) {
    uint64_t page = (random_next(self) >> 40) & (set->pool.count - 1);
    uint64_t frame = frame_of(set, page);
    uint64_t address = set->base + page * PAGE_BYTES;
    uint64_t word = *(volatile uint64_t*)address;
    if (word != scatter(frame)) {
      fail("page_walk", "page 0x%lx shows 0x%lx, frame %lu holds 0x%lx (satp 0x%lx)", address, word, frame, scatter(frame), csr_read(satp));
    }
    sum += word;
    volatile uint64_t* counter = counter_of(address, self);
    *counter = *counter + 1;
    ++counts[frame];
  }
  return sum;
}

void page_set_verify(const Hart* self, FramePool pool, const uint32_t* counts) {
  for (uint64_t frame = 0; frame < pool.count; ++frame) {
    uint64_t got = *counter_of(pool.first + frame * PAGE_BYTES, self);
    check(got == counts[frame], "page_walk", "frame %lu counted %lu stores, wanted %u", frame, got, counts[frame]);
  }
}
