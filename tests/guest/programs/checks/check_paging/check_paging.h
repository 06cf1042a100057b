// SPDX-License-Identifier: Apache-2.0
// One access through a page table, in the mode and with the settings that a check wants.
#ifndef GUEST_CHECK_PAGING_H
#define GUEST_CHECK_PAGING_H

#include "checks/shared/checks.h"
#include "paging.h"
#include "privilege.h"

typedef enum { ACCESS_LOAD, ACCESS_STORE, ACCESS_FETCH } AccessKind;

typedef struct {
  unsigned mode;      // MODE_USER or MODE_SUPERVISOR
  bool through_mprv;  // done by M mode with MPRV = 1 and MPP = mode (loads and stores)
  bool sum, mxr;
} Setting;

// Where a page of every space that attempt_prepare() knows shows the code of attempts, for U mode.
#define ATTEMPT_CODE (TEST_BASE + 0x7fe00000ull)
// Stores go here in the page, so that they do not hit the code at its start.
#define ATTEMPT_STORE_OFFSET 64

// Makes attempts possible in `space`.
void attempt_prepare(const Space* space);
// Fills a frame so that a fetch attempt in it comes back.
void attempt_fill(uint64_t frame);
// Does one access to the page at `address` under `space`, and returns the cause (NO_TRAP: none). Fails if a trap reports
// a wrong mtval, mepc or mode. A load returns the word in *value if value is not zero.
uint64_t attempt(const Space* space, AccessKind kind, uint64_t address, Setting setting, uint64_t* value);

uint64_t page_fault_of(AccessKind kind);
uint64_t access_fault_of(AccessKind kind);

void permission_matrix(Hart* self);
void permission_matrix_mprv(Hart* self);
void malformed_entries(Hart* self);
void misaligned_superpages(Hart* self);
void not_canonical(Hart* self);
void high_half(Hart* self);
void straddling_fetch(Hart* self);
void asid_width(Hart* self);

#endif
