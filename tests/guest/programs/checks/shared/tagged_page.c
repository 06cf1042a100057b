// SPDX-License-Identifier: Apache-2.0
// Invariant: the physical address of a frame is mapped one to one in every space, so stores can be seen from aside.
#include "tagged_page.h"

#include "board.h"
#include "console.h"
#include "csr.h"
#include "probe.h"
#include "random.h"

void tagged_page_expect(const char* what, uint64_t address, unsigned tag, uint64_t frame) {
  Hart* self = hart_self();
  uint64_t seen = 0, nonce = random_next(self);
  uint64_t cause = probe_load(address + TAG_WORD, &seen);
  check(cause == NO_TRAP && seen == tag, what, "load of 0x%lx: cause %ld, tag %lu, wanted %u", address, (long)cause, seen, tag);
  cause = probe_call(address, 0, &seen);
  check(cause == NO_TRAP && seen == tag, what, "call of 0x%lx: cause %ld, tag %lu, wanted %u", address, (long)cause, seen, tag);
  uint64_t offset = TAG_STORE + 8 * self->id;
  cause = probe_store(address + offset, nonce);
  seen = read_64(frame + offset);
  check(cause == NO_TRAP && seen == nonce, what, "store to 0x%lx: cause %ld, and frame 0x%lx holds 0x%lx, wanted 0x%lx", address,
        (long)cause, frame, seen, nonce);
}

void tagged_page_expect_faults(const char* what, uint64_t address, uint64_t load, uint64_t store, uint64_t fetch) {
  uint64_t seen;
  uint64_t cause = probe_load(address + TAG_WORD, &seen);
  check(cause == load, what, "load of 0x%lx: cause %ld, wanted %ld", address, (long)cause, (long)load);
  cause = probe_store(address + TAG_STORE + 8 * hart_self()->id, 1);
  check(cause == store, what, "store to 0x%lx: cause %ld, wanted %ld", address, (long)cause, (long)store);
  cause = probe_call(address, 0, &seen);
  check(cause == fetch, what, "call of 0x%lx: cause %ld, wanted %ld", address, (long)cause, (long)fetch);
}
