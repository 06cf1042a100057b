// SPDX-License-Identifier: Apache-2.0
// One access, tried in a mode: by real S or U mode from a page that is mapped for it, or by M mode through MPRV.
#ifndef ISA_GUEST_ATTEMPT_H
#define ISA_GUEST_ATTEMPT_H

#define ATTEMPT_BYTES 16  // each access of attempt.S takes that much

#ifndef __ASSEMBLER__
#include <stdint.h>

typedef enum {
  ACCESS_LB,
  ACCESS_LHU,
  ACCESS_LW,
  ACCESS_LD,
  ACCESS_SB,
  ACCESS_SH,
  ACCESS_SW,
  ACCESS_SD,
  ACCESS_AMOADD_W,
  ACCESS_AMOMAX_D,
  ACCESS_LR_W,
  ACCESS_FLW,
  ACCESS_FSD,
  ACCESS_FETCH,
  ACCESS_KINDS
} Access;

typedef struct {
  uint64_t cause, epc, tval;
  uint64_t value;  // a0 then
} Attempt;

// The accesses' code: one page, one entry of ATTEMPT_BYTES a kind; the address is in a0, a value to store in a2; each ends in ecall.
extern char attempt_page[];
static const uint64_t attempt_stored = 0x0123456789abcdefull;

// In mode S or U: enters `entry` (virtual) with the address, and comes back by its first exception.
Attempt attempt_below(unsigned mode, uint64_t entry, uint64_t address);
// In M mode with MPRV, MPP = mode: not for fetches.
Attempt attempt_by_mprv(unsigned mode, Access kind, uint64_t address);
#endif

#endif
