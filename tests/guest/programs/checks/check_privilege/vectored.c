// SPDX-License-Identifier: Apache-2.0
// Vectored mtvec: exceptions go to the base, interrupt n to base + 4n.
// Source: RISC-V privileged specification 1.12, section 3.1.7.
#include "board.h"
#include "check_privilege.h"
#include "timer.h"

// Each entry leaves its number in t0, switches all interrupts off, and returns; an exception returns behind itself.
__asm__(
    ".text\n .balign 256\n vector_table:\n .option push\n .option norvc\n"
    " j vector_0\n j vector_other\n j vector_other\n j vector_3\n j vector_other\n j vector_other\n j vector_other\n j vector_7\n"
    " .rept 8\n j vector_other\n .endr\n"
    "vector_0: li t0, 0\n csrr t1, mepc\n addi t1, t1, 4\n csrw mepc, t1\n mret\n"
    "vector_3: li t0, 3\n csrw mie, zero\n mret\n"
    "vector_7: li t0, 7\n csrw mie, zero\n mret\n"
    "vector_other: li t0, 99\n csrw mie, zero\n mret\n"
    " .option pop\n");
extern char vector_table[];

static uint64_t entry_after(uint64_t enabled) {
  register uint64_t t0 __asm__("t0") = 55;
  __asm__ volatile("csrs mie, %[bits]\n csrsi mstatus, 8\n nop\n nop\n nop\n nop\n csrci mstatus, 8\n"
                   : "+r"(t0)
                   : [bits] "r"(enabled)
                   : "t1", "memory");
  return t0;
}

void vectored_traps(Hart* self) {
  csr_write(mtvec, (uint64_t)vector_table | 1);
  check_equal("mtvec takes mode 1", csr_read(mtvec), (uint64_t)vector_table | 1);
  register uint64_t t0 __asm__("t0") = 55;
  __asm__ volatile(".word 0xffffffff" : "+r"(t0)::"t1", "memory");
  check_equal("vector of an exception", t0, 0);
  write_32(ACLINT_MSIP(self->id), 1);
  while (!(csr_read(mip) & INTERRUPT_BIT(INTERRUPT_MACHINE_SOFTWARE))) {
  }
  check_equal("vector of the software interrupt", entry_after(INTERRUPT_BIT(INTERRUPT_MACHINE_SOFTWARE)), 3);
  write_32(ACLINT_MSIP(self->id), 0);
  timer_set(self, 0);
  while (!(csr_read(mip) & INTERRUPT_BIT(INTERRUPT_MACHINE_TIMER))) {
  }
  check_equal("vector of the timer interrupt", entry_after(INTERRUPT_BIT(INTERRUPT_MACHINE_TIMER)), 7);
  timer_off(self);
  while (csr_read(mip) & INTERRUPT_BIT(INTERRUPT_MACHINE_TIMER)) {
  }
  check_equal("nothing pending", entry_after(INTERRUPT_BIT(INTERRUPT_MACHINE_TIMER)), 55);
}
