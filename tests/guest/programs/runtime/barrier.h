// SPDX-License-Identifier: Apache-2.0
// Barriers among harts, and the spin lock of the console. Blocking; usable in M and S mode alike.
#ifndef GUEST_BARRIER_H
#define GUEST_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

#include "hart.h"
#include "waiting.h"

//  arrived | generation |  meaning
//   k < n  |     g      |  k of n harts wait for generation g + 1
//     0    |   g + 1    |  the last one came: everybody goes on
typedef struct {
  unsigned arrived, generation;
} __attribute__((aligned(64))) Barrier;

// Waits until `parties` harts have called it. All memory operations before it are seen after it, on every hart.
void barrier_wait(Barrier* barrier, unsigned parties);
// The same for all harts of the machine.
void barrier_all(void);

typedef struct {
  unsigned held;
} __attribute__((aligned(64))) SpinLock;

void spin_lock(SpinLock* lock);
bool spin_try_lock(SpinLock* lock);
void spin_unlock(SpinLock* lock);

#endif
