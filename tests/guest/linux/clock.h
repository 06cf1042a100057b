// SPDX-License-Identifier: Apache-2.0
// The monotonic clock, in microseconds.
#ifndef GUEST_LINUX_CLOCK_H
#define GUEST_LINUX_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000ull + now.tv_nsec / 1000;
}

#endif
