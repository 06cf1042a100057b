// SPDX-License-Identifier: Apache-2.0
// Floating-point results and flags, bit by bit: the corners, from a table that follows from IEEE 754 and the RISC-V
// unprivileged specification (F and D), and a long stream whose checksum an x86 processor computed.
#include "arithmetic.h"

#include <stddef.h>

#include "checks.h"
#include "crew.h"

enum { STREAM_STEPS = 5000 };
static const uint64_t stream_checksum = 0x89c4475c59e1267c;  // README.md: how to compute it natively

typedef enum {
  ADD,
  SUB,
  MUL,
  DIV,
  SQRT,
  FMADD,
  FNMADD,
  MIN,
  MAX,
  NEGATE,
  EQ,
  LT,
  CLASS,
  TO_W,
  TO_WU,
  TO_L,
  TO_LU,
  FROM_L,
  FROM_LU,
  TO_SINGLE,
  ADD_S,
  DIV_S,
  SQRT_S,
  FROM_SINGLE
} Operation;
enum { RNE, RTZ, RDN, RUP, RMM };
enum { NX = 1, UF = 2, OF = 4, DZ = 8, NV = 16 };

typedef struct {
  Operation operation;
  unsigned rounding;
  uint64_t a, b, c, result;
  unsigned flags;
} Case;

#define ONE 0x3ff0000000000000
#define EPSILON 0x3cb0000000000000  // 2^-52
#define INFINITE 0x7ff0000000000000
#define LARGEST 0x7fefffffffffffff
#define LEAST_NORMAL 0x0010000000000000
#define LEAST 1
#define QUIET 0x7ff8000000000000
#define SIGNALING 0x7ff0000000000001
#define MINUS 0x8000000000000000
#define BOXED 0xffffffff00000000

