// SPDX-License-Identifier: Apache-2.0
// Calls and returns: recursion (Takeuchi, Fibonacci, permutations), calls through pointers, a jump table, deep chains.
#include "shared/kernel.h"

#define NOINLINE __attribute__((noinline, noclone))

enum { FIBONACCI = 18, PERMUTED = 6, DISPATCHES = 20000, CHAIN_ROUNDS = 1500 };

static NOINLINE int takeuchi(int x, int y, int z) {
  if (y >= x) return z;
  return takeuchi(takeuchi(x - 1, y, z), takeuchi(y - 1, z, x), takeuchi(z - 1, x, y));
}

static NOINLINE uint64_t fibonacci(unsigned n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

static NOINLINE uint64_t permute(uint8_t* items, unsigned fixed, uint64_t sum) {
  if (fixed == PERMUTED) {
    for (unsigned i = 0; i < PERMUTED; ++i) sum = sum * 5 + items[i];
    return sum;
  }
  for (unsigned i = fixed; i < PERMUTED; ++i) {
    uint8_t swapped = items[fixed];
    items[fixed] = items[i];
    items[i] = swapped;
    sum = permute(items, fixed + 1, sum);
    items[i] = items[fixed];
    items[fixed] = swapped;
  }
  return sum;
}

static NOINLINE uint64_t add(uint64_t x, uint64_t y) { return x + y; }
static NOINLINE uint64_t mix(uint64_t x, uint64_t y) { return (x ^ y) * 3; }
static NOINLINE uint64_t turn(uint64_t x, uint64_t y) { return (x << 9 | x >> 55) - y; }
static NOINLINE uint64_t both(uint64_t x, uint64_t y) { return add(x, mix(y, x)); }
typedef uint64_t Operation(uint64_t, uint64_t);
static Operation* const volatile operations[4] = {add, mix, turn, both};

static NOINLINE uint64_t through_pointers(void) {
  uint64_t x = 1;
  for (unsigned i = 0; i < DISPATCHES; ++i) x = operations[(x >> 11 ^ i) & 3](x, i);
  return x;
}

static NOINLINE uint64_t through_table(uint64_t x, unsigned selector) {
  switch (selector) {
    case 0: return x + 1;
    case 1: return x * 7;
    case 2: return x ^ 0x1111;
    case 3: return x - 99;
    case 4: return x << 3 | x >> 61;
    case 5: return ~x;
    case 6: return x * x;
    default: return x >> 1;
  }
}

#define LINK(name, next) \
  static NOINLINE uint64_t name(uint64_t x) { return next(x + 1) ^ (x >> 3); }
static NOINLINE uint64_t link_0(uint64_t x) { return x * 9; }
LINK(link_1, link_0)
LINK(link_2, link_1)
LINK(link_3, link_2)
LINK(link_4, link_3)
LINK(link_5, link_4)
LINK(link_6, link_5)
LINK(link_7, link_6)

static uint64_t pass(void* memory) {
  (void)memory;
  uint8_t items[PERMUTED] = {1, 2, 3, 4, 5, 6};
  uint64_t sum = (uint64_t)takeuchi(11, 6, 1) + fibonacci(FIBONACCI);
  sum = permute(items, 0, sum);
  sum = sum * 1000003 + through_pointers();
  for (unsigned i = 0; i < DISPATCHES; ++i) sum = through_table(sum, (sum >> 7 ^ i) & 7);
  for (unsigned i = 0; i < CHAIN_ROUNDS; ++i) sum += link_7(sum);
  return sum;
}

const Kernel kernel = {"kernel_calls", pass, 0, 0x0fded6c3a125c382ull, 500};
