// SPDX-License-Identifier: Apache-2.0
// Words that depend on a seed and a position only, and a checksum of bytes.
#ifndef GUEST_LINUX_PATTERN_H
#define GUEST_LINUX_PATTERN_H

#include <stddef.h>
#include <stdint.h>

// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).
static inline uint64_t pattern_word(uint64_t seed, uint64_t position) {
  uint64_t z = seed * 0xd1342543de82ef95ull + (position + 1) * 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

// `bytes` is a multiple of 8; `first` is the position of the buffer's first word.
static inline void pattern_fill(void* buffer, size_t bytes, uint64_t seed, uint64_t first) {
  uint64_t* words = buffer;
  for (size_t i = 0; i < bytes / 8; i++) words[i] = pattern_word(seed, first + i);
}

// Returns the offset, in bytes, of the first word that differs from the pattern, or -1.
static inline long pattern_differs(const void* buffer, size_t bytes, uint64_t seed, uint64_t first) {
  const uint64_t* words = buffer;
  for (size_t i = 0; i < bytes / 8; i++)
    if (words[i] != pattern_word(seed, first + i)) return i * 8;
  return -1;
}

// Source: FNV-1a, over words of eight bytes; `bytes` is a multiple of 8. Start with CHECKSUM_START.
#define CHECKSUM_START 0xcbf29ce484222325ull
static inline uint64_t checksum_words(uint64_t sum, const void* buffer, size_t bytes) {
  const uint64_t* words = buffer;
  for (size_t i = 0; i < bytes / 8; i++) {
    sum = (sum ^ words[i]) * 0x100000001b3ull;
    sum ^= sum >> 29;
  }
  return sum;
}

#endif