static const Case cases[] = {
    {ADD, RNE, ONE, EPSILON - (1ull << 52), 0, ONE, NX},
    {ADD, RUP, ONE, EPSILON - (1ull << 52), 0, ONE + 1, NX},
    {ADD, RMM, ONE, EPSILON - (1ull << 52), 0, ONE + 1, NX},
    {ADD, RDN, ONE, MINUS | ONE, 0, MINUS, 0},
    {ADD, RNE, ONE, MINUS | ONE, 0, 0, 0},
    {ADD, RNE, ONE, SIGNALING, 0, QUIET, NV},
    {ADD, RNE, ONE, QUIET | 0x123, 0, QUIET, 0},
    {SUB, RNE, INFINITE, INFINITE, 0, QUIET, NV},
    {MUL, RNE, LARGEST, 0x4000000000000000, 0, INFINITE, OF | NX},
    {MUL, RTZ, LARGEST, 0x4000000000000000, 0, LARGEST, OF | NX},
    {MUL, RNE, LEAST_NORMAL, 0x3fe0000000000000, 0, LEAST_NORMAL >> 1, 0},
    {MUL, RNE, LEAST, 0x3fe0000000000000, 0, 0, UF | NX},
    {MUL, RUP, LEAST, 0x3fe0000000000000, 0, LEAST, UF | NX},
    {MUL, RNE, ONE + 1, LEAST_NORMAL - 1, 0, LEAST_NORMAL, NX},  // not tiny after rounding
    {MUL, RNE, 0, MINUS | INFINITE, 0, QUIET, NV},
    {DIV, RNE, ONE, 0x4008000000000000, 0, 0x3fd5555555555555, NX},
    {DIV, RUP, ONE, 0x4008000000000000, 0, 0x3fd5555555555556, NX},
    {DIV, RNE, MINUS | ONE, 0, 0, MINUS | INFINITE, DZ},
    {DIV, RNE, 0, 0, 0, QUIET, NV},
    {SQRT, RNE, 0x4000000000000000, 0, 0, 0x3ff6a09e667f3bcd, NX},
    {SQRT, RTZ, 0x4000000000000000, 0, 0, 0x3ff6a09e667f3bcc, NX},
    {SQRT, RNE, MINUS, 0, 0, MINUS, 0},
    {SQRT, RNE, MINUS | ONE, 0, 0, QUIET, NV},
    {FMADD, RNE, ONE + 1, ONE - 2, MINUS | ONE, 0xb970000000000000, 0},  // exactly -2^-104
    {FNMADD, RNE, ONE, ONE, ONE, 0xc000000000000000, 0},
    {FMADD, RNE, INFINITE, 0, QUIET, QUIET, NV},
    {MIN, RNE, MINUS, 0, 0, MINUS, 0},
    {MAX, RNE, MINUS, 0, 0, 0, 0},
    {MIN, RNE, QUIET, ONE, 0, ONE, 0},
    {MAX, RNE, ONE, SIGNALING, 0, ONE, NV},
    {NEGATE, RNE, SIGNALING, SIGNALING, 0, MINUS | SIGNALING, 0},
    {EQ, RNE, QUIET, ONE, 0, 0, 0},
    {EQ, RNE, MINUS, 0, 0, 1, 0},
    {LT, RNE, QUIET, ONE, 0, 0, NV},
    {CLASS, RNE, MINUS, 0, 0, 1 << 3, 0},
    {CLASS, RNE, LEAST, 0, 0, 1 << 5, 0},
    {CLASS, RNE, SIGNALING, 0, 0, 1 << 8, 0},
    {TO_W, RNE, 0x4004000000000000, 0, 0, 2, NX},  // 2.5
    {TO_W, RMM, 0x4004000000000000, 0, 0, 3, NX},
    {TO_W, RDN, 0xbff8000000000000, 0, 0, -2ull, NX},  // -1.5
    {TO_W, RTZ, 0xbff8000000000000, 0, 0, -1ull, NX},
    {TO_W, RNE, QUIET, 0, 0, 0x7fffffff, NV},
    {TO_W, RNE, MINUS | INFINITE, 0, 0, 0xffffffff80000000, NV},
    {TO_WU, RNE, 0x41efffffffe00000, 0, 0, -1ull, 0},  // 2^32 - 1, sign-extended
    {TO_WU, RTZ, 0xbfe0000000000000, 0, 0, 0, NX},     // -0.5
    {TO_WU, RNE, MINUS | ONE, 0, 0, 0, NV},
    {TO_L, RNE, 0x43e158e460913d00, 0, 0, 0x7fffffffffffffff, NV},  // 1e19
    {TO_LU, RNE, 0x43e158e460913d00, 0, 0, 0x8ac7230489e80000, 0},
    {FROM_L, RNE, (1ull << 53) + 1, 0, 0, 0x4340000000000000, NX},
    {FROM_L, RUP, (1ull << 53) + 1, 0, 0, 0x4340000000000001, NX},
    {FROM_L, RNE, 1ull << 63, 0, 0, 0xc3e0000000000000, 0},
    {FROM_LU, RNE, -1ull, 0, 0, 0x43f0000000000000, NX},
    {TO_SINGLE, RNE, 0x3fd5555555555555, 0, 0, BOXED | 0x3eaaaaab, NX},
    {TO_SINGLE, RNE, QUIET | 7, 0, 0, BOXED | 0x7fc00000, 0},
    {FROM_SINGLE, RNE, BOXED | 1, 0, 0, 0x36a0000000000000, 0},
    {ADD_S, RNE, BOXED | 0x3f800000, BOXED | 0x33800000, 0, BOXED | 0x3f800000, NX},
    {ADD_S, RNE, 0x3f800000, BOXED | 0x3f800000, 0, BOXED | 0x7fc00000, 0},  // an operand that is not boxed counts as a NaN
    {DIV_S, RNE, BOXED | 0x3f800000, BOXED | 0x40400000, 0, BOXED | 0x3eaaaaab, NX},
    {SQRT_S, RNE, BOXED | 0x40000000, 0, 0, BOXED | 0x3fb504f3, NX},
};

#define TO_FLOAT(instruction, ...) __asm__ volatile(instruction " %0, " __VA_ARGS__ : "=f"(f) : "f"(x), "f"(y), "f"(z))
#define TO_INTEGER(instruction, ...)                                                 \
  __asm__ volatile(instruction " %0, " __VA_ARGS__ : "=r"(result) : "f"(x), "f"(y)); \
  return result

