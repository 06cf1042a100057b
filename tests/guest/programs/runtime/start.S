// SPDX-License-Identifier: Apache-2.0
// Entry of every guest program: all harts arrive here in M mode at once (a0 = hart id, a1 = device tree).
// Protocol: hart 0 clears .bss, then opens boot_gate (in .data); the others wait for it; all go on to boot_hart().
// Source:   RISC-V privileged specification 1.12, section 3.4 (reset: M mode, MIE = 0, everything else unspecified).
#include "layout.h"

  .section .text.start, "ax"
  .globl _start
_start:
  csrci mstatus, 8
  csrw mie, zero
  csrw satp, zero
  la t0, trap_before_boot
  csrw mtvec, t0
  .option push
  .option norelax
  la gp, __global_pointer$
  .option pop
  li t0, HART_LIMIT
  bgeu a0, t0, park
  la sp, stacks
  addi t0, a0, 1
  li t1, STACK_BYTES
  mul t0, t0, t1
  add sp, sp, t0
  la t2, boot_gate
  bnez a0, wait_for_gate

  la t0, bss_start
  la t1, bss_end
clear:
  sd zero, 0(t0)
  addi t0, t0, 8
  bltu t0, t1, clear
  li t0, 1
  fence rw, w               // bss_cleared_before_gate: .bss is zero before any hart passes the gate
  sw t0, 0(t2)
  j go

wait_for_gate:
  .word 0x0100000f          // pause
  lw t0, 0(t2)
  beqz t0, wait_for_gate
  fence r, rw               // gate_before_bss: pairs with bss_cleared_before_gate
go:
  call boot_hart

  .globl park
park:
  csrw mie, zero
1:
  wfi
  j 1b

  // A trap before boot_hart() has set mtvec: nothing can be printed yet; fail with code 2.
  .balign 4
trap_before_boot:
  li t0, 0x100000
  li t1, 0x00023333
  sw t1, 0(t0)
  j park

  .data
  .balign 64
boot_gate:
  .word 0
  .balign 64

  .section .stacks, "aw", @nobits
  .balign 4096
  .globl stacks, trap_stacks_machine, trap_stacks_supervisor
stacks:
  .skip HART_LIMIT * STACK_BYTES
trap_stacks_machine:
  .skip HART_LIMIT * TRAP_STACK_BYTES
trap_stacks_supervisor:
  .skip HART_LIMIT * TRAP_STACK_BYTES
