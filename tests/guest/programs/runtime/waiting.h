// SPDX-License-Identifier: Apache-2.0
// Waiting for another hart: spin for a short time, then let the host have the processor in short naps, so that programs go
// on at a fair speed when harts outnumber processors. `yield=0` in bootargs keeps all waits spinning.
#ifndef GUEST_WAITING_H
#define GUEST_WAITING_H

#include "csr.h"

enum {
  SPINS_BEFORE_NAP = 400,  // turns of `pause`: 10 to 100 us, depending on the machine
  SPINS_BETWEEN_NAPS = 4,
};

// Sleeps in WFI for at most 100 us, or until an interrupt that this hart has enabled is pending. M or S mode; in a trap
// handler it returns at once.
void hart_nap(void);

#define spin_until(condition)                             \
  do {                                                    \
    unsigned turns_ = 0;                                  \
    while (!(condition)) {                                \
      cpu_pause();                                        \
      if (++turns_ == SPINS_BEFORE_NAP) {                 \
        hart_nap();                                       \
        turns_ = SPINS_BEFORE_NAP - SPINS_BETWEEN_NAPS;   \
      }                                                   \
    }                                                     \
  } while (0)

#endif
