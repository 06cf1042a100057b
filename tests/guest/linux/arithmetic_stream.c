// SPDX-License-Identifier: Apache-2.0
// Compiled without contraction to fused operations; those that are meant to be fused say so.
#include <string.h>

#include "arithmetic.h"
#include "pattern.h"

static uint64_t bits_of_double(double value) {
  uint64_t bits;
  memcpy(&bits, &value, 8);
  return value != value ? 0x7ff8000000000000ull : bits;
}

static uint64_t bits_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return value != value ? 0x7fc00000u : bits;
}

// Any finite double, subnormals and zeros included; exponents that differ enough to matter, and seldom too much.
static double any_double(uint64_t random) {
  uint64_t exponent = random % 16 ? 1023 - 30 + (random >> 4) % 60 : (random >> 4) % 2047;
  uint64_t bits = (random & 0x8000000000000000ull) | exponent << 52 | pattern_word(1, random) >> 12;
  double value;
  memcpy(&value, &bits, 8);
  return value;
}

uint64_t arithmetic_stream(unsigned steps) {
  uint64_t sum = CHECKSUM_START;
  for (unsigned i = 0; i < steps; i++) {
    double a = any_double(pattern_word(31, i)), b = any_double(pattern_word(32, i)), c = any_double(pattern_word(33, i));
    float d = (float)a, e = (float)b;
    uint64_t results[] = {
        bits_of_double(a + b),
        bits_of_double(a - c),
        bits_of_double(a * b),
        bits_of_double(a / c),
        bits_of_double(__builtin_sqrt(b < 0 ? -b : b)),
        bits_of_double(__builtin_fma(a, b, c)),
        bits_of_double((double)(int64_t)pattern_word(34, i)),
        bits_of_float(d + e),
        bits_of_float(d * e),
        bits_of_float(d / e),
        bits_of_float(__builtin_fmaf(d, e, d)),
        (uint64_t)(a < b) | (uint64_t)(a <= c) << 1 | (uint64_t)(b == c) << 2,
    };
    sum = checksum_words(sum, results, sizeof results);
  }
  return sum;
}
