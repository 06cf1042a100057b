// SPDX-License-Identifier: Apache-2.0
// Trap entries of M and S mode: save everything to a frame on the hart's trap stack, call C, restore, return.
// Protocol:  xscratch holds the top of the hart's trap stack while no trap is being handled, and 0 while one is; the word
//            at that top is the address of the hart's Hart.
// Invariant: a trap inside a trap finds xscratch = 0 and ends the program; frames never nest.
// Source:    RISC-V privileged specification 1.12, sections 3.1.6-3.1.15 (M) and 4.1.1-4.1.9 (S).
#include "layout.h"

  .text

  .macro all_but_sp op
  \op x1, 8(sp)
  \op x3, 24(sp)
  \op x4, 32(sp)
  \op x5, 40(sp)
  \op x6, 48(sp)
  \op x7, 56(sp)
  \op x8, 64(sp)
  \op x9, 72(sp)
  \op x10, 80(sp)
  \op x11, 88(sp)
  \op x12, 96(sp)
  \op x13, 104(sp)
  \op x14, 112(sp)
  \op x15, 120(sp)
  \op x16, 128(sp)
  \op x17, 136(sp)
  \op x18, 144(sp)
  \op x19, 152(sp)
  \op x20, 160(sp)
  \op x21, 168(sp)
  \op x22, 176(sp)
  \op x23, 184(sp)
  \op x24, 192(sp)
  \op x25, 200(sp)
  \op x26, 208(sp)
  \op x27, 216(sp)
  \op x28, 224(sp)
  \op x29, 232(sp)
  \op x30, 240(sp)
  \op x31, 248(sp)
  .endm

  .macro trap_entry name, scratch, epc, status, cause, tval, handler, return
  .globl \name
  .balign 4
\name:
  csrrw sp, \scratch, sp
  beqz sp, 9f
  addi sp, sp, -TRAP_FRAME_BYTES
  all_but_sp sd
  csrrw t0, \scratch, zero
  sd t0, 16(sp)
  csrr t0, \epc
  sd t0, 256(sp)
  csrr t0, \status
  sd t0, 264(sp)
  csrr t0, \cause
  sd t0, 272(sp)
  csrr t0, \tval
  sd t0, 280(sp)
  ld tp, TRAP_FRAME_BYTES(sp)
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  mv a0, sp
  call \handler
  ld t0, 256(sp)
  csrw \epc, t0
  ld t0, 264(sp)
  csrw \status, t0
  addi t0, sp, TRAP_FRAME_BYTES
  csrw \scratch, t0
  all_but_sp ld
  ld sp, 16(sp)
  \return
9:
  la sp, emergency_stack_top
  csrr a0, \cause
  csrr a1, \epc
  csrr a2, \tval
  call trap_inside_trap
  .endm

  trap_entry trap_entry_machine, mscratch, mepc, mstatus, mcause, mtval, trap_from_machine_entry, mret
  trap_entry trap_entry_supervisor, sscratch, sepc, sstatus, scause, stval, trap_from_supervisor_entry, sret

  .section .stacks, "aw", @nobits
  .balign 16
  .skip TRAP_STACK_BYTES
emergency_stack_top:
