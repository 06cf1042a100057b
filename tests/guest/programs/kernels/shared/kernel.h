// SPDX-License-Identifier: Apache-2.0
// What an engine kernel is: a pure function of zeroed private memory. It also compiles for the build machine, which is
// where the answers come from (kernel_answers.sh).
#ifndef GUEST_KERNEL_H
#define GUEST_KERNEL_H

#include <stdint.h>

typedef struct {
  const char* name;
  // One pass: fixed work of about a million instructions on fresh content of `memory`; returns a checksum.
  uint64_t (*pass)(void* memory);
  uint64_t bytes;   // private memory that a pass uses; its content need not be cleared between passes
  uint64_t answer;  // what every pass must return
  uint64_t passes;  // default of `iterations=`
} Kernel;

extern const Kernel kernel;

// SplitMix64: state += odd constant, output is a bijection of it (Steele, Lea and Flood, OOPSLA 2014).
static inline uint64_t kernel_random(uint64_t* state) {
  uint64_t x = *state += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

#endif
