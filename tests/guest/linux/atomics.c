// SPDX-License-Identifier: Apache-2.0
// Every AMO in both widths, LR/SC loops and compare-and-swap, all processors on the same words: exact sums at the end.
#include <stdatomic.h>
#include <stdint.h>

#include "checks.h"
#include "crew.h"
#include "pattern.h"

enum { STEPS = 12000 };

typedef struct {
  _Alignas(64) uint64_t add_d;
  _Alignas(64) uint32_t add_w, add_w_guard;  // the guard next to it must stay 0
  _Alignas(64) uint64_t xor_d;
  _Alignas(64) uint32_t xor_w, or_w;
  _Alignas(64) uint64_t and_d;
  _Alignas(64) int64_t max_d, min_d;
  _Alignas(64) uint32_t maxu_w, minu_w;
  _Alignas(64) uint64_t lrsc_d;
  _Alignas(64) uint32_t lrsc_w, lrsc_w_guard;
  _Alignas(64) uint64_t cas;
  _Alignas(64) uint64_t swap, swap_in, swap_out;  // every token swapped in comes out once, or is the last one
} Cells;

#define AMO(operation, cell, operand)                                                                                            \
  ({                                                                                                                             \
    __typeof__(cell) old_;                                                                                                       \
    __asm__ volatile("amo" operation ".aqrl %0, %2, %1" : "=r"(old_), "+A"(cell) : "r"((__typeof__(cell))(operand)) : "memory"); \
    old_;                                                                                                                        \
  })

#define LRSC_ADD(width, cell, operand)                                                                       \
  do {                                                                                                       \
    __typeof__(cell) next_;                                                                                  \
    int refused_;                                                                                            \
    __asm__ volatile("1: lr." width ".aq %0, %2\n add %0, %0, %3\n sc." width ".rl %1, %0, %2\n bnez %1, 1b" \
                     : "=&r"(next_), "=&r"(refused_), "+A"(cell)                                             \
                     : "r"((__typeof__(cell))(operand))                                                      \
                     : "memory");                                                                            \
  } while (0)

static uint64_t word_of(unsigned index, unsigned long i) { return pattern_word(100 + index, i); }

static void work(const Member* member) {
  Cells* cells = member->shared;
  unsigned long total = crew_share(member, (unsigned long)STEPS * member->load->rounds);
  uint64_t in = 0, out = 0;
  for (unsigned long i = 0; i < total; i++) {
    uint64_t word = word_of(member->index, i);
    AMO("add.d", cells->add_d, word);
    AMO("add.w", cells->add_w, word);
    AMO("xor.d", cells->xor_d, word);
    AMO("xor.w", cells->xor_w, word);
    AMO("or.w", cells->or_w, 1u << (member->index % 32));
    AMO("and.d", cells->and_d, ~(1ull << (member->index % 64)));
    AMO("max.d", cells->max_d, word);
    AMO("min.d", cells->min_d, word);
    AMO("maxu.w", cells->maxu_w, word);
    AMO("minu.w", cells->minu_w, word);
    LRSC_ADD("d", cells->lrsc_d, word);
    LRSC_ADD("w", cells->lrsc_w, word);
    uint64_t seen = __atomic_load_n(&cells->cas, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&cells->cas, &seen, seen * 3 + 1, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
    in += word;
    out += AMO("swap.d", cells->swap, word);
  }
  AMO("add.d", cells->swap_in, in);
  AMO("add.d", cells->swap_out, out);
}

// What one thread alone would leave; no operation's result depends on the interleaving.
static Cells answer_for(const Load* load) {
  Cells want = {.and_d = ~0ull, .max_d = INT64_MIN, .min_d = INT64_MAX, .minu_w = UINT32_MAX};
  for (unsigned index = 0; index < load->crew; index++) {
    Member member = {.index = index, .load = load};
    unsigned long total = crew_share(&member, (unsigned long)STEPS * load->rounds);
    for (unsigned long i = 0; i < total; i++) {
      uint64_t word = word_of(index, i);
      want.add_d += word;
      want.xor_d ^= word;
      if ((int64_t)word > want.max_d) want.max_d = word;
      if ((int64_t)word < want.min_d) want.min_d = word;
      if ((uint32_t)word > want.maxu_w) want.maxu_w = word;
      if ((uint32_t)word < want.minu_w) want.minu_w = word;
      want.cas = want.cas * 3 + 1;
    }
    if (total) want.or_w |= 1u << (index % 32), want.and_d &= ~(1ull << (index % 64));
  }
  return want;
}

#define SAME(cell, wanted) \
  expect((uint64_t)cells.cell == (uint64_t)(wanted), #cell ": %lx instead of %lx", (uint64_t)cells.cell, (uint64_t)(wanted))

void check_atomics(const Load* load) {
  static Cells cells = {.and_d = ~0ull, .max_d = INT64_MIN, .min_d = INT64_MAX, .minu_w = UINT32_MAX};
  crew_run(load, work, &cells);
  Cells want = answer_for(load);
  SAME(add_d, want.add_d);
  SAME(add_w, (uint32_t)want.add_d);
  SAME(add_w_guard, 0);
  SAME(xor_d, want.xor_d);
  SAME(xor_w, (uint32_t)want.xor_d);
  SAME(or_w, want.or_w);
  SAME(and_d, want.and_d);
  SAME(max_d, want.max_d);
  SAME(min_d, want.min_d);
  SAME(maxu_w, want.maxu_w);
  SAME(minu_w, want.minu_w);
  SAME(lrsc_d, want.add_d);
  SAME(lrsc_w, (uint32_t)want.add_d);
  SAME(lrsc_w_guard, 0);
  SAME(cas, want.cas);
  SAME(swap_in, want.add_d);
  SAME(swap_out + cells.swap, want.add_d);
  check_detail("%lu steps of 14 operations on shared words", (unsigned long)STEPS * load->rounds);
}
