// SPDX-License-Identifier: Apache-2.0
// Integer arithmetic with hardly a branch: 64- and 32-bit adds, shifts, logic, all multiplications, a few divisions.
#include "shared/kernel.h"

enum { ROUNDS = 20000 };

static inline uint64_t rotate(uint64_t x, unsigned by) { return x << by | x >> (64 - by); }

static inline uint64_t high_product(uint64_t a, uint64_t b) { return (uint64_t)((unsigned __int128)a * b >> 64); }
static inline int64_t high_signed(int64_t a, int64_t b) { return (int64_t)((__int128)a * b >> 64); }

static uint64_t pass(void* memory) {
  (void)memory;
  uint64_t a = 0x0123456789abcdefull, b = 0xfedcba9876543210ull, c = 0x5555, d = 1;
  uint32_t narrow = 77, narrow_sum = 0;
  for (unsigned i = 0; i < ROUNDS; ++i) {
    a += rotate(b, 13) ^ i;
    b = (b ^ (a >> 7)) * 0x9e3779b97f4a7c15ull;
    c += high_product(a, b) ^ (uint64_t)high_signed((int64_t)b, (int64_t)c);
    d ^= (c << 5) - (a & ~b) + (uint64_t)((int64_t)a >> 17);
    narrow = narrow * 1664525u + 1013904223u;
    narrow_sum += (narrow >> 16 ^ narrow << 3) + (uint32_t)((int32_t)narrow >> 5);
    a ^= (uint64_t)(a < d) + (uint64_t)((int64_t)b < (int64_t)c) + narrow_sum;
    uint64_t bits = d - ((d >> 1) & 0x5555555555555555ull);
    bits = (bits & 0x3333333333333333ull) + ((bits >> 2) & 0x3333333333333333ull);
    c += (((bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0full) * 0x0101010101010101ull) >> 56;
    if ((i & 31) == 0) {
      d += a / (b | 1) + c % (narrow | 1u) + (uint64_t)((int64_t)a / (int32_t)(narrow_sum | 1));
      narrow ^= narrow_sum / (uint32_t)(i + 3) + (uint32_t)((int32_t)narrow % 1237);
    }
  }
  return a ^ rotate(b, 1) ^ rotate(c, 2) ^ rotate(d, 3) ^ narrow_sum;
}

const Kernel kernel = {"kernel_integer", pass, 0, 0x74aa8f55ae5a0721ull, 500};
