// SPDX-License-Identifier: Apache-2.0
// Instruction words for programs that write code.
// Source: RISC-V unprivileged specification 20191213, chapter 24 (formats), 16 (C).
#ifndef GUEST_ENCODE_H
#define GUEST_ENCODE_H

#include <stdint.h>

enum { REG_ZERO = 0, REG_RA = 1, REG_T0 = 5, REG_A0 = 10, REG_A1 = 11 };

// addi rd, rs, immediate (-2048..2047)
static inline uint32_t encode_addi(unsigned rd, unsigned rs, int immediate) {
  return ((uint32_t)immediate & 0xfff) << 20 | rs << 15 | rd << 7 | 0x13;
}
static inline uint32_t encode_ret(void) { return 0x00008067; }  // jalr x0, 0(ra)
// jal rd, offset (even, +-1 MiB)
static inline uint32_t encode_jal(unsigned rd, int offset) {
  uint32_t o = (uint32_t)offset;
  return (o >> 20 & 1) << 31 | (o >> 1 & 0x3ff) << 21 | (o >> 11 & 1) << 20 | (o >> 12 & 0xff) << 12 | rd << 7 | 0x6f;
}
// bne rs1, rs2, offset (even, +-4 KiB)
static inline uint32_t encode_bne(unsigned rs1, unsigned rs2, int offset) {
  uint32_t o = (uint32_t)offset;
  return (o >> 12 & 1) << 31 | (o >> 5 & 0x3f) << 25 | rs2 << 20 | rs1 << 15 | 1 << 12 | (o >> 1 & 0xf) << 8 | (o >> 11 & 1) << 7 | 0x63;
}
// auipc rd, upper (added to the pc, in units of 4096)
static inline uint32_t encode_auipc(unsigned rd, uint32_t upper) { return upper << 12 | rd << 7 | 0x17; }
// c.li rd, immediate (-32..31)
static inline uint16_t encode_c_li(unsigned rd, int immediate) {
  return (uint16_t)(0x4001 | ((uint32_t)immediate >> 5 & 1) << 12 | rd << 7 | ((uint32_t)immediate & 31) << 2);
}
static inline uint16_t encode_c_ret(void) { return 0x8082; }  // c.jr ra

// Stores an instruction at any even address: one store if it is aligned, else two halves.
static inline void store_code(uint64_t address, uint32_t word) {
  if ((address & 3) == 0) {
    *(volatile uint32_t*)address = word;
  } else {
    *(volatile uint16_t*)address = (uint16_t)word;
    *(volatile uint16_t*)(address + 2) = (uint16_t)(word >> 16);
  }
}
static inline void store_code_16(uint64_t address, uint16_t half) { *(volatile uint16_t*)address = half; }

// Calls the code at `address` as a function without arguments.
static inline uint64_t call_code(uint64_t address) { return ((uint64_t(*)(void))address)(); }

#endif