// Executes one instruction with the rounding mode from fcsr.
static uint64_t execute(const Case* row) {
  double x, y, z, f = 0;
  uint64_t result;
  __asm__ volatile("fmv.d.x %0, %1" : "=f"(x) : "r"(row->a));
  __asm__ volatile("fmv.d.x %0, %1" : "=f"(y) : "r"(row->b));
  __asm__ volatile("fmv.d.x %0, %1" : "=f"(z) : "r"(row->c));
  switch (row->operation) {
    case ADD: TO_FLOAT("fadd.d", "%1, %2"); break;
    case SUB: TO_FLOAT("fsub.d", "%1, %2"); break;
    case MUL: TO_FLOAT("fmul.d", "%1, %2"); break;
    case DIV: TO_FLOAT("fdiv.d", "%1, %2"); break;
    case SQRT: TO_FLOAT("fsqrt.d", "%1"); break;
    case FMADD: TO_FLOAT("fmadd.d", "%1, %2, %3"); break;
    case FNMADD: TO_FLOAT("fnmadd.d", "%1, %2, %3"); break;
    case MIN: TO_FLOAT("fmin.d", "%1, %2"); break;
    case MAX: TO_FLOAT("fmax.d", "%1, %2"); break;
    case NEGATE: TO_FLOAT("fsgnjn.d", "%1, %2"); break;
    case TO_SINGLE: TO_FLOAT("fcvt.s.d", "%1"); break;
    case FROM_SINGLE: TO_FLOAT("fcvt.d.s", "%1"); break;
    case ADD_S: TO_FLOAT("fadd.s", "%1, %2"); break;
    case DIV_S: TO_FLOAT("fdiv.s", "%1, %2"); break;
    case SQRT_S: TO_FLOAT("fsqrt.s", "%1"); break;
    case FROM_L: __asm__ volatile("fcvt.d.l %0, %1" : "=f"(f) : "r"(row->a)); break;
    case FROM_LU: __asm__ volatile("fcvt.d.lu %0, %1" : "=f"(f) : "r"(row->a)); break;
    case EQ: TO_INTEGER("feq.d", "%1, %2");
    case LT: TO_INTEGER("flt.d", "%1, %2");
    case CLASS: TO_INTEGER("fclass.d", "%1");
    case TO_W: TO_INTEGER("fcvt.w.d", "%1, dyn");
    case TO_WU: TO_INTEGER("fcvt.wu.d", "%1, dyn");
    case TO_L: TO_INTEGER("fcvt.l.d", "%1, dyn");
    case TO_LU: TO_INTEGER("fcvt.lu.d", "%1, dyn");
  }
  __asm__ volatile("fmv.x.d %0, %1" : "=r"(result) : "f"(f));
  return result;
}

static void run_cases(void) {
  for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    unsigned long fcsr = cases[i].rounding << 5, after;
    __asm__ volatile("fscsr %0" : : "r"(fcsr));
    uint64_t result = execute(&cases[i]);
    __asm__ volatile("frcsr %0\n fscsr x0" : "=r"(after));
    expect(result == cases[i].result, "row %u: %lx instead of %lx", i, result, cases[i].result);
    expect(after == (fcsr | cases[i].flags), "row %u: flags %lx instead of %x", i, after & 31, cases[i].flags);
  }
}

static void work(const Member* member) {
  for (unsigned round = 0; round < member->load->rounds; round++) {
    run_cases();
    uint64_t sum = arithmetic_stream(STREAM_STEPS);
    expect(sum == stream_checksum, "stream: checksum %lx instead of %lx", sum, stream_checksum);
  }
}

void check_arithmetic(const Load* load) {
  crew_run(load, work, NULL);
  check_detail("%zu cases with their flags, and %u steps of a stream, %u times on each of %u threads", sizeof cases / sizeof cases[0],
               STREAM_STEPS, load->rounds, load->crew);
}
