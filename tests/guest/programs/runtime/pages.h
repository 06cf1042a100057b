// SPDX-License-Identifier: Apache-2.0
// Physical pages behind the program's image. Never given back. Any hart, M or S mode.
#ifndef GUEST_PAGES_H
#define GUEST_PAGES_H

#include <stdint.h>

#define PAGE_BYTES 4096ull
#define MEGAPAGE_BYTES (2ull << 20)
#define GIGAPAGE_BYTES (1ull << 30)

void pages_set_limit(uint64_t memory_end, uint64_t device_tree);

// `count` zeroed pages in a row; fails if memory is used up.
void* pages_allocate(uint64_t count);
// The same, aligned to `alignment` bytes (a power of two, at least a page). Only before other harts allocate.
void* pages_allocate_aligned(uint64_t count, uint64_t alignment);

#endif
