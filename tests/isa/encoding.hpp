// SPDX-License-Identifier: Apache-2.0
// Puts fields into instruction words, and lists the 32-bit instructions that the machine has. The list is the machine's own
// (vm/isa/encodings.inc), so that a new instruction is fuzzed with no edit here; a wrong row shows itself, because QEMU decodes the bits.
// Source: RISC-V Unprivileged 20191213, sections 2.2, 2.3, 24.
#pragma once
#include <span>

#include "tests/isa/random.hpp"
#include "vm/isa/operations.hpp"

namespace isa_fuzz {

enum class Format : u8 {
  u,
  j,
  i,
  b,
  s,
  shift64,
  shift32,
  r,
  order,
  whole,
  fence_vma,
  csr,
  reserve,
  atomic,
  fused,
  rounded,
  rounded_unary,
  exact,
  exact_unary
};

struct Encoding {
  vm::Operation operation;
  Format format;
  u32 bits;
};
std::span<const Encoding> encodings();
// The row of one operation.
const Encoding& encoding_of(vm::Operation operation);

constexpr u32 field_rd(unsigned reg) { return reg << 7; }
constexpr u32 field_rs1(unsigned reg) { return reg << 15; }
constexpr u32 field_rs2(unsigned reg) { return reg << 20; }
constexpr u32 field_rs3(unsigned reg) { return reg << 27; }
constexpr u32 field_rm(unsigned mode) { return mode << 12; }
constexpr u32 field_i(i32 immediate) { return static_cast<u32>(immediate) << 20; }
constexpr u32 field_s(i32 immediate) {
  const u32 n = static_cast<u32>(immediate);
  return (n >> 5 & 0x7f) << 25 | (n & 31) << 7;
}
constexpr u32 field_b(i32 distance) {
  const u32 n = static_cast<u32>(distance);
  return (n >> 12 & 1) << 31 | (n >> 5 & 0x3f) << 25 | (n >> 1 & 15) << 8 | (n >> 11 & 1) << 7;
}
constexpr u32 field_j(i32 distance) {
  const u32 n = static_cast<u32>(distance);
  return (n >> 20 & 1) << 31 | (n >> 1 & 0x3ff) << 21 | (n >> 11 & 1) << 20 | (n >> 12 & 0xff) << 12;
}
constexpr u16 field_compressed_branch(i32 distance) {
  const u32 n = static_cast<u32>(distance);
  return static_cast<u16>((n >> 8 & 1) << 12 | (n >> 3 & 3) << 10 | (n >> 6 & 3) << 5 | (n >> 1 & 3) << 3 | (n >> 5 & 1) << 2);
}
constexpr u16 field_compressed_jump(i32 distance) {
  const u32 n = static_cast<u32>(distance);
  return static_cast<u16>((n >> 11 & 1) << 12 | (n >> 4 & 1) << 11 | (n >> 8 & 3) << 9 | (n >> 10 & 1) << 8 | (n >> 6 & 1) << 7 |
                          (n >> 7 & 1) << 6 | (n >> 1 & 7) << 3 | (n >> 5 & 1) << 2);
}

// The few instructions that hold a program together.
constexpr u32 addi(unsigned rd, unsigned rs1, i32 immediate) { return 0x13 | field_rd(rd) | field_rs1(rs1) | field_i(immediate); }
constexpr u32 andi(unsigned rd, unsigned rs1, i32 immediate) { return 0x7013 | field_rd(rd) | field_rs1(rs1) | field_i(immediate); }
constexpr u32 add(unsigned rd, unsigned rs1, unsigned rs2) { return 0x33 | field_rd(rd) | field_rs1(rs1) | field_rs2(rs2); }
constexpr u32 lui(unsigned rd, u32 upper) { return 0x37 | field_rd(rd) | upper << 12; }
constexpr u32 auipc(unsigned rd, u32 upper) { return 0x17 | field_rd(rd) | upper << 12; }
constexpr u32 ld(unsigned rd, unsigned rs1, i32 offset) { return 0x3003 | field_rd(rd) | field_rs1(rs1) | field_i(offset); }
constexpr u32 fld(unsigned rd, unsigned rs1, i32 offset) { return 0x3007 | field_rd(rd) | field_rs1(rs1) | field_i(offset); }
constexpr u32 flw(unsigned rd, unsigned rs1, i32 offset) { return 0x2007 | field_rd(rd) | field_rs1(rs1) | field_i(offset); }
constexpr u32 sd(unsigned rs2, unsigned rs1, i32 offset) { return 0x3023 | field_rs2(rs2) | field_rs1(rs1) | field_s(offset); }
constexpr u32 fsd(unsigned rs2, unsigned rs1, i32 offset) { return 0x3027 | field_rs2(rs2) | field_rs1(rs1) | field_s(offset); }
constexpr u32 beq(unsigned rs1, unsigned rs2, i32 distance) { return 0x63 | field_rs1(rs1) | field_rs2(rs2) | field_b(distance); }
constexpr u32 bgeu(unsigned rs1, unsigned rs2, i32 distance) { return 0x7063 | field_rs1(rs1) | field_rs2(rs2) | field_b(distance); }
constexpr u32 jal(unsigned rd, i32 distance) { return 0x6f | field_rd(rd) | field_j(distance); }
constexpr u32 jalr(unsigned rd, unsigned rs1, i32 offset) { return 0x67 | field_rd(rd) | field_rs1(rs1) | field_i(offset); }
constexpr u32 csrrw(unsigned rd, unsigned rs1, u32 csr) { return 0x1073 | field_rd(rd) | field_rs1(rs1) | csr << 20; }
constexpr u32 csrrs(unsigned rd, unsigned rs1, u32 csr) { return 0x2073 | field_rd(rd) | field_rs1(rs1) | csr << 20; }
constexpr u32 csrrwi(unsigned rd, unsigned value, u32 csr) { return 0x5073 | field_rd(rd) | field_rs1(value) | csr << 20; }
constexpr u32 ecall = 0x73;
constexpr u16 compressed_nop = 1;

inline constexpr u32 csr_fflags = 1;
inline constexpr u32 csr_frm = 2;
inline constexpr u32 csr_fcsr = 3;

}  // namespace isa_fuzz
