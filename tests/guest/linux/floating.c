// SPDX-License-Identifier: Apache-2.0
// Each thread keeps its 32 floating-point registers and its fcsr through preemption, system calls and signals whose handler
// overwrites them all.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "checks.h"
#include "crew.h"
#include "pattern.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { HOLDS = 24, SPINS = 600000, YIELDS = 60, SIGNAL_MICROSECONDS = 1000 };

typedef struct {
  uint64_t f[32], fcsr;
} FloatState;

#define EACH_REGISTER(instruction, base)                                                                                              \
  ".irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n" instruction " f\\i, 8*\\i(%[" base \
  "])\n.endr\n"
#define ALL_REGISTERS                                                                                                                      \
  "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9", "f10", "f11", "f12", "f13", "f14", "f15", "f16", "f17", "f18", "f19", "f20", \
      "f21", "f22", "f23", "f24", "f25", "f26", "f27", "f28", "f29", "f30", "f31"

// Loads every register and fcsr from `in`, goes round `turns` times, with a sched_yield each turn if asked, and stores them
// to `out`. Nothing else touches a register in between, the kernel and the handlers excepted.
static void hold(const FloatState* in, FloatState* out, unsigned long turns, unsigned long yields) {
  register long result __asm__("a0") = 0;
  register long number __asm__("a7") = SYS_sched_yield;
  __asm__ volatile(EACH_REGISTER("fld", "in")
                   "fscsr %[wanted]\n"
                   "1: beqz %[yields], 2f\n"
                   "ecall\n"
                   "2: addi %[turns], %[turns], -1\n"
                   "bnez %[turns], 1b\n"
                   "frcsr %[seen]\n"
                   EACH_REGISTER("fsd", "out")
                   : [turns] "+&r"(turns), [seen] "=&r"(out->fcsr), "+r"(result)
                   : [in] "r"(in->f), [out] "r"(out->f), [wanted] "r"(in->fcsr), [yields] "r"(yields), "r"(number)
                   : ALL_REGISTERS, "memory");
  __asm__ volatile("fscsr x0");
}

static _Thread_local volatile unsigned long signals;

static void overwrite(int number) {
  (void)number;
  uint64_t junk[32];
  pattern_fill(junk, sizeof junk, 77, signals);
  __asm__ volatile(EACH_REGISTER("fld", "junk") "fscsr %[fcsr]\n"
                   :
                   : [junk] "r"(junk), [fcsr] "r"(signals % 160)
                   : ALL_REGISTERS, "memory");
  signals = signals + 1;
}

static timer_t start_signals(void) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
  event.sigev_notify_thread_id = syscall(SYS_gettid);
  struct itimerspec every = {{0, SIGNAL_MICROSECONDS * 1000}, {0, SIGNAL_MICROSECONDS * 1000}};
  timer_t timer;
  if (expect(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer_create: %m")) timer_settime(timer, 0, &every, NULL);
  return timer;
}

static void work(const Member* member) {
  unsigned long* signals_seen = member->shared;
  timer_t timer = start_signals();
  unsigned long total = crew_share(member, (unsigned long)HOLDS * member->load->rounds);
  for (unsigned long i = 0; i < total; i++) {
    FloatState in, out;
    pattern_fill(in.f, sizeof in.f, member->index * 1000003ull + 5, 32 * i);
    in.fcsr = (i % 5) << 5 | (member->index + i) % 32;  // rounding modes 0 to 4, any flags
    memset(&out, 0, sizeof out);
    if (i % 2)
      hold(&in, &out, YIELDS, 1);
    else
      hold(&in, &out, SPINS, 0);
    expect(in.fcsr == out.fcsr, "thread %u: fcsr %lx became %lx", member->index, in.fcsr, out.fcsr);
    for (unsigned k = 0; k < 32; k++) expect(in.f[k] == out.f[k], "thread %u: f%u %lx became %lx", member->index, k, in.f[k], out.f[k]);
  }
  timer_delete(timer);
  __atomic_fetch_add(signals_seen, signals, __ATOMIC_RELAXED);
}

void check_floating(const Load* load) {
  static unsigned long signals_seen;
  signal(SIGUSR1, overwrite);
  crew_run(load, work, &signals_seen);
  check_detail("%u holds of 32 registers and fcsr, through %lu signals", HOLDS * load->rounds, signals_seen);
}
