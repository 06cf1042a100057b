// SPDX-License-Identifier: Apache-2.0
// All processors of the device tree are there, a thread that is bound to one runs on it, and one that was taken away (SBI
// HSM: hart_stop, hart_start) comes back, while threads keep running on it and counting.
#define _GNU_SOURCE
#include "processors.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "checks.h"
#include "crew.h"

enum { STARTS_MOST = 3, STEPS = 2000, ROUNDS_A_CYCLE = 4 };

static int open_online(unsigned cpu, int flags) {
  char name[64];
  snprintf(name, sizeof name, "/sys/devices/system/cpu/cpu%u/online", cpu);
  return open(name, flags | O_CLOEXEC);
}

// A processor without such a file cannot be taken away: it is online.
static bool is_online(unsigned cpu) {
  char state = '1';
  int file = open_online(cpu, O_RDONLY);
  if (file < 0) return true;
  bool known = read(file, &state, 1) == 1;
  close(file);
  return known && state == '1';
}

bool processor_set_online(unsigned cpu, bool online) {
  int file = open_online(cpu, O_WRONLY);
  if (file < 0) return false;
  bool done = write(file, online ? "1" : "0", 1) == 1;
  int error = errno;
  close(file);
  errno = error;
  return done;
}

void processors_start_missing(void) {
  for (unsigned cpu = 0; cpu < (unsigned)get_nprocs_conf(); cpu++) {
    if (is_online(cpu)) continue;
    bool started = false;
    for (unsigned tries = 0; tries < STARTS_MOST && !started; tries++) started = processor_set_online(cpu, true);
    printf("INTERLOCK-GUEST: processor %u did not start with the kernel; it %s\n", cpu, started ? "has started now" : "does not start");
  }
}

static void bound(const Member* member) {
  atomic_ulong* sum = member->shared;
  for (unsigned i = 0; i < STEPS; i++) {
    unsigned cpu = sched_getcpu();
    expect(cpu == member->index % member->load->cpus, "a thread bound to processor %u runs on %u", member->index, cpu);
    atomic_fetch_add(sum, 1);
  }
}

typedef struct {
  atomic_bool stop;
  atomic_ulong steps;
} Busy;

static void* keep_busy(void* argument) {
  Busy* busy = argument;
  while (!atomic_load_explicit(&busy->stop, memory_order_relaxed)) atomic_fetch_add(&busy->steps, 1);
  return NULL;
}

// Returns how often the last processor went and came. A second thread runs wherever it may.
static unsigned take_away_and_return(const Load* load) {
  unsigned last = load->cpus - 1, cycles = 0;
  if (last == 0) return 0;
  pin_to_cpu(0);
  Busy busy = {0};
  pthread_t thread;
  cpu_set_t all;
  CPU_ZERO(&all);
  for (unsigned cpu = 0; cpu < load->cpus; cpu++) CPU_SET(cpu, &all);
  if (!expect(pthread_create(&thread, NULL, keep_busy, &busy) == 0, "pthread_create failed")) return 0;
  pthread_setaffinity_np(thread, sizeof all, &all);
  for (; cycles * ROUNDS_A_CYCLE < load->rounds; cycles++) {
    if (!expect(processor_set_online(last, false), "processor %u cannot be taken away: %m", last)) break;
    expect(!is_online(last), "processor %u is still there", last);
    if (!expect(processor_set_online(last, true), "processor %u does not come back: %m", last)) break;
    unsigned long before = atomic_load(&busy.steps);
    unsigned turns = 0;
    while (atomic_load(&busy.steps) == before) wait_turn(&turns);
  }
  atomic_store(&busy.stop, true);
  pthread_join(thread, NULL);
  return cycles;
}

void check_processors(const Load* load) {
  static atomic_ulong sum;
  if (!expect((unsigned)get_nprocs_conf() == load->cpus, "%u of %u processors are online", load->cpus, get_nprocs_conf())) return;
  unsigned cycles = take_away_and_return(load);
  crew_run(load, bound, &sum);
  expect(sum == (unsigned long)STEPS * load->crew, "%lu steps instead of %lu", sum, (unsigned long)STEPS * load->crew);
  check_detail("%u online, each runs what is bound to it; processor %u went and came %u times", load->cpus, load->cpus - 1, cycles);
}
