// SPDX-License-Identifier: Apache-2.0
// Time does not run backwards between processors; timers come, never early, and as often as they say.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "checks.h"
#include "clock.h"
#include "crew.h"

enum { INTERVAL = 1000, EXPIRATIONS = 4, SLEEPS = 2, READINGS = 3000 };  // microseconds

// An expiry may not be seen before its time; the clock is read in whole microseconds, twice.
static void not_early(const char* what, uint64_t begin, uint64_t wanted) {
  uint64_t elapsed = clock_microseconds() - begin;
  expect(elapsed + 2 >= wanted, "%s after %lu us instead of %lu", what, elapsed, wanted);
}

static volatile unsigned long alarms;
static void on_alarm(int number) { (void)number, alarms++; }

static void interval_timer(unsigned long expirations) {
  struct itimerval every = {{0, INTERVAL}, {0, INTERVAL}}, never = {{0, 0}, {0, 0}};
  sigset_t none, alarm_only;
  sigemptyset(&none);
  sigemptyset(&alarm_only);
  sigaddset(&alarm_only, SIGALRM);
  signal(SIGALRM, on_alarm);
  sigprocmask(SIG_BLOCK, &alarm_only, NULL);
  uint64_t begin = clock_microseconds();
  setitimer(ITIMER_REAL, &every, NULL);
  while (alarms < expirations) {
    sigsuspend(&none);
    not_early("setitimer", begin, alarms * INTERVAL);
  }
  setitimer(ITIMER_REAL, &never, NULL);
}

static void posix_timer(unsigned long expirations) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 2, .sigev_value.sival_int = 4711};
  struct itimerspec every = {{0, INTERVAL * 1000}, {0, INTERVAL * 1000}};
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGRTMIN + 2);
  sigprocmask(SIG_BLOCK, &wanted, NULL);
  timer_t timer;
  if (!expect(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer_create: %m")) return;
  uint64_t begin = clock_microseconds();
  timer_settime(timer, 0, &every, NULL);
  for (unsigned long total = 0; total < expirations;) {
    siginfo_t info;
    if (sigwaitinfo(&wanted, &info) < 0) continue;
    expect(info.si_value.sival_int == 4711, "the timer's signal carries %d", info.si_value.sival_int);
    total += 1 + info.si_overrun;
    not_early("timer_create", begin, total * INTERVAL);
  }
  timer_delete(timer);
}

static void timer_file(unsigned long expirations) {
  int timer = timerfd_create(CLOCK_MONOTONIC, 0), epoll = epoll_create1(0);
  struct itimerspec every = {{0, INTERVAL * 1000}, {0, INTERVAL * 1000}};
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = 815};
  if (!expect(timer >= 0 && epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) == 0, "timerfd or epoll: %m")) return;
  uint64_t begin = clock_microseconds();
  timerfd_settime(timer, 0, &every, NULL);
  for (unsigned long total = 0; total < expirations;) {
    struct epoll_event got = {0};
    uint64_t count = 0;
    expect(epoll_wait(epoll, &got, 1, -1) == 1 && got.data.u64 == 815, "epoll_wait: %m");
    expect(read(timer, &count, sizeof count) == sizeof count && count > 0, "read of a timerfd: %m");
    total += count ? count : 1;
    not_early("timerfd", begin, total * INTERVAL);
  }
  close(timer);
  close(epoll);
}

typedef struct {
  pthread_mutex_t mutex;
  uint64_t last;
} LastReading;

// Nanoseconds: finer than what a store travels between processors takes, if the clock is.
static uint64_t clock_nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void one_clock(const Member* member) {
  LastReading* reading = member->shared;
  for (unsigned long i = crew_share(member, (unsigned long)READINGS * member->load->rounds); i; i--) {
    pthread_mutex_lock(&reading->mutex);
    uint64_t now = clock_nanoseconds();
    expect(now >= reading->last, "the clock went back by %lu ns between processors", reading->last - now);
    reading->last = now;
    pthread_mutex_unlock(&reading->mutex);
  }
  for (unsigned long i = SLEEPS * member->load->rounds; i; i--) {
    uint64_t begin = clock_microseconds();
    clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){0, INTERVAL * 1000}, NULL);
    not_early("clock_nanosleep", begin, INTERVAL);
  }
}

void check_timers(const Load* load) {
  static LastReading reading = {.mutex = PTHREAD_MUTEX_INITIALIZER};
  unsigned long expirations = (unsigned long)EXPIRATIONS * load->rounds;
  interval_timer(expirations);
  posix_timer(expirations);
  timer_file(expirations);
  crew_run(load, one_clock, &reading);
  check_detail("%lu expirations each of setitimer, timer_create and timerfd; %lu clock readings in order", expirations,
               (unsigned long)READINGS * load->rounds);
}
