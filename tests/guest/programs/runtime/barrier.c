// SPDX-License-Identifier: Apache-2.0
// Central barrier with a generation number, and a test-and-set lock.
// Progress: blocking. Each waiter spins on the generation with `pause`.
// Source:   Mellor-Crummey and Scott, TOCS 1991 (sense-reversing barrier); RISC-V unprivileged chapter 8 (A).
#include "barrier.h"

static Barrier whole_machine;

void barrier_wait(Barrier* barrier, unsigned parties) {
  unsigned generation = __atomic_load_n(&barrier->generation, __ATOMIC_RELAXED);
  // arrive_before_go: releases this hart's work to the last arriver, who acquires everybody's.
  if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL) == parties) {
    __atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
    // go: pairs with the acquire below; without it a waiter could miss the others' work or the reset of arrived.
    __atomic_store_n(&barrier->generation, generation + 1, __ATOMIC_RELEASE);
    return;
  }
  spin_until(__atomic_load_n(&barrier->generation, __ATOMIC_ACQUIRE) != generation);
}

void barrier_all(void) { barrier_wait(&whole_machine, hart_count); }

void spin_lock(SpinLock* lock) {
  // lock_before_section: pairs with section_before_unlock.
  while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE)) {
    spin_until(!__atomic_load_n(&lock->held, __ATOMIC_RELAXED));
  }
}

bool spin_try_lock(SpinLock* lock) { return !__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE); }

// section_before_unlock: the section's stores are visible before the lock looks free.
void spin_unlock(SpinLock* lock) { __atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE); }
