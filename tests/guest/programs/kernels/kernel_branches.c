// SPDX-License-Identifier: Apache-2.0
// Branches that follow the data: bisection, Collatz chains, a decision ladder, and a partition by a pivot.
#include "shared/kernel.h"

enum { SORTED = 1024, SEARCHES = 3000, CHAINS = 900, LADDER = 20000, PARTITIONS = 12, PARTITION_LENGTH = 1024 };

static uint64_t bisect(const uint32_t* sorted, uint64_t* seed) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < SEARCHES; ++i) {
    uint32_t wanted = (uint32_t)(kernel_random(seed) % (SORTED * 7));
    unsigned low = 0, high = SORTED;
    while (low < high) {
      unsigned middle = (low + high) / 2;
      if (sorted[middle] < wanted) {
        low = middle + 1;
      } else if (sorted[middle] > wanted) {
        high = middle;
      } else {
        sum += 1000;
        break;
      }
    }
    sum += low;
  }
  return sum;
}

static uint64_t collatz(void) {
  uint64_t steps = 0;
  for (uint64_t start = 1; start <= CHAINS; ++start) {
    for (uint64_t n = start; n != 1; ++steps) {
      if (n & 1) {
        n = 3 * n + 1;
      } else {
        n >>= 1;
      }
    }
  }
  return steps;
}

static uint64_t ladder(uint64_t* seed) {
  uint64_t sum = 0;
  uint64_t word = 0;
  for (unsigned i = 0; i < LADDER; ++i) {
    if ((i & 7) == 0) word = kernel_random(seed);
    unsigned x = word & 0xff;
    word >>= 8;
    if (x < 8) {
      sum ^= x;
    } else if (x & 1) {
      if (x & 2) {
        sum += 3;
      } else if (x > 128) {
        sum -= x;
      } else {
        sum += sum >> 3;
      }
    } else if (x > 200) {
      sum = sum * 5 + 1;
    } else if (sum & 4) {
      sum += x;
    } else {
      sum ^= x << 4;
    }
  }
  return sum;
}

static uint64_t partition(uint32_t* values, uint64_t* seed) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < PARTITION_LENGTH; ++i) values[i] = (uint32_t)kernel_random(seed);
  for (unsigned round = 0; round < PARTITIONS; ++round) {
    uint32_t pivot = values[(round * 397) % PARTITION_LENGTH];
    unsigned left = 0, right = PARTITION_LENGTH - 1;
    while (left < right) {
      while (left < right && values[left] < pivot) ++left;
      while (left < right && values[right] >= pivot) --right;
      uint32_t swapped = values[left];
      values[left] = values[right];
      values[right] = swapped * 2654435761u + round;
    }
    sum = sum * 31 + left;
  }
  return sum;
}

static uint64_t pass(void* memory) {
  uint32_t* sorted = memory;
  for (unsigned i = 0; i < SORTED; ++i) sorted[i] = i * 7 + (i & 3);
  uint64_t seed = 42;
  uint64_t sum = bisect(sorted, &seed);
  sum = sum * 1000003 + collatz();
  sum = sum * 1000003 + ladder(&seed);
  return sum * 1000003 + partition(sorted + SORTED, &seed);
}

const Kernel kernel = {"kernel_branches", pass, (SORTED + PARTITION_LENGTH) * 4, 0xdc9b9d41690ac949ull, 500};
