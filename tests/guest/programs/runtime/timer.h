// SPDX-License-Identifier: Apache-2.0
// The machine timer of each hart.
#ifndef GUEST_TIMER_H
#define GUEST_TIMER_H

#include "board.h"
#include "hart.h"

static inline uint64_t timer_now(void) { return read_64(ACLINT_MTIME); }
static inline void timer_set(const Hart* self, uint64_t when) { write_64(ACLINT_MTIMECMP(self->id), when); }
static inline void timer_off(const Hart* self) { timer_set(self, ~0ull); }

// A machine timer interrupt every `period` ticks of 100 ns, counted in self->interrupts. M mode.
void timer_tick_every(Hart* self, uint64_t period);
void timer_tick_stop(Hart* self);

#endif
