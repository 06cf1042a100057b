// SPDX-License-Identifier: Apache-2.0
// What a check is, and how it tells its outcome. All functions may be called from any thread or child process of a check.
#ifndef GUEST_LINUX_CHECK_H
#define GUEST_LINUX_CHECK_H

#include <stdbool.h>

typedef struct {
  unsigned rounds;  // multiplies the work; 1 or more
  unsigned cpus;    // processors online
  unsigned crew;    // threads or processes to use: one for each processor, two at least
} Load;

typedef struct {
  const char* name;
  void (*run)(const Load* load);
} Check;

// The check failed. The first call's words are reported, later ones are dropped.
void check_failed(const char* format, ...) __attribute__((format(printf, 1, 2)));
// The machine lacks what the check needs.
void check_skipped(const char* format, ...) __attribute__((format(printf, 1, 2)));
// What was verified: printed if the check passes.
void check_detail(const char* format, ...) __attribute__((format(printf, 1, 2)));
bool check_has_failed(void);

// Evaluates to the condition; the words follow.
#define expect(condition, ...) (__builtin_expect(!!(condition), 1) ? true : (check_failed(__VA_ARGS__), false))

// Runs the check in a child process, prints its line, and returns whether it passed or was skipped.
// A check that dies, or says nothing for `deadline` seconds, has failed; its processes are gone afterwards.
bool check_execute(const Check* check, const Load* load, unsigned deadline);

#endif
