// SPDX-License-Identifier: Apache-2.0
// One remapped page a hart in a common space: its owner maps it elsewhere or unmaps it, makes all others fence, and waits;
// every hart looks at every page and knows what it must see.
#ifndef GUEST_REMAP_H
#define GUEST_REMAP_H

#include "hart.h"
#include "paging.h"

// Before the harts start, on one hart: a slot for each hart of the machine in `space`, which all harts then use.
void remap_prepare(const Space* space);

// The owner's part: one change of its page and one round trip to all other harts, which must serve ipi_call().
void remap_turn(Hart* self, uint64_t turn);

// Looks at the page of `owner` once; fails on a stale translation. S mode (the page is not mapped for M mode).
void remap_observe(Hart* self, uint64_t owner);

// At the end, when no hart looks any more: no store reached a frame after its unmapping was acknowledged.
void remap_verify(void);

#endif
