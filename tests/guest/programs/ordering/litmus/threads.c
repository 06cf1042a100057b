// SPDX-License-Identifier: Apache-2.0
// The loops: for each link and pattern one function whose two accesses stand in one asm statement, so that nothing else
// comes between them. The loads of the cells' addresses and the store of the result touch no cell.
// Source: RISC-V unprivileged specification 20191213, sections 2.7, 8.2, 8.4.
#include "links.h"
#include "litmus.h"

// Accesses: W(value, address), R(register, address).
#define W_plain(v, a) "sw " v ", 0(" a ")\n"
#define R_plain(r, a) "lw " r ", 0(" a ")\n"
#define W_amo(v, a) "amoswap.w zero, " v ", (" a ")\n"
#define R_amo(r, a) "amoor.w " r ", zero, (" a ")\n"
#define W_amo_aq(v, a) "amoswap.w.aq zero, " v ", (" a ")\n"
#define R_amo_aq(r, a) "amoor.w.aq " r ", zero, (" a ")\n"
#define W_amo_rl(v, a) "amoswap.w.rl zero, " v ", (" a ")\n"
#define R_amo_rl(r, a) "amoor.w.rl " r ", zero, (" a ")\n"
#define W_amo_aqrl(v, a) "amoswap.w.aqrl zero, " v ", (" a ")\n"
#define R_amo_aqrl(r, a) "amoor.w.aqrl " r ", zero, (" a ")\n"
// A load by LR is completed by an SC of the same value, so that it is atomic.
#define W_lrsc_aqrl(v, a) "77: lr.w.aqrl t1, (" a ")\n sc.w.aqrl t1, " v ", (" a ")\n bnez t1, 77b\n"
#define R_lrsc_aqrl(r, a) "77: lr.w.aqrl " r ", (" a ")\n sc.w.aqrl t1, " r ", (" a ")\n bnez t1, 77b\n"

// Separators. The second access takes its address from t0 and its value from t2, which a dependency passes through.
#define BETWEEN_none ""
#define BETWEEN_fence_rw_rw "fence rw, rw\n"
#define BETWEEN_fence_w_w "fence w, w\n"
#define BETWEEN_fence_r_r "fence r, r\n"
#define BETWEEN_fence_w_r "fence w, r\n"
#define BETWEEN_fence_r_w "fence r, w\n"
#define BETWEEN_fence_w_rw "fence w, rw\n"
#define BETWEEN_fence_rw_r "fence rw, r\n"
#define BETWEEN_fence_r_rw "fence r, rw\n"
#define BETWEEN_fence_rw_w "fence rw, w\n"
#define BETWEEN_fence_tso "fence.tso\n"
#define BETWEEN_address "xor t1, %[r1], %[r1]\n add t0, t0, t1\n"
#define BETWEEN_data "xor t1, %[r1], %[r1]\n add t2, t2, t1\n"
#define BETWEEN_control "bnez %[r1], 78f\n 78:\n"
#define OPERANDS "mv t0, %[b]\n mv t2, %[v2]\n"

enum { MEETING_POLLS = 60 };

// Threads stay in step, each with a random lead of some instructions; whoever is not running is not waited for.
static inline uint32_t meet(const Walk* walk, unsigned i, uint32_t jitter) {
  if (walk->others[0] == 0) return jitter;
  uint32_t number = walk->met + i + 1;
  *walk->own = number;
  for (unsigned o = 0; walk->others[o] != 0; ++o) {
    for (unsigned polls = 0; polls < MEETING_POLLS && (int32_t)(*walk->others[o] - number) < 0; ++polls) {
    }
  }
  jitter = jitter * 1664525u + 1013904223u;
  for (unsigned turns = jitter >> 29; turns > 0; --turns) __asm__ volatile("" ::: "memory");
  return jitter;
}

#define LOOP(name, text)                                                                                  \
  static void name(const Walk* walk) {                                                                    \
    unsigned count = walk->count, first = walk->first;                                                    \
    uint32_t jitter = walk->jitter;                                                                       \
    for (unsigned i = 0; i < count; ++i) {                                                                \
      unsigned k = (first + i) & (count - 1);                                                             \
      uint64_t r1 = 0, r2 = 0;                                                                            \
      jitter = meet(walk, i, jitter);                                                                     \
      __asm__ volatile(text                                                                               \
                       : [r1] "+&r"(r1), [r2] "+&r"(r2)                                                   \
                       : [a] "r"(walk->a[k]), [b] "r"(walk->b[k]), [v1] "r"(walk->v1), [v2] "r"(walk->v2) \
                       : "t0", "t1", "t2", "memory");                                                     \
      walk->out[k] = (uint32_t)(r1 | r2 << 8);                                                            \
    }                                                                                                     \
  }

// clang-format off
#define LOOPS(name, first, separator, second)                                                      \
  LOOP(ww_##name, OPERANDS W_##first("%[v1]", "%[a]") BETWEEN_##separator W_##second("t2", "t0"))    \
  LOOP(wr_##name, OPERANDS W_##first("%[v1]", "%[a]") BETWEEN_##separator R_##second("%[r2]", "t0")) \
  LOOP(rw_##name, OPERANDS R_##first("%[r1]", "%[a]") BETWEEN_##separator W_##second("t2", "t0"))    \
  LOOP(rr_##name, OPERANDS R_##first("%[r1]", "%[a]") BETWEEN_##separator R_##second("%[r2]", "t0")) \
  LOOP(w_##name, W_##first("%[v1]", "%[a]"))                                                       \
  LOOP(r_##name, R_##first("%[r1]", "%[a]"))
LITMUS_LINKS(LOOPS)
// clang-format on

#define ROW(name, first, separator, second) {0, ww_##name, wr_##name, rw_##name, rr_##name, w_##name, r_##name},
static ThreadLoop* const loops[][PATTERNS] = {LITMUS_LINKS(ROW)};

ThreadLoop* litmus_loop(unsigned link, unsigned pattern) { return loops[link][pattern]; }
