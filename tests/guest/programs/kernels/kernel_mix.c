// SPDX-License-Identifier: Apache-2.0
// A bit of everything, in the proportions of small embedded programs: linked lists, integer matrices, a character-driven
// state machine, and a cyclic redundancy check over all results.
#include "shared/kernel.h"

enum { ITEMS = 200, LIST_ROUNDS = 12, SIDE = 20, MATRIX_ROUNDS = 7, TEXT = 2000, TEXT_ROUNDS = 5 };

typedef struct Item {
  struct Item* next;
  int16_t key, weight;
} Item;

typedef struct {
  Item items[ITEMS];
  int16_t left[SIDE][SIDE], right[SIDE][SIDE];
  int32_t product[SIDE][SIDE];
  char text[TEXT];
} Memory;

// CRC-16 of one value, reflected polynomial 0xa001, bit by bit.
static uint16_t crc(uint16_t sum, uint32_t value) {
  for (int bit = 0; bit < 32; ++bit) {
    unsigned low = (sum ^ value) & 1;
    sum >>= 1;
    value >>= 1;
    if (low) sum ^= 0xa001;
  }
  return sum;
}

static Item* reverse(Item* list) {
  Item* done = 0;
  while (list != 0) {
    Item* next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

static Item* merge(Item* a, Item* b, int by_weight) {
  Item head = {0, 0, 0};
  Item* last = &head;
  while (a != 0 && b != 0) {
    int first = by_weight ? a->weight <= b->weight : a->key <= b->key;
    Item** taken = first ? &a : &b;
    last->next = *taken;
    last = *taken;
    *taken = last->next;
  }
  last->next = a != 0 ? a : b;
  return head.next;
}

static Item* sort(Item* list, unsigned length, int by_weight) {
  if (length < 2) {
    if (list != 0) list->next = 0;
    return list;
  }
  Item* middle = list;
  for (unsigned i = 0; i < length / 2; ++i) middle = middle->next;
  Item* upper = sort(middle, length - length / 2, by_weight);
  return merge(sort(list, length / 2, by_weight), upper, by_weight);
}

static uint16_t lists(Memory* m, uint64_t* seed, uint16_t sum) {
  for (int i = 0; i < ITEMS; ++i) {
    uint64_t x = kernel_random(seed);
    m->items[i] = (Item){i + 1 < ITEMS ? &m->items[i + 1] : 0, (int16_t)x, (int16_t)(x >> 20)};
  }
  Item* list = m->items;
  for (int round = 0; round < LIST_ROUNDS; ++round) {
    int16_t wanted = m->items[round * 13 % ITEMS].key;
    unsigned steps = 0;
    for (Item* at = list; at != 0 && at->key != wanted; at = at->next) ++steps;
    sum = crc(sum, steps);
    list = reverse(list);
    if (round % 4 == 1) list = sort(list, ITEMS, round & 2);
    sum = crc(sum, (uint16_t)list->key);
  }
  return sum;
}

static uint16_t matrices(Memory* m, uint64_t* seed, uint16_t sum) {
  for (int i = 0; i < SIDE; ++i) {
    for (int j = 0; j < SIDE; ++j) {
      m->left[i][j] = (int16_t)kernel_random(seed);
      m->right[i][j] = (int16_t)(i * j - 7);
    }
  }
  for (int round = 0; round < MATRIX_ROUNDS; ++round) {
    int32_t trace = 0;
    for (int i = 0; i < SIDE; ++i) {
      for (int j = 0; j < SIDE; ++j) {
        int32_t dot = 0;
        for (int k = 0; k < SIDE; ++k) dot += m->left[i][k] * m->right[k][j] >> 3;
        m->product[i][j] = dot;
      }
      trace += m->product[i][i];
    }
    for (int i = 0; i < SIDE; ++i) {
      for (int j = 0; j < SIDE; ++j) m->left[i][j] = (int16_t)(m->product[j][i] >> 5 & 0xfff);
    }
    sum = crc(sum, (uint32_t)trace);
  }
  return sum;
}

typedef enum { BETWEEN, WHOLE, FRACTION, EXPONENT, WORD, INVALID, STATES } State;

static State step(State state, char c) {
  int is_digit = c >= '0' && c <= '9';
  if (c == ' ' || c == ',') return BETWEEN;
  switch (state) {
    case BETWEEN:
      if (is_digit || c == '-' || c == '+') return WHOLE;
      if (c == '.') return FRACTION;
      return c >= 'a' && c <= 'z' ? WORD : INVALID;
    case WHOLE:
      if (is_digit) return WHOLE;
      if (c == '.') return FRACTION;
      return c == 'e' ? EXPONENT : INVALID;
    case FRACTION:
      if (is_digit) return FRACTION;
      return c == 'e' ? EXPONENT : INVALID;
    case EXPONENT: return is_digit || c == '-' ? EXPONENT : INVALID;
    case WORD: return c >= 'a' && c <= 'z' ? WORD : INVALID;
    default: return INVALID;
  }
}

static uint16_t scan(Memory* m, uint64_t* seed, uint16_t sum) {
  static const char alphabet[] = "0123456789 .,e-+abz7531, .";
  for (int i = 0; i < TEXT; ++i) m->text[i] = alphabet[kernel_random(seed) % (sizeof alphabet - 1)];
  for (int round = 0; round < TEXT_ROUNDS; ++round) {
    uint32_t entered[STATES] = {0};
    State state = BETWEEN;
    for (int i = 0; i < TEXT; ++i) {
      State next = step(state, m->text[i]);
      if (next != state) ++entered[next];
      state = next;
    }
    for (int i = 0; i < STATES; ++i) sum = crc(sum, entered[i]);
    for (int i = round; i < TEXT; i += 37) m->text[i] ^= 1;
  }
  return sum;
}

static uint64_t pass(void* memory) {
  uint64_t seed = 99, result = 0;
  uint16_t sum = lists(memory, &seed, 0xffff);
  result = sum;
  sum = matrices(memory, &seed, sum);
  result = result << 16 | sum;
  sum = scan(memory, &seed, sum);
  return result << 16 | sum;
}

const Kernel kernel = {"kernel_mix", pass, sizeof(Memory), 0x000075baf789f1a8ull, 500};
