// SPDX-License-Identifier: Apache-2.0
// Counters: exactness of instret, inhibition, and who may read what.
// Source: RISC-V privileged specification 1.12, sections 3.1.10 (counters), 3.1.11 (mcounteren), 3.1.12 (mcountinhibit),
//         4.1.5 (scounteren); unprivileged specification 20191213, section 10.1 (Zicntr).
#include "checks/shared/checks.h"
#include "privilege.h"
#include "probe.h"

SNIPPET(read_cycle, "csrr a0, cycle");
SNIPPET(read_time, "csrr a0, time");
SNIPPET(read_instret, "csrr a0, instret");

static void enables(Hart* self) {
  (void)self;
  static const char* const reads[] = {snippet_read_cycle, snippet_read_time, snippet_read_instret};
  for (unsigned settings = 0; settings < 64; ++settings) {
    unsigned machine = settings & 7, supervisor = settings >> 3;
    csr_write(mcounteren, machine);
    csr_write(scounteren, supervisor);
    check_equal("mcounteren", csr_read(mcounteren) & 7, machine);
    check_equal("scounteren", csr_read(scounteren) & 7, supervisor);
    for (unsigned i = 0; i < 3; ++i) {
      bool for_s = machine >> i & 1, for_u = for_s && (supervisor >> i & 1);
      uint64_t cause = privilege_try(MODE_SUPERVISOR, (uint64_t)reads[i], 0, 0);
      check(cause == (for_s ? NO_TRAP : CAUSE_ILLEGAL), "counter in S mode", "counter %u, mcounteren %u: cause %ld", i, machine,
            (long)cause);
      cause = privilege_try(MODE_USER, (uint64_t)reads[i], 0, 0);
      check(cause == (for_u ? NO_TRAP : CAUSE_ILLEGAL), "counter in U mode", "counter %u, mcounteren %u, scounteren %u: cause %ld", i,
            machine, supervisor, (long)cause);
    }
  }
}

static void move_on(Hart* self) {
  (void)self;
  uint64_t cycle = csr_read(mcycle), instret = csr_read(minstret);
  for (volatile unsigned i = 0; i < 1000; ++i) {
  }
  check(csr_read(mcycle) > cycle, "mcycle", "stands still");
  check(csr_read(minstret) >= instret + 1000, "minstret", "went from 0x%lx to 0x%lx in 1000 rounds", instret, csr_read(minstret));
}

// Between two reads lie n instructions and one of the reads.
static void instret_is_exact(Hart* self) {
  (void)self;
  uint64_t first, second;
  __asm__ volatile("csrr %0, minstret\n csrr %1, minstret" : "=&r"(first), "=&r"(second));
  check_equal("two reads of minstret in a row", second - first, 1);
  __asm__ volatile("csrr %0, minstret\n .rept 10\n nop\n .endr\n csrr %1, minstret" : "=&r"(first), "=&r"(second));
  check_equal("ten instructions between", second - first, 11);
  uint64_t turns = 1000;
  __asm__ volatile("csrr %0, minstret\n 1: addi %2, %2, -1\n bnez %2, 1b\n csrr %1, minstret" : "=&r"(first), "=&r"(second), "+r"(turns));
  check_equal("a loop of 2000 instructions", second - first, 2001);
  __asm__ volatile("csrr %0, instret\n j 1f\n 1: fence\n lui t0, 1\n csrr %1, instret" : "=&r"(first), "=&r"(second)::"t0");
  check_equal("three instructions between reads of instret", second - first, 4);
}

// An instruction that traps does not retire: ecall, mret and the handler's own instructions are counted as they are.
static void traps_do_not_retire(Hart* self) {
  (void)self;
  uint64_t first, second;
  // The handler: 4 instructions of which mret is the last; the ecall itself does not retire.
  __asm__ volatile(
      "la t0, 2f\n csrrw t1, mtvec, t0\n"
      "csrr %0, minstret\n ecall\n csrr %1, minstret\n csrw mtvec, t1\n j 3f\n"
      ".balign 4\n 2: csrr t0, mepc\n addi t0, t0, 4\n csrw mepc, t0\n mret\n 3:\n"
      : "=&r"(first), "=&r"(second)::"t0", "t1", "memory");
  check_equal("instructions over an ecall", second - first, 5);
}

static void inhibit(Hart* self) {
  (void)self;
  uint64_t cause = PROBE("csrw 0x320, %[bits]", , [bits] "r"(5ull));
  check_equal("mcountinhibit", cause, NO_TRAP);
  uint64_t bits = csr_read(CSR_MCOUNTINHIBIT) & 5;
  uint64_t cycle = csr_read(mcycle), instret = csr_read(minstret);
  for (volatile unsigned i = 0; i < 1000; ++i) {
  }
  if (bits & 1) check_equal("mcycle while inhibited", csr_read(mcycle), cycle);
  if (bits & 4) check_equal("minstret while inhibited", csr_read(minstret), instret);
  csr_write(CSR_MCOUNTINHIBIT, 0);
  check_equal("mcountinhibit bit 1 (time)", csr_read(CSR_MCOUNTINHIBIT) & 2, 0);
  print("NOTE mcountinhibit_bits=%lu\n", bits);
}

static void writable(Hart* self) {
  (void)self;
  csr_write(minstret, 0x123456789000ull);
  uint64_t instret = csr_read(minstret);
  check(instret >= 0x123456789000ull && instret < 0x123456789000ull + (1ull << 32), "minstret", "reads 0x%lx after a write", instret);
  csr_write(mcycle, 0x1000000000ull);
  uint64_t cycle = csr_read(mcycle);
  check(cycle >= 0x1000000000ull && cycle < 0x1000000000ull + (1ull << 32), "mcycle", "reads 0x%lx after a write", cycle);
  // A write replaces what the writing instruction itself would have added.
  uint64_t after;
  __asm__ volatile("csrw minstret, zero\n csrr %0, minstret" : "=r"(after));
  check(after < 1ull << 32, "minstret", "reads 0x%lx after a write of 0", after);
}

static const Check checks[] = {{"enables", enables, 1},
                               {"move_on", move_on, 0},
                               {"instret_is_exact", instret_is_exact, 0},
                               {"traps_do_not_retire", traps_do_not_retire, 1},
                               {"inhibit", inhibit, 1},
                               {"writable", writable, 1}};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
