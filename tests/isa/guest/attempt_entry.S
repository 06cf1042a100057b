// SPDX-License-Identifier: Apache-2.0
// Source: RISC-V privileged specification 1.12, sections 3.1.6.3 (MPRV), 3.3.2 (mret).
#include "attempt.h"

  .text
  // attempt_start(a0 = address, a1 = entry, a2 = value, a3 = bits of mstatus to set): MPRV accesses stay in M mode.
  .globl attempt_start, attempt_start_below, attempt_end
attempt_start:
  csrs mstatus, a3
  jr a1
  // The same, but by mret to the mode that a3 has set as MPP. What C expects to survive is untouched: the code uses a0, a2 and fa0.
attempt_start_below:
  csrs mstatus, a3
  csrw mepc, a1
  mret
  // The exception handler comes here, in M mode, with all registers as they were.
attempt_end:
  ret

  .macro access
  .balign ATTEMPT_BYTES
  .endm

  .balign 4096
  .globl attempt_page
attempt_page:
  .option push
  .option norvc
  lb a0, 0(a0)
  ecall
  access
  lhu a0, 0(a0)
  ecall
  access
  lw a0, 0(a0)
  ecall
  access
  ld a0, 0(a0)
  ecall
  access
  sb a2, 0(a0)
  ecall
  access
  sh a2, 0(a0)
  ecall
  access
  sw a2, 0(a0)
  ecall
  access
  sd a2, 0(a0)
  ecall
  access
  amoadd.w a0, a2, (a0)
  ecall
  access
  amomax.d a0, a2, (a0)
  ecall
  access
  lr.w a0, (a0)
  ecall
  access
  flw fa0, 0(a0)
  fmv.x.w a0, fa0
  ecall
  access
  fmv.d.x fa0, a2
  fsd fa0, 0(a0)
  ecall
  .option pop
  .balign 4096
