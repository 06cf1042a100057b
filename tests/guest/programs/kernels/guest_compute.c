// SPDX-License-Identifier: Apache-2.0
// The control among the workload guests: harts compute in private memory and share nothing. No layer of the machine is
// asked for anything once the few pages and blocks are warm, so no variant can differ here but by chance.
#include "shared/kernel.h"

enum { WORDS = 2048, ROUNDS = 10 };

static uint64_t pass(void* memory) {
  uint64_t* words = memory;
  uint64_t seed = 2024;
  for (unsigned i = 0; i < WORDS; ++i) words[i] = kernel_random(&seed);
  uint64_t sponge = seed;
  for (unsigned round = 0; round < ROUNDS; ++round) {
    for (unsigned i = 0; i < WORDS; ++i) {
      uint64_t other = words[(sponge >> 17) % WORDS];
      sponge = (sponge ^ words[i]) * 0xd6e8feb86659fd93ull + (other >> (round + 1));
      sponge ^= sponge >> 32;
      if (sponge & 4) sponge += i;
      words[i] = sponge + other;
    }
  }
  return sponge;
}

const Kernel kernel = {"guest_compute", pass, WORDS * 8, 0x7e80b3097e97789bull, 1000};
