// SPDX-License-Identifier: Apache-2.0
// A pointer that only moves up, from the end of the image to the device tree or the end of memory.
#include "pages.h"

#include "console.h"

extern char image_end[];
static uint64_t next_page = 0, page_limit = 0;

void pages_set_limit(uint64_t memory_end, uint64_t device_tree) {
  next_page = (uint64_t)image_end;
  page_limit = memory_end;
  if (device_tree > next_page && device_tree < memory_end) page_limit = device_tree & ~(PAGE_BYTES - 1);
}

void* pages_allocate(uint64_t count) {
  uint64_t first = __atomic_fetch_add(&next_page, count * PAGE_BYTES, __ATOMIC_RELAXED);
  check(first + count * PAGE_BYTES <= page_limit, "memory", "%lu pages wanted at 0x%lx, limit 0x%lx", count, first, page_limit);
  __builtin_memset((void*)first, 0, count * PAGE_BYTES);
  return (void*)first;
}

void* pages_allocate_aligned(uint64_t count, uint64_t alignment) {
  uint64_t gap = -next_page & (alignment - 1);
  __atomic_fetch_add(&next_page, gap, __ATOMIC_RELAXED);
  return pages_allocate(count);
}
