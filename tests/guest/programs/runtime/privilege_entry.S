// SPDX-License-Identifier: Apache-2.0
// privilege_enter(a0 = entry, a1 = argument, a2 = where to keep sp): saves what C expects to survive, then mret.
// The trap handler comes back to privilege_resume in M mode, with that sp, and a0 as the code below left it.
// Source: RISC-V privileged specification 1.12, section 3.3.2; RISC-V calling convention (callee-saved registers).
#include "layout.h"

  .text
  .globl privilege_enter, privilege_resume, privilege_exit
privilege_enter:
  addi sp, sp, -112
  sd ra, 0(sp)
  sd s0, 8(sp)
  sd s1, 16(sp)
  sd s2, 24(sp)
  sd s3, 32(sp)
  sd s4, 40(sp)
  sd s5, 48(sp)
  sd s6, 56(sp)
  sd s7, 64(sp)
  sd s8, 72(sp)
  sd s9, 80(sp)
  sd s10, 88(sp)
  sd s11, 96(sp)
  sd sp, 0(a2)
  csrw mepc, a0
  mv a0, a1
  la ra, privilege_exit
  li a7, 0                  // an ecall below is not taken for the exit
  mret

privilege_exit:
  li a7, PRIVILEGE_EXIT
  ecall

privilege_resume:
  ld ra, 0(sp)
  ld s0, 8(sp)
  ld s1, 16(sp)
  ld s2, 24(sp)
  ld s3, 32(sp)
  ld s4, 40(sp)
  ld s5, 48(sp)
  ld s6, 56(sp)
  ld s7, 64(sp)
  ld s8, 72(sp)
  ld s9, 80(sp)
  ld s10, 88(sp)
  ld s11, 96(sp)
  addi sp, sp, 112
  ret
