// SPDX-License-Identifier: Apache-2.0
// Random values into CSRs, from M mode: what they read as afterwards is printed, a line a case. Parameters: seed, cases.
//   X number : cause of reading it                          once for each of the 4096 numbers: does it exist?
//   C case number mideleg operation first second : cause, as read after csrrw first, and after csrrs (0) or csrrc (1) second
// The old value is put back in the same straight piece of code, in which nothing traps and no interrupt is open; so mtvec, mstatus, satp
// and the PMP (without locks) may hold anything meanwhile.
#include "board.h"
#include "console.h"
#include "csr.h"
#include "encode.h"
#include "hart.h"
#include "parameters.h"
#include "probe.h"
#include "random.h"

enum { REG_T1 = 6, REG_T2 = 7, REG_A2 = 12, REG_A3 = 13 };

typedef struct {
  uint64_t first, second;
  uint64_t after_first, after_second;
} Exchange;

static const uint16_t numbers[] = {0x001, 0x002, 0x003, 0x100, 0x104, 0x105, 0x106, 0x10a, 0x140, 0x141, 0x142, 0x143,
                                   0x144, 0x180, 0x300, 0x301, 0x302, 0x303, 0x304, 0x305, 0x306, 0x30a, 0x320, 0x340,
                                   0x341, 0x342, 0x343, 0x344, 0x3a0, 0x3a2, 0x3b0, 0x3b1, 0x3b7, 0x3bf, 0x323, 0x33f};
static uint32_t snippet[16] __attribute__((aligned(64)));

static uint32_t csr_access(unsigned function, unsigned rd, unsigned number, unsigned rs1) {
  return 0x73 | rd << 7 | function << 12 | rs1 << 15 | number << 20;
}
enum { CSRRW = 1, CSRRS = 2, CSRRC = 3 };
static uint32_t load(unsigned rd, unsigned offset) { return 0x3003 | rd << 7 | REG_A0 << 15 | offset << 20; }
static uint32_t store(unsigned rs2, unsigned offset) { return 0x3023 | rs2 << 20 | REG_A0 << 15 | (offset & 31) << 7 | offset >> 5 << 25; }

static void write_exchange(unsigned number, unsigned operation) {
  uint32_t* at = snippet;
  *at++ = load(REG_A2, 0);
  *at++ = load(REG_A3, 8);
  *at++ = csr_access(CSRRS, REG_T0, number, REG_ZERO);
  *at++ = csr_access(CSRRW, REG_ZERO, number, REG_A2);
  *at++ = csr_access(CSRRS, REG_T1, number, REG_ZERO);
  *at++ = csr_access(operation, REG_ZERO, number, REG_A3);
  *at++ = csr_access(CSRRS, REG_T2, number, REG_ZERO);
  *at++ = csr_access(CSRRW, REG_ZERO, number, REG_T0);
  *at++ = store(REG_T1, 16);
  *at++ = store(REG_T2, 24);
  *at = encode_ret();
  fence_i();
}

static uint64_t random_value(Hart* self, unsigned number) {
  uint64_t value = random_next(self);
  switch (random_below(self, 4)) {
    case 0: value = 1ull << random_below(self, 64); break;
    case 1: value = random_below(self, 4096); break;
    case 2: value &= random_next(self); break;
  }
  // Configuration bytes of the PMP: not locked, and not W without R, which is reserved.
  if (number >= 0x3a0 && number < 0x3b0) return (value & 0x1f1f1f1f1f1f1f1full) | (value >> 1 & 0x0101010101010101ull);
  return value;
}

static void exchange(Hart* self, uint64_t number_of_case) {
  unsigned number = numbers[random_below(self, sizeof numbers / sizeof *numbers)];
  unsigned operation = (unsigned)random_below(self, 2);
  Exchange values = {random_value(self, number), random_value(self, number), 0, 0};
  uint64_t delegated = random_next(self) & 0x222;
  csr_write(mideleg, delegated);
  write_exchange(number, operation == 0 ? CSRRS : CSRRC);
  uint64_t ignored;
  uint64_t cause = probe_call((uint64_t)snippet, (uint64_t)&values, &ignored);
  csr_write(mideleg, 0);
  print("C %lu 0x%03x 0x%lx %u 0x%lx 0x%lx : %ld 0x%lx 0x%lx\n", number_of_case, number, delegated, operation, values.first, values.second,
        (long)cause, values.after_first, values.after_second);
}

static void look_for(unsigned number) {
  snippet[0] = csr_access(CSRRS, REG_T1, number, REG_ZERO);
  snippet[1] = encode_ret();
  fence_i();
  uint64_t ignored;
  print("X 0x%03x : %ld\n", number, (long)probe_call((uint64_t)snippet, 0, &ignored));
}

void program_main(Hart* self) {
  if (self->id != 0) return;
  random_seed(self, parameter("seed", 1));
  uint64_t cases = parameter("cases", 1000);
  write_64(ACLINT_MTIMECMP(0), ~0ull);
  if (parameter("sweep", 1)) {
    for (unsigned number = 0; number < 4096; ++number) look_for(number);
  }
  for (uint64_t i = 0; i < cases; ++i) exchange(self, i);
}
