// SPDX-License-Identifier: Apache-2.0
// Every combination of V, R, W, X and U against every mode, SUM, MXR and kind of access, in Sv39, Sv48 and Sv57.
// Source: RISC-V privileged specification 1.12, section 4.3.1 (permissions), 4.3.2 (steps 3 to 8 of the translation).
#include "check_paging.h"

enum { FLAG_COMBINATIONS = 32 };

static bool permitted(uint64_t flags, AccessKind kind, Setting setting) {
  bool is_leaf = flags & (PTE_R | PTE_X);
  if (!(flags & PTE_V) || !is_leaf || (!(flags & PTE_R) && (flags & PTE_W))) return false;
  bool user_page = flags & PTE_U;
  if (setting.mode == MODE_USER && !user_page) return false;
  if (setting.mode == MODE_SUPERVISOR && user_page && (kind == ACCESS_FETCH || !setting.sum)) return false;
  switch (kind) {
    case ACCESS_LOAD: return (flags & PTE_R) || (setting.mxr && (flags & PTE_X));
    case ACCESS_STORE: return flags & PTE_W;
    default: return flags & PTE_X;
  }
}

static void try_all(const Space* space, uint64_t* entry, uint64_t frame, uint64_t address, bool through_mprv) {
  for (unsigned combination = 0; combination < FLAG_COMBINATIONS; ++combination) {
    uint64_t flags = combination | PTE_A | PTE_D;  // V, R, W, X, U are bits 0 to 4
    *entry = frame >> 12 << 10 | flags;
    sfence_page(address);
    for (unsigned which = 0; which < 8; ++which) {
      Setting setting = {which & 1 ? MODE_SUPERVISOR : MODE_USER, through_mprv, which & 2, which & 4};
      for (AccessKind kind = ACCESS_LOAD; kind <= (through_mprv ? ACCESS_STORE : ACCESS_FETCH); ++kind) {
        uint64_t cause = attempt(space, kind, address, setting, 0);
        uint64_t wanted = permitted(flags, kind, setting) ? NO_TRAP : page_fault_of(kind);
        check(cause == wanted, "permission", "flags 0x%lx kind %u mode %u sum %d mxr %d: cause %ld, wanted %ld", flags, kind, setting.mode,
              setting.sum, setting.mxr, (long)cause, (long)wanted);
      }
    }
  }
}

static void matrix(bool through_mprv) {
  static const unsigned widths[] = {39, 48, 57};
  for (unsigned i = 0; i < 3; ++i) {
    if (!paging_supported(widths[i])) continue;
    Space space = space_create(widths[i], 1);
    uint64_t frame = (uint64_t)pages_allocate(1);
    attempt_prepare(&space);
    attempt_fill(frame);
    sfence_all();
    try_all(&space, space_slot(&space, TEST_BASE, LEVEL_PAGE), frame, TEST_BASE, through_mprv);
  }
}

void permission_matrix(Hart* self) {
  (void)self;
  matrix(false);
}

void permission_matrix_mprv(Hart* self) {
  (void)self;
  matrix(true);
}
