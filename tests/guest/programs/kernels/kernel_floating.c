// SPDX-License-Identifier: Apache-2.0
// Floating point, double and single: escape times, fused multiply-add dot products, square roots, divisions, conversions.
// The result is exact: IEEE 754 operations in program order (-ffp-contract=off), compared by their bits.
#include "shared/kernel.h"

enum { GRID = 24, ESCAPE = 60, VECTOR = 512, PRODUCTS = 24, ROOTS = 3000, SINGLES = 8000 };

typedef struct {
  double left[VECTOR], right[VECTOR];
} Memory;

static uint64_t bits_of(double x) {
  union {
    double number;
    uint64_t bits;
  } as = {x};
  return as.bits;
}

static uint64_t escape_times(void) {
  uint64_t sum = 0;
  for (int row = 0; row < GRID; ++row) {
    for (int column = 0; column < GRID; ++column) {
      double cx = -2.0 + 2.5 * column / GRID, cy = -1.25 + 2.5 * row / GRID, x = 0, y = 0;
      unsigned turns = 0;
      for (; turns < ESCAPE && x * x + y * y < 4.0; ++turns) {
        double next = x * x - y * y + cx;
        y = 2.0 * x * y + cy;
        x = next;
      }
      sum = sum * 3 + turns + (bits_of(x) >> 40);
    }
  }
  return sum;
}

static uint64_t dot_products(Memory* m) {
  for (int i = 0; i < VECTOR; ++i) {
    m->left[i] = 1.0 / (i + 1);
    m->right[i] = (i % 17) * 0.25 - 2.0;
  }
  uint64_t sum = 0;
  for (int round = 0; round < PRODUCTS; ++round) {
    double dot = 0;
    for (int i = 0; i < VECTOR; ++i) dot = __builtin_fma(m->left[i], m->right[(i + round) % VECTOR], dot);
    sum ^= bits_of(dot) + (uint64_t)round;
  }
  return sum;
}

static uint64_t roots(void) {
  double x = 2.0;
  int64_t whole = 0;
  for (int i = 1; i <= ROOTS; ++i) {
    x = __builtin_sqrt(x + i) + 1.0 / (x + 0.5);
    if (x > 40.0) x -= 39.5;
    whole += (int64_t)(x * 1024.0) - (int32_t)x;
    x = x + (double)(whole & 7) * 0.125;
  }
  return bits_of(x) ^ (uint64_t)whole;
}

static uint64_t singles(void) {
  float a = 1.0f, b = 0.5f;
  uint64_t sum = 0;
  for (int i = 0; i < SINGLES; ++i) {
    a = a * 1.0009765625f - b * 0.25f;
    b = (b < a) ? b + a / 3.0f : -b;
    if (a < 0) a = -a;
    if (a > 1000.0f) a = (float)(i % 29);
    if (b > 1000.0f || b < -1000.0f) b = 1.5f;
    sum += (uint64_t)(int64_t)(a * 64.0f) ^ (uint64_t)(int64_t)b;
  }
  return sum;
}

static uint64_t pass(void* memory) {
  uint64_t sum = escape_times();
  sum = sum * 1000003 + dot_products(memory);
  sum = sum * 1000003 + roots();
  return sum * 1000003 + singles();
}

const Kernel kernel = {"kernel_floating", pass, sizeof(Memory), 0x65c571b13af1ebf5ull, 500};
