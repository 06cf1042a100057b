// SPDX-License-Identifier: Apache-2.0
// Waiting for another hart: spin for a short time, then let the host have the processor in short naps, so that programs go
// on at a fair speed when harts outnumber processors. `yield=0` in bootargs keeps all waits spinning.
#ifndef GUEST_WAITING_H
#define GUEST_WAITING_H

#include "csr.h"

enum {
  PAUSES_PER_LOOK = 64,  // turns of `pause` between two looks at the clock
  SPIN_TICKS = 200,      // 20 us: longer than most answers of a hart that is running
};

typedef struct {
  unsigned turns;
  uint64_t since;  // 0: the clock was not looked at yet
} Waiting;

// Sleeps in WFI for at most 100 us, or until an interrupt that this hart has enabled is pending. M or S mode; in a trap
// handler it returns at once.
void hart_nap(void);

// The clock's part of a wait: naps if the wait is no longer short.
void waiting_look(Waiting* waiting);

#define spin_until(condition)                                           \
  do {                                                                  \
    Waiting waiting_ = {0, 0};                                          \
    while (!(condition)) {                                              \
      cpu_pause();                                                      \
      if (++waiting_.turns == PAUSES_PER_LOOK) waiting_look(&waiting_); \
    }                                                                   \
  } while (0)

#endif
