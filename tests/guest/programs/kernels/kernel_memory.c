// SPDX-License-Identifier: Apache-2.0
// Loads and stores of every width: a pointer chase over 256 KiB, copies, strided sums, a histogram, byte reversal.
#include "shared/kernel.h"

enum { NODES = 4096, NODE_BYTES = 64, CHASE = 60000, WORDS = 8192, BYTES = 16384, STRIDES = 5 };

typedef struct {
  uint32_t next, visits;
  uint64_t value;
  uint8_t rest[NODE_BYTES - 16];
} Node;

typedef struct {
  Node nodes[NODES];
  uint64_t source[WORDS], target[WORDS];
  uint8_t bytes[BYTES], reversed[BYTES];
  uint32_t histogram[256];
  int16_t halves[BYTES];
} Memory;

// One cycle through all nodes: Sattolo's shuffle.
static void link_nodes(Memory* m, uint64_t* seed) {
  for (uint32_t i = 0; i < NODES; ++i) {
    m->nodes[i].next = i;
    m->nodes[i].value = kernel_random(seed);
    m->nodes[i].visits = 0;
  }
  for (uint32_t i = NODES - 1; i > 0; --i) {
    uint32_t j = (uint32_t)(kernel_random(seed) % i);
    uint32_t swapped = m->nodes[i].next;
    m->nodes[i].next = m->nodes[j].next;
    m->nodes[j].next = swapped;
  }
}

static uint64_t chase(Memory* m) {
  uint64_t sum = 0;
  uint32_t at = 0;
  for (unsigned i = 0; i < CHASE; ++i) {
    Node* node = &m->nodes[at];
    sum += node->value ^ node->visits;
    ++node->visits;
    at = node->next;
  }
  return sum;
}

static uint64_t copy_and_sum(Memory* m, uint64_t* seed) {
  for (unsigned i = 0; i < WORDS; i += 8) {
    uint64_t x = kernel_random(seed);
    for (unsigned j = 0; j < 8; ++j) m->source[i + j] = x + j;
  }
  uint64_t sum = 0;
  for (unsigned stride = 1; stride <= STRIDES; ++stride) {
    for (unsigned i = 0; i < WORDS; ++i) m->target[i] = m->source[i] + stride;
    for (unsigned i = 0; i < WORDS; i += stride) sum = sum * 3 + m->target[i];
  }
  return sum;
}

static uint64_t narrow(Memory* m, uint64_t* seed) {
  for (unsigned i = 0; i < 256; ++i) m->histogram[i] = 0;
  for (unsigned i = 0; i < BYTES; i += 8) {
    uint64_t x = kernel_random(seed);
    for (unsigned j = 0; j < 8; ++j) m->bytes[i + j] = (uint8_t)(x >> (8 * j));
  }
  for (unsigned i = 0; i < BYTES; ++i) ++m->histogram[m->bytes[i]];
  for (unsigned i = 0; i < BYTES; ++i) m->reversed[BYTES - 1 - i] = m->bytes[i];
  for (unsigned i = 0; i < BYTES; ++i) m->halves[i] = (int16_t)((m->reversed[i] << 8) ^ (int8_t)m->bytes[i]);
  int64_t sum = 0;
  for (unsigned i = 0; i < BYTES; ++i) sum += m->halves[i] * (int64_t)(i & 15);
  for (unsigned i = 0; i < 256; ++i) sum = sum * 7 + m->histogram[i];
  return (uint64_t)sum;
}

static uint64_t pass(void* memory) {
  Memory* m = memory;
  uint64_t seed = 7;
  link_nodes(m, &seed);
  uint64_t sum = chase(m);
  sum = sum * 1000003 + copy_and_sum(m, &seed);
  return sum * 1000003 + narrow(m, &seed);
}

const Kernel kernel = {"kernel_memory", pass, sizeof(Memory), 0x55179d04aa4dfd0bull, 500};
