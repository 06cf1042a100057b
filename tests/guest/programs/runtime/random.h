// SPDX-License-Identifier: Apache-2.0
// Seeded pseudo-random numbers, one stream a hart.
// Source: Vigna, xorshift64* ("An experimental exploration of Marsaglia's xorshift generators", TOMS 2016); SplitMix64 seeds.
#ifndef GUEST_RANDOM_H
#define GUEST_RANDOM_H

#include "hart.h"

// A bijection that scatters its argument: also used as "the content that page n must have".
static inline uint64_t scatter(uint64_t x) {
  x += 0x9e3779b97f4a7c15ull;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
  return x ^ (x >> 31);
}

static inline void random_seed(Hart* self, uint64_t seed) { self->random = scatter(seed) | 1; }

static inline uint64_t random_next(Hart* self) {
  uint64_t x = self->random;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  self->random = x;
  return x * 0x2545f4914f6cdd1dull;
}

// Uniform enough for tests: 0 <= result < bound.
static inline uint64_t random_below(Hart* self, uint64_t bound) { return (random_next(self) >> 32) % bound; }

// Spins for a random time of at most `bound` loop turns.
static inline void random_delay(Hart* self, uint64_t bound) {
  for (uint64_t turns = random_below(self, bound + 1); turns > 0; --turns) __asm__ volatile("" ::: "memory");
}

#endif
