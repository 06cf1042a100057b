// SPDX-License-Identifier: Apache-2.0
// Physical memory protection entries.
// Source: RISC-V privileged specification 1.12, section 3.7.1.
#ifndef GUEST_PMP_H
#define GUEST_PMP_H

#include "csr.h"

#define PMP_R 1u
#define PMP_W 2u
#define PMP_X 4u
#define PMP_OFF (0u << 3)
#define PMP_TOR (1u << 3)
#define PMP_NA4 (2u << 3)
#define PMP_NAPOT (3u << 3)
#define PMP_LOCKED 0x80u

// Entry 0 gives S and U mode all of memory.
static inline void pmp_allow_everything(void) {
  csr_write(pmpcfg0, 0);
  csr_write(pmpaddr0, ~0ull >> 10);
  csr_write(pmpcfg0, PMP_NAPOT | PMP_R | PMP_W | PMP_X);
  sfence_all();
}

// pmpaddr value of the naturally aligned region [base, base + bytes), bytes a power of two, at least 8.
static inline uint64_t pmp_napot(uint64_t base, uint64_t bytes) { return (base >> 2) | ((bytes >> 3) - 1); }

#endif
