// SPDX-License-Identifier: Apache-2.0
// Invariant: the tables that map the program are built once and shared by all spaces; each space owns its root.
// Source:    RISC-V privileged specification 1.12, sections 4.1.11 (satp) and 4.3-4.5 (Sv39, Sv48, Sv57).
#include "paging.h"

#include "barrier.h"
#include "board.h"
#include "console.h"
#include "device_tree.h"

extern char image_text_end[], image_end[];

#define KERNEL_DATA (PTE_RW | PTE_G)
#define KERNEL_TEXT (PTE_RX | PTE_G)

static uint64_t* kernel_table;  // maps RAM_START to RAM_START + 1 GiB
static SpinLock kernel_table_lock;

static uint64_t pte_table(const uint64_t* table) { return (uint64_t)table >> 12 << 10 | PTE_V; }
static uint64_t* table_of(uint64_t pte) { return (uint64_t*)(pte >> 10 << 12); }

// The image in 4 KiB pages (code read-execute, everything else read-write), the rest of RAM in megapages.
static uint64_t* build_kernel_table(void) {
  uint64_t* megapages = pages_allocate(1);
  for (uint64_t at = RAM_START; at < machine_tree.memory_end && at < RAM_START + GIGAPAGE_BYTES; at += MEGAPAGE_BYTES) {
    uint64_t index = (at - RAM_START) / MEGAPAGE_BYTES;
    if (at >= (uint64_t)image_end) {
      megapages[index] = pte_leaf(at, KERNEL_DATA);
      continue;
    }
    uint64_t* small = pages_allocate(1);
    for (uint64_t i = 0; i < 512; ++i) {
      uint64_t page = at + i * PAGE_BYTES;
      small[i] = pte_leaf(page, page < (uint64_t)image_text_end ? KERNEL_TEXT : KERNEL_DATA);
    }
    megapages[index] = pte_table(small);
  }
  return megapages;
}

uint64_t* space_slot(const Space* space, uint64_t address, unsigned level) {
  uint64_t* table = space->root;
  for (unsigned at = space->levels - 1; at > level; --at) {
    uint64_t* slot = &table[address >> (12 + 9 * at) & 511];
    if (!(*slot & PTE_V)) {
      uint64_t* made = pages_allocate(1);
      // table_before_pointer: a walker that sees the pointer sees a zeroed table, never old bytes of the page.
      __atomic_store_n(slot, pte_table(made), __ATOMIC_RELEASE);
    }
    table = table_of(*slot);
  }
  return &table[address >> (12 + 9 * level) & 511];
}

void space_map(const Space* space, uint64_t address, uint64_t physical, unsigned level, uint64_t flags) {
  // Relaxed: whoever needs the order with other stores fences for itself.
  __atomic_store_n(space_slot(space, address, level), pte_leaf(physical, flags), __ATOMIC_RELAXED);
}

Space space_create(unsigned bits, unsigned asid) {
  check(bits == 39 || bits == 48 || bits == 57, "paging", "mode %u: 39, 48 and 57 are known", bits);
  spin_lock(&kernel_table_lock);
  if (kernel_table == 0) kernel_table = build_kernel_table();
  spin_unlock(&kernel_table_lock);
  Space space = {pages_allocate(1), (bits - 12) / 9, asid};
  space_map(&space, 0, 0, LEVEL_GIGAPAGE, KERNEL_DATA);
  *space_slot(&space, RAM_START, LEVEL_GIGAPAGE) = pte_table(kernel_table);
  return space;
}

uint64_t space_satp(const Space* space) {
  return (uint64_t)(space->levels + 5) << 60 | (uint64_t)space->asid << 44 | (uint64_t)space->root >> 12;
}

bool paging_supported(unsigned bits) {
  uint64_t wanted = (uint64_t)((bits - 12) / 9 + 5) << 60;
  csr_write(satp, wanted);
  bool took = csr_read(satp) >> 60 == wanted >> 60;
  csr_write(satp, 0);
  return took;
}

unsigned asid_bits(void) {
  csr_write(satp, 8ull << 60 | 0xffffull << 44);
  uint64_t bits = csr_read(satp) >> 44 & 0xffff;
  csr_write(satp, 0);
  unsigned count = 0;
  for (; bits & 1; bits >>= 1) ++count;
  return count;
}
