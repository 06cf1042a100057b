// SPDX-License-Identifier: Apache-2.0
// Exceptions that instructions raise by themselves.
// Source: RISC-V privileged specification 1.12, sections 3.1.14-3.1.16 (mepc, mcause, mtval), 3.3.1 (ecall, ebreak).
#include "check_privilege.h"

SNIPPET(ecall, "ecall");
SNIPPET(ebreak, "ebreak");
SNIPPET(c_ebreak, "c.ebreak");

void environment_calls(Hart* self) {
  uint64_t cause = PROBE("mv a7, zero\n ecall", , "r"(0));
  check_equal("ecall in M mode", cause, CAUSE_ECALL_MACHINE);
  check_equal("mtval of ecall", self->trap.tval, 0);
  expect_in("ecall", MODE_SUPERVISOR, snippet_ecall, CAUSE_ECALL_SUPERVISOR);
  check_equal("mepc of ecall", self->trap.epc, (uint64_t)snippet_ecall);
  expect_in("ecall", MODE_USER, snippet_ecall, CAUSE_ECALL_USER);
  check_equal("mepc of ecall", self->trap.epc, (uint64_t)snippet_ecall);
}

void breakpoint(Hart* self) {
  for (unsigned mode = MODE_USER; mode <= MODE_SUPERVISOR; ++mode) {
    expect_in("ebreak", mode, snippet_ebreak, CAUSE_BREAKPOINT);
    check_equal("mepc of ebreak", self->trap.epc, (uint64_t)snippet_ebreak);
    check(self->trap.tval == 0 || self->trap.tval == self->trap.epc, "mtval of ebreak", "0x%lx", self->trap.tval);
    expect_in("c.ebreak", mode, snippet_c_ebreak, CAUSE_BREAKPOINT);
    check_equal("mepc of c.ebreak", self->trap.epc, (uint64_t)snippet_c_ebreak);
  }
}

// Words that no RV64GC machine may take for an instruction.
static const uint32_t undefined[] = {
    0x00000000,  // all zeros, defined as illegal
    0xffffffff,  // all ones, defined as illegal
    0x0200101b,  // slliw with bit 5 of the shift amount set
    0x0200705b,  // custom-2 opcode space, unused here
    0xd000705b,
    0x00007003,                // load of funct3 = 7
    0x00005023,                // store of funct3 = 5
    0x00002063,                // branch of funct3 = 2
    0x00001067,                // jalr of funct3 = 1
    0x10005073 & ~0x7000u,     // system of funct3 = 0 with an undefined immediate (0x100)
    0x30200073 | 1u << 7,      // mret with rd = 1
    0x0000302f | 0x1fu << 27,  // AMO of an undefined funct5
    0x1000302f | 1u << 20,     // lr.d with rs2 = 1
};

void illegal_instructions(Hart* self) {
  static uint32_t code[2] __attribute__((aligned(8)));
  for (unsigned i = 0; i < sizeof undefined / sizeof undefined[0]; ++i) {
    code[0] = undefined[i];
    code[1] = 0x00008067;  // ret
    __asm__ volatile("fence.i" ::: "memory");
    uint64_t cause = privilege_try(i % 2 ? MODE_USER : MODE_SUPERVISOR, (uint64_t)code, 0, 0);
    check(cause == CAUSE_ILLEGAL, "undefined instruction", "0x%08x: cause %ld", undefined[i], (long)cause);
    uint64_t word = (undefined[i] & 3) == 3 ? undefined[i] : undefined[i] & 0xffff;
    check(self->trap.tval == 0 || self->trap.tval == word, "mtval of an undefined instruction", "0x%lx for 0x%x", self->trap.tval,
          undefined[i]);
    check_equal("mepc of an undefined instruction", self->trap.epc, (uint64_t)code);
  }
}
