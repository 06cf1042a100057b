// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CREW_LIMIT = 64, STACK_BYTES = 128 << 10, SPINS = 2000, YIELDS = 50, SLEEP_NANOSECONDS = 50000 };

//  arrived | generation |  meaning
//   k < n  |     g      |  k of n members wait for generation g + 1
//     0    |   g + 1    |  the last one came: everybody goes on
struct Crew {
  _Alignas(64) atomic_uint arrived;
  _Alignas(64) atomic_uint generation;
  unsigned size;
  void (*work)(const Member* member);
};

void pin_to_cpu(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu % (unsigned)sysconf(_SC_NPROCESSORS_ONLN), &set);
  sched_setaffinity(0, sizeof set, &set);
}

void wait_turn(unsigned* turns) {
  if (++*turns <= SPINS) return;
  if (*turns <= SPINS + YIELDS)
    sched_yield();
  else
    nanosleep(&(struct timespec){0, SLEEP_NANOSECONDS}, NULL);
}

void crew_wait(const Member* member) {
  Crew* crew = member->crew;
  unsigned generation = atomic_load_explicit(&crew->generation, memory_order_relaxed);
  // Acquire and release: everything before any member's call happens before everything after each member's call.
  if (atomic_fetch_add_explicit(&crew->arrived, 1, memory_order_acq_rel) + 1 == crew->size) {
    atomic_store_explicit(&crew->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&crew->generation, generation + 1, memory_order_release);
    return;
  }
  unsigned turns = 0;
  while (atomic_load_explicit(&crew->generation, memory_order_acquire) == generation) wait_turn(&turns);
}

static void* member_main(void* argument) {
  const Member* member = argument;
  pin_to_cpu(member->index);
  crew_wait(member);
  member->crew->work(member);
  return NULL;
}

void crew_run(const Load* load, void (*work)(const Member* member), void* shared) {
  Crew crew = {.size = load->crew, .work = work};
  Member members[CREW_LIMIT];
  pthread_t threads[CREW_LIMIT];
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  for (unsigned i = 0; i < load->crew; i++) {
    members[i] = (Member){.index = i, .load = load, .shared = shared, .crew = &crew};
    int error = pthread_create(&threads[i], &attributes, member_main, &members[i]);
    if (error) {
      // The members that were started wait for those that were not: only the end of the process helps.
      check_failed("pthread_create: %s", strerror(error));
      _exit(1);
    }
  }
  for (unsigned i = 0; i < load->crew; i++) pthread_join(threads[i], NULL);
  pthread_attr_destroy(&attributes);
}
