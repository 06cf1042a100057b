// SPDX-License-Identifier: Apache-2.0
// The interrupt controller: hart h has context 2h (M mode) and 2h + 1 (S mode).
// Source: RISC-V PLIC specification 1.0.0; context numbering of the `virt` board's device tree.
#ifndef GUEST_PLIC_H
#define GUEST_PLIC_H

#include "board.h"
#include "csr.h"

static inline unsigned plic_context(uint64_t hart, unsigned mode) { return (unsigned)(2 * hart + (mode == MODE_SUPERVISOR)); }

static inline void plic_set_priority(unsigned source, uint32_t priority) { write_32(PLIC_PRIORITY(source), priority); }
static inline void plic_set_threshold(unsigned context, uint32_t threshold) { write_32(PLIC_THRESHOLD(context), threshold); }

// Read-modify-write of a register that belongs to the context: one hart at a time for each context.
static inline void plic_enable(unsigned context, unsigned source, bool on) {
  uint32_t old = read_32(PLIC_ENABLE(context, source));
  uint32_t bit = 1u << (source % 32);
  write_32(PLIC_ENABLE(context, source), on ? old | bit : old & ~bit);
}

static inline bool plic_is_pending(unsigned source) { return read_32(PLIC_PENDING(source)) >> (source % 32) & 1; }
static inline unsigned plic_claim(unsigned context) { return read_32(PLIC_CLAIM(context)); }
static inline void plic_complete(unsigned context, unsigned source) { write_32(PLIC_CLAIM(context), source); }

#endif
