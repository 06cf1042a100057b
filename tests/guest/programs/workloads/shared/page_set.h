// SPDX-License-Identifier: Apache-2.0
// A window of virtual pages over a pool of frames, in a scattered order that is known in closed form: every load through
// it can be checked without looking at memory.
#ifndef GUEST_PAGE_SET_H
#define GUEST_PAGE_SET_H

#include "hart.h"
#include "paging.h"

// Frames shared by all harts and spaces; frame f holds scatter(f) in word 0 and one counter a hart behind it.
typedef struct {
  uint64_t first;  // physical address
  uint64_t count;  // a power of two
} FramePool;

typedef struct {
  FramePool pool;
  uint64_t base;    // virtual
  uint64_t factor;  // odd: page p shows frame (p * factor + shift) mod count
  uint64_t shift;
} PageSet;

FramePool frame_pool_create(uint64_t count);

// Maps the whole window into `space` with 4 KiB pages; `variant` chooses the order.
PageSet page_set_map(const Space* space, uint64_t base, FramePool pool, uint64_t variant);

// `touches` random pages of the set: load word 0, check it, count in this hart's counter. `counts` is this hart's private
// record of how often each frame was counted. Returns the sum of the words. Fails on a wrong word.
uint64_t page_set_touch(Hart* self, const PageSet* set, uint64_t touches, uint32_t* counts);

// Compares the counters in the frames with the record (physical addresses: M mode, or mapped one to one).
void page_set_verify(const Hart* self, FramePool pool, const uint32_t* counts);

#endif
