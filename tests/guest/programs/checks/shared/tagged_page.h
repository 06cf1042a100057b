// SPDX-License-Identifier: Apache-2.0
// Frames that say who they are, to loads and to calls: translations are checked by what lies behind them.
#ifndef GUEST_TAGGED_PAGE_H
#define GUEST_TAGGED_PAGE_H

#include "encode.h"
#include "hart.h"
#include "pages.h"

enum { TAG_WORD = 64, TAG_STORE = 128 };  // offsets in the frame; code is at 0

// tag: 0 to 2047. The caller runs fence.i on each hart that will call into the frame.
static inline void tagged_page_fill(uint64_t frame, unsigned tag) {
  store_code(frame, encode_addi(REG_A0, REG_ZERO, (int)tag));
  store_code(frame + 4, encode_ret());
  *(volatile uint64_t*)(frame + TAG_WORD) = tag;
}

// The page at `address` must be the one with this tag, for a load, a call, and a store (seen at its physical address).
void tagged_page_expect(const char* what, uint64_t address, unsigned tag, uint64_t frame);
// All three kinds of access must end with these causes.
void tagged_page_expect_faults(const char* what, uint64_t address, uint64_t load, uint64_t store, uint64_t fetch);

#endif
