// SPDX-License-Identifier: Apache-2.0
// The guest's first and only program: says that user space is there, runs the checks, says how they went, and ends the
// machine: power off after success, reset after failure.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "checks.h"
#include "clock.h"
#include "command_line.h"
#include "processors.h"

enum { ROUNDS_USUAL = 8, DEADLINE_USUAL = 120, CREW_LIMIT = 64 };

static const Check checks[] = {
    {"processors", check_processors},
    {"threads", check_threads},
    {"atomics", check_atomics},
    {"ordering", check_ordering},
    {"unmap", check_unmap},
    {"race", check_race},
    {"churn", check_churn},
    {"fork", check_fork},
    {"superpages", check_superpages},
    {"signals", check_signals},
    {"timers", check_timers},
    {"pipes", check_pipes},
    {"floating", check_floating},
    {"arithmetic", check_arithmetic},
    {"code", check_code},
    {"block", check_block},
    {"files", check_files},
    {"entropy", check_entropy},
};
enum { CHECKS = sizeof checks / sizeof checks[0] };

static unsigned unknown_names;

static void complain_if_unknown(const char* name) {
  for (unsigned i = 0; i < CHECKS; i++)
    if (strcmp(checks[i].name, name) == 0) return;
  printf("CHECK %s FAILED 0 us: no check has this name\n", name);
  unknown_names++;
}

static void mount_or_say(const char* type, const char* where) {
  if (mount(type, where, type, 0, NULL) != 0) printf("INTERLOCK-GUEST: mount of %s at %s: %m\n", type, where);
}

static void __attribute__((noreturn)) end(bool success) {
  fflush(stdout);
  sync();
  tcdrain(STDOUT_FILENO);
  reboot(success ? RB_POWER_OFF : RB_AUTOBOOT);
  for (;;) pause();
}

static unsigned run_all(const Load* load, unsigned deadline) {
  unsigned failures = 0;
  for (unsigned i = 0; i < CHECKS; i++)
    if (command_line_lists("checks", checks[i].name) && !check_execute(&checks[i], load, deadline)) failures++;
  return failures;
}

int main(void) {
  static const char first[] = "INTERLOCK-GUEST: userspace\n";
  if (write(STDOUT_FILENO, first, sizeof first - 1) < 0) return 1;
  klogctl(8, NULL, 4);  // the kernel's chatter would cut our lines in two; errors still come through
  setvbuf(stdout, NULL, _IOLBF, 0);
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, NULL);
  mount_or_say("proc", "/proc");
  mount_or_say("sysfs", "/sys");
  mount_or_say("devtmpfs", "/dev");
  mount_or_say("tmpfs", "/tmp");
  command_line_read();
  if (command_line_has("boot_only")) {
    printf("INTERLOCK-GUEST: BOOT ONLY\n");
    end(true);
  }
  processors_start_missing();
  unsigned cpus = sysconf(_SC_NPROCESSORS_ONLN);
  Load load = {
      .rounds = command_line_number("rounds", ROUNDS_USUAL, 1, 1000),
      .cpus = cpus,
      .crew = cpus < 2            ? 2
              : cpus > CREW_LIMIT ? CREW_LIMIT
                                  : cpus,
  };
  unsigned deadline = command_line_number("deadline", DEADLINE_USUAL, 1, 100000);
  struct utsname kernel;
  uname(&kernel);
  printf("INTERLOCK-GUEST: Linux %s, %u cpus, %u rounds\n", kernel.release, cpus, load.rounds);
  uint64_t begin = clock_microseconds();
  command_line_items("checks", complain_if_unknown);
  unsigned failures = run_all(&load, deadline) + unknown_names;
  printf("INTERLOCK-GUEST: checks took %lu us\n", (unsigned long)(clock_microseconds() - begin));
  if (failures)
    printf("INTERLOCK-GUEST: %u FAILED\n", failures);
  else
    printf("INTERLOCK-GUEST: ALL CHECKS PASSED\n");
  end(failures == 0);
}
