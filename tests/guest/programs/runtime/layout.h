// SPDX-License-Identifier: Apache-2.0
// Numbers that C and assembly share: hart limit, stack sizes, trap frame size, and the call number that leaves a mode.
#ifndef GUEST_LAYOUT_H
#define GUEST_LAYOUT_H

#define HART_LIMIT 64
#define STACK_BYTES 16384      // per hart; C code in M, S and U mode
#define TRAP_STACK_BYTES 4096  // per hart and trap level (M and S)
#define TRAP_FRAME_BYTES 288   // 36 doublewords: x0..x31 (x0 unused), epc, status, cause, tval
#define NAP_CALL 0x14a9        // a7 of the ecall of hart_nap()
#define PRIVILEGE_EXIT 0x1eaf  // a7 of the ecall that ends privilege_call()

#endif
