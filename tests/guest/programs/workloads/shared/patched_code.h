// SPDX-License-Identifier: Apache-2.0
// A few pages of generated code, one instruction of which changes each turn: the caller then knows what a call must return.
#ifndef GUEST_PATCHED_CODE_H
#define GUEST_PATCHED_CODE_H

#include "hart.h"
#include "paging.h"

enum { PATCHED_PAGES = 3 };

typedef struct {
  uint64_t execute;  // address at which it runs
  uint64_t write;    // another address of the same bytes, or the same address
  uint64_t frames[PATCHED_PAGES];
} PatchedCode;

// What to call after a patch, and what it must return.
typedef struct {
  uint64_t entry;
  uint64_t answer;
} PatchedCall;

// In `space` at `base` (four pages' room for each of the two windows), frames in reverse order; or, with space = 0, at
// physical addresses. Writes the first version of the code; the caller runs fence.i.
PatchedCode patched_code_create(const Space* space, uint64_t base);

// Changes one instruction; `turn` chooses the place and the window to write through. The caller fences: fence.i on each
// hart that is to run it, after the stores are visible there.
PatchedCall patched_code_change(Hart* self, const PatchedCode* code, uint64_t turn);

// A function in the same page that never changes.
uint64_t patched_code_constant(const PatchedCode* code);
#define PATCHED_CONSTANT 0x155u

#endif
