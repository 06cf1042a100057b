// SPDX-License-Identifier: Apache-2.0
// A crew: threads that start together, one processor each in turn, and a barrier for them.
#ifndef GUEST_LINUX_CREW_H
#define GUEST_LINUX_CREW_H

#include "check.h"

typedef struct Crew Crew;

typedef struct {
  unsigned index;  // 0 ... crew - 1
  const Load* load;
  void* shared;  // the same for all
  Crew* crew;
} Member;

// Calls `work` once on each of load->crew threads, and returns when all have returned.
void crew_run(const Load* load, void (*work)(const Member* member), void* shared);

// Waits until every member has called it. Waiters stay on their processors, in user mode, for some microseconds: that is
// where remote fences and timer interrupts should meet them. Those who wait long sleep, so that a host with fewer processors
// than the guest can run the others.
void crew_wait(const Member* member);

// Work for one member out of `total` for the crew: shares differ by one at most and add up to the total.
static inline unsigned long crew_share(const Member* member, unsigned long total) {
  return total / member->load->crew + (member->index < total % member->load->crew);
}

// Binds the calling thread to a processor, counted modulo those online. Failure to do so is not an error.
void pin_to_cpu(unsigned cpu);

// One turn of a wait loop: spins at first, then yields, then sleeps. Start with *turns == 0.
void wait_turn(unsigned* turns);

#endif
