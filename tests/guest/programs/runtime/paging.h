// SPDX-License-Identifier: Apache-2.0
// Address spaces: page tables for Sv39, Sv48 and Sv57, with the program and the devices mapped at their own addresses.
// Page tables are plain memory: building them fences nothing; the caller runs sfence.vma where the specification asks for it.
#ifndef GUEST_PAGING_H
#define GUEST_PAGING_H

#include "csr.h"
#include "pages.h"

#define PTE_V (1ull << 0)
#define PTE_R (1ull << 1)
#define PTE_W (1ull << 2)
#define PTE_X (1ull << 3)
#define PTE_U (1ull << 4)
#define PTE_G (1ull << 5)
#define PTE_A (1ull << 6)
#define PTE_D (1ull << 7)
#define PTE_SOFTWARE_0 (1ull << 8)
#define PTE_SOFTWARE_1 (1ull << 9)
#define PTE_RW (PTE_R | PTE_W | PTE_A | PTE_D)
#define PTE_RX (PTE_R | PTE_X | PTE_A)
#define PTE_RWX (PTE_RW | PTE_X)

#define TEST_BASE 0x1000000000ull  // free for programs in every space (64 GiB; canonical in all three modes)

// Leaf sizes, as levels of the page table.
enum { LEVEL_PAGE = 0, LEVEL_MEGAPAGE = 1, LEVEL_GIGAPAGE = 2 };

typedef struct {
  uint64_t* root;
  unsigned levels;  // 3, 4 or 5
  unsigned asid;
} Space;

// bits: 39, 48 or 57. The space has the image, RAM and devices mapped as global supervisor pages.
Space space_create(unsigned bits, unsigned asid);

// The entry of `address` at `level`, making the tables above it.
uint64_t* space_slot(const Space* space, uint64_t address, unsigned level);

// Stores a valid leaf. Aligned stores of 8 bytes: another hart's walker sees the old entry or the new one.
void space_map(const Space* space, uint64_t address, uint64_t physical, unsigned level, uint64_t flags);

static inline uint64_t pte_leaf(uint64_t physical, uint64_t flags) { return physical >> 12 << 10 | flags | PTE_V; }

uint64_t space_satp(const Space* space);
static inline void space_enter(const Space* space) { csr_write(satp, space_satp(space)); }

// M mode only; leave satp = 0 behind.
bool paging_supported(unsigned bits);
unsigned asid_bits(void);

#endif
