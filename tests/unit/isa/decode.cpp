// SPDX-License-Identifier: Apache-2.0
// The decoder alone: short instructions against the long ones that they stand for, immediates at their extremes, reserved encodings.
// Source: RISC-V Unprivileged 20191213, chapters 16 and 24.
#include "vm/isa/decode.hpp"

#include <gtest/gtest.h>

#include <array>

namespace {

using namespace vm;

struct Spelling {
  u32 short_bits;
  const char* short_text;
  u32 long_bits;
  const char* long_text;
};

constexpr Spelling spellings[] = {
    {0x0040, "c.addi4spn x8, x2, 4", 0x00410413, "addi x8, x2, 4"},
    {0x1ffc, "c.addi4spn x15, x2, 1020", 0x3fc10793, "addi x15, x2, 1020"},
    {0x0024, "c.addi4spn x9, x2, 8", 0x00810493, "addi x9, x2, 8"},
    {0x0804, "c.addi4spn x9, x2, 16", 0x01010493, "addi x9, x2, 16"},
    {0x0084, "c.addi4spn x9, x2, 64", 0x04010493, "addi x9, x2, 64"},
    {0x2080, "c.fld f8, 0(x9)", 0x0004b407, "fld f8, 0(x9)"},
    {0x3c7c, "c.fld f15, 248(x8)", 0x0f843787, "fld f15, 248(x8)"},
    {0x203c, "c.fld f15, 64(x8)", 0x04043787, "fld f15, 64(x8)"},
    {0x4380, "c.lw x8, 0(x15)", 0x0007a403, "lw x8, 0(x15)"},
    {0x43c0, "c.lw x8, 4(x15)", 0x0047a403, "lw x8, 4(x15)"},
    {0x43a0, "c.lw x8, 64(x15)", 0x0407a403, "lw x8, 64(x15)"},
    {0x5c7c, "c.lw x15, 124(x8)", 0x07c42783, "lw x15, 124(x8)"},
    {0x6480, "c.ld x8, 8(x9)", 0x0084b403, "ld x8, 8(x9)"},
    {0x7ce0, "c.ld x8, 248(x9)", 0x0f84b403, "ld x8, 248(x9)"},
    {0xbce0, "c.fsd f8, 248(x9)", 0x0e84bc27, "fsd f8, 248(x9)"},
    {0xdce0, "c.sw x8, 124(x9)", 0x0684ae23, "sw x8, 124(x9)"},
    {0xc0c0, "c.sw x8, 4(x9)", 0x0084a223, "sw x8, 4(x9)"},
    {0xe0c0, "c.sd x8, 128(x9)", 0x0884b023, "sd x8, 128(x9)"},
    {0x0001, "c.nop", 0x00000013, "addi x0, x0, 0"},
    {0x1f81, "c.addi x31, -32", 0xfe0f8f93, "addi x31, x31, -32"},
    {0x00fd, "c.addi x1, 31", 0x01f08093, "addi x1, x1, 31"},
    {0x2081, "c.addiw x1, 0", 0x0000809b, "addiw x1, x1, 0"},
    {0x3ffd, "c.addiw x31, -1", 0xffff8f9b, "addiw x31, x31, -1"},
    {0x5281, "c.li x5, -32", 0xfe000293, "addi x5, x0, -32"},
    {0x42fd, "c.li x5, 31", 0x01f00293, "addi x5, x0, 31"},
    {0x7101, "c.addi16sp x2, -512", 0xe0010113, "addi x2, x2, -512"},
    {0x617d, "c.addi16sp x2, 496", 0x1f010113, "addi x2, x2, 496"},
    {0x6141, "c.addi16sp x2, 16", 0x01010113, "addi x2, x2, 16"},
    {0x6105, "c.addi16sp x2, 32", 0x02010113, "addi x2, x2, 32"},
    {0x6121, "c.addi16sp x2, 64", 0x04010113, "addi x2, x2, 64"},
    {0x6109, "c.addi16sp x2, 128", 0x08010113, "addi x2, x2, 128"},
    {0x6285, "c.lui x5, 1", 0x000012b7, "lui x5, 1"},
    {0x62fd, "c.lui x5, 31", 0x0001f2b7, "lui x5, 31"},
    {0x7f81, "c.lui x31, 0xfffe0", 0xfffe0fb7, "lui x31, 0xfffe0"},
    {0x8005, "c.srli x8, 1", 0x00145413, "srli x8, x8, 1"},
    {0x93fd, "c.srli x15, 63", 0x03f7d793, "srli x15, x15, 63"},
    {0x9401, "c.srai x8, 32", 0x42045413, "srai x8, x8, 32"},
    {0x987d, "c.andi x8, -1", 0xfff47413, "andi x8, x8, -1"},
    {0x887d, "c.andi x8, 31", 0x01f47413, "andi x8, x8, 31"},
    {0x8c1d, "c.sub x8, x15", 0x40f40433, "sub x8, x8, x15"},
    {0x8cb9, "c.xor x9, x14", 0x00e4c4b3, "xor x9, x9, x14"},
    {0x8d55, "c.or x10, x13", 0x00d56533, "or x10, x10, x13"},
    {0x8df1, "c.and x11, x12", 0x00c5f5b3, "and x11, x11, x12"},
    {0x9c05, "c.subw x8, x9", 0x4094043b, "subw x8, x8, x9"},
    {0x9c25, "c.addw x8, x9", 0x0094043b, "addw x8, x8, x9"},
    {0x0086, "c.slli x1, 1", 0x00109093, "slli x1, x1, 1"},
    {0x1ffe, "c.slli x31, 63", 0x03ff9f93, "slli x31, x31, 63"},
    {0x3ffe, "c.fldsp f31, 504(x2)", 0x1f813f87, "fld f31, 504(x2)"},
    {0x2022, "c.fldsp f0, 8(x2)", 0x00813007, "fld f0, 8(x2)"},
    {0x50fe, "c.lwsp x1, 252(x2)", 0x0fc12083, "lw x1, 252(x2)"},
    {0x5082, "c.lwsp x1, 32(x2)", 0x02012083, "lw x1, 32(x2)"},
    {0x4086, "c.lwsp x1, 64(x2)", 0x04012083, "lw x1, 64(x2)"},
    {0x7ffe, "c.ldsp x31, 504(x2)", 0x1f813f83, "ld x31, 504(x2)"},
    {0x6f86, "c.ldsp x31, 64(x2)", 0x04013f83, "ld x31, 64(x2)"},
    {0x8282, "c.jr x5", 0x00028067, "jalr x0, 0(x5)"},
    {0x9282, "c.jalr x5", 0x000280e7, "jalr x1, 0(x5)"},
    {0x829a, "c.mv x5, x6", 0x006002b3, "add x5, x0, x6"},
    {0x929a, "c.add x5, x6", 0x006282b3, "add x5, x5, x6"},
    {0x9002, "c.ebreak", 0x00100073, "ebreak"},
    {0xbffe, "c.fsdsp f31, 504(x2)", 0x1ff13c27, "fsd f31, 504(x2)"},
    {0xdffe, "c.swsp x31, 252(x2)", 0x0ff12e23, "sw x31, 252(x2)"},
    {0xc0fe, "c.swsp x31, 64(x2)", 0x05f12023, "sw x31, 64(x2)"},
    {0xfffe, "c.sdsp x31, 504(x2)", 0x1ff13c23, "sd x31, 504(x2)"},
    {0xe27e, "c.sdsp x31, 256(x2)", 0x11f13023, "sd x31, 256(x2)"},
    {0xaffd, "c.j .+2046", 0x7fe0006f, "jal x0, .+2046"},
    {0xb001, "c.j .-2048", 0x801ff06f, "jal x0, .-2048"},
    {0xa009, "c.j .+2", 0x0020006f, "jal x0, .+2"},
    {0xa801, "c.j .+16", 0x0100006f, "jal x0, .+16"},
    {0xa005, "c.j .+32", 0x0200006f, "jal x0, .+32"},
    {0xa081, "c.j .+64", 0x0400006f, "jal x0, .+64"},
    {0xa041, "c.j .+128", 0x0800006f, "jal x0, .+128"},
    {0xa201, "c.j .+256", 0x1000006f, "jal x0, .+256"},
    {0xa401, "c.j .+512", 0x2000006f, "jal x0, .+512"},
    {0xa101, "c.j .+1024", 0x4000006f, "jal x0, .+1024"},
    {0xcc7d, "c.beqz x8, .+254", 0x0e040f63, "beq x8, x0, .+254"},
    {0xd381, "c.beqz x15, .-256", 0xf00780e3, "beq x15, x0, .-256"},
    {0xc385, "c.beqz x15, .+32", 0x02078063, "beq x15, x0, .+32"},
    {0xe009, "c.bnez x8, .+2", 0x00041163, "bne x8, x0, .+2"},
    {0xe021, "c.bnez x8, .+64", 0x04041063, "bne x8, x0, .+64"},
    {0xe041, "c.bnez x8, .+128", 0x08041063, "bne x8, x0, .+128"},
};

TEST(isa, short_instructions_are_spellings_of_long_ones) {
  for (const Spelling& spelling : spellings) {
    SCOPED_TRACE(spelling.short_text);
    const Instruction s = decode(spelling.short_bits);
    const Instruction l = decode(spelling.long_bits);
    EXPECT_STREQ(name(s.operation), name(l.operation));
    EXPECT_NE(s.operation, Operation::illegal);
    EXPECT_EQ(s.immediate, l.immediate);
    const Kind k = kind(l.operation);
    const bool two_sources = k == Kind::store || k == Kind::floating_store || k == Kind::branch;
    if (!two_sources && k != Kind::system) {
      EXPECT_EQ(s.rd, l.rd);
    }
    if (k != Kind::system && k != Kind::upper && l.operation != Operation::jal) {
      EXPECT_EQ(s.rs1, l.rs1);
    }
    if (two_sources || k == Kind::alu_register) {
      EXPECT_EQ(s.rs2, l.rs2);
    }
    EXPECT_EQ(s.length, 2);
    EXPECT_EQ(l.length, 4);
    EXPECT_EQ(s.bits, spelling.short_bits);
    EXPECT_EQ(l.bits, spelling.long_bits);
  }
}

struct Fields {
  u32 bits;
  const char* text;
  Operation operation;
  int rd, rs1, rs2;  // -1: not a field of this format
  i32 immediate;
};
using O = Operation;

constexpr Fields long_fields[] = {
    {0x800f8083, "lb x1, -2048(x31)", O::lb, 1, 31, -1, -2048},
    {0x7ff0ef83, "lwu x31, 2047(x1)", O::lwu, 31, 1, -1, 2047},
    {0x81f08023, "sb x31, -2048(x1)", O::sb, -1, 1, 31, -2048},
    {0x7e1fbfa3, "sd x1, 2047(x31)", O::sd, -1, 31, 1, 2047},
    {0x00112fa3, "sw x1, 31(x2)", O::sw, -1, 2, 1, 31},
    {0x80208063, "beq x1, x2, .-4096", O::beq, -1, 1, 2, -4096},
    {0x7fefffe3, "bgeu x31, x30, .+4094", O::bgeu, -1, 31, 30, 4094},
    {0x0020c0e3, "blt x1, x2, .+2048", O::blt, -1, 1, 2, 2048},
    {0x0020ef63, "bltu x1, x2, .+30", O::bltu, -1, 1, 2, 30},
    {0xfe20dfe3, "bge x1, x2, .-2", O::bge, -1, 1, 2, -2},
    {0x800000ef, "jal x1, .-1048576", O::jal, 1, -1, -1, -1048576},
    {0x7fffffef, "jal x31, .+1048574", O::jal, 31, -1, -1, 1048574},
    {0x001002ef, "jal x5, .+2048", O::jal, 5, -1, -1, 2048},
    {0x000012ef, "jal x5, .+4096", O::jal, 5, -1, -1, 4096},
    {0xfff302e7, "jalr x5, -1(x6)", O::jalr, 5, 6, -1, -1},
    {0xffffffb7, "lui x31, 0xfffff", O::lui, 31, -1, -1, -4096},
    {0x7ffff097, "auipc x1, 0x7ffff", O::auipc, 1, -1, -1, 0x7ffff000},
    {0x43f15093, "srai x1, x2, 63", O::srai, 1, 2, -1, 63},
    {0x41f1509b, "sraiw x1, x2, 31", O::sraiw, 1, 2, -1, 31},
    {0xfff0bc27, "fsd f31, -8(x1)", O::fsd, -1, 1, 31, -8},
    {0xffc0af87, "flw f31, -4(x1)", O::flw, 31, 1, -1, -4},
    {0x160332af, "lr.d.aqrl x5, (x6)", O::lr_d, 5, 6, -1, 0},
    {0x1a7322af, "sc.w.rl x5, x7, (x6)", O::sc_w, 5, 6, 7, 0},
    {0xe47332af, "amomaxu.d.aq x5, x7, (x6)", O::amomaxu_d, 5, 6, 7, 0},
    {0xfa3130cf, "fnmadd.d f1, f2, f3, f31, rup", O::fnmadd_d, 1, 2, 3, 0},
    {0xc03110d3, "fcvt.lu.s x1, f2, rtz", O::fcvt_lu_s, 1, 2, -1, 0},
    {0x340fd2f3, "csrrwi x5, mscratch, 31", O::csrrwi, 5, 31, -1, 0},
    {0x12628073, "sfence.vma x5, x6", O::sfence_vma, -1, 5, 6, 0},
    {0x8330000f, "fence.tso", O::fence, -1, -1, -1, 0},
    {0x0000100f, "fence.i", O::fence_i, -1, -1, -1, 0},
    {0x30200073, "mret", O::mret, -1, -1, -1, 0},
    {0x10200073, "sret", O::sret, -1, -1, -1, 0},
    {0x10500073, "wfi", O::wfi, -1, -1, -1, 0},
    {0x00000073, "ecall", O::ecall, -1, -1, -1, 0},
};

TEST(isa, long_instructions_have_their_fields) {
  for (const Fields& row : long_fields) {
    SCOPED_TRACE(row.text);
    const Instruction i = decode(row.bits);
    EXPECT_EQ(i.operation, row.operation) << name(i.operation);
    EXPECT_TRUE(row.rd < 0 || i.rd == row.rd);
    EXPECT_TRUE(row.rs1 < 0 || i.rs1 == row.rs1);
    EXPECT_TRUE(row.rs2 < 0 || i.rs2 == row.rs2);
    EXPECT_EQ(i.immediate, row.immediate);
  }
}

TEST(isa, reserved_encodings_are_illegal) {
  constexpr u32 reserved[] = {
      0x0000,  // all zero
      0x0004,  // c.addi4spn with immediate 0
      0x2001,  // c.addiw x0
      0x6101,  // c.addi16sp with immediate 0
      0x6281,  // c.lui with immediate 0
      0x9c41,
      0x9c61,  // the two holes after c.addw
      0x8000,  // quadrant 0, funct3 100
      0x4002,
      0x6002,  // c.lwsp, c.ldsp to x0
      0x8002,  // c.jr x0
      0xffff'ffff,
      0x0000'007f,
      0x0400'1013,
      0x4400'5013,  // slli, srai with a bit above the amount
      0x0200'101b,  // slliw with amount 32 or more
      0x4000'1033,  // sll with sub's funct7
      0x0200'103b,
      0x0200'203b,  // holes between mulw and divw
      0x0000'7003,  // a load of no width
      0x0000'4023,  // a store of no width
      0x0000'2063,
      0x0000'3063,           // branches with funct3 2, 3
      0x0000'1067,           // jalr with funct3 1
      0x0020'0073,           // uret
      0x1020'0073 | 1 << 7,  // sret with rd
      0x0000'4073,           // system with funct3 4
      0x1010'202f,           // lr.w with rs2
      0x0000'102f,           // an amo of 2 bytes
      0x2800'202f,           // no such amo
      0x0000'5053,
      0x0000'6053,            // fadd.s with rounding modes 5 and 6
      0x0400'0053 | 2 << 25,  // half precision
      0x5810'0053,            // fsqrt.s with rs2
      0x2000'3053,            // fsgnj with funct3 3
      0x0400'0043,            // fmadd of half precision
      0x0000'1007,            // flh
      0x0000'200f,            // misc-mem with funct3 2
  };
  for (const u32 bits : reserved) {
    EXPECT_EQ(decode(bits).operation, Operation::illegal) << std::hex << "0x" << bits << ' ' << name(decode(bits).operation);
  }
}

// A sweep: how many of the 49152 short encodings are legal was counted once with GNU objdump 2.40, by quadrant (less 0x6101, the reserved
// c.addi16sp of 0, which objdump prints).
TEST(isa, legal_short_encodings_by_quadrant) {
  std::array<unsigned, 3> legal{};
  for (u32 bits = 0; bits < 0x1'0000; ++bits) {
    if ((bits & 3) != 3 && decode(bits).operation != Operation::illegal) ++legal[bits & 3];
  }
  EXPECT_EQ(legal[0], 14328u);
  EXPECT_EQ(legal[1], 16160u);
  EXPECT_EQ(legal[2], 16255u);
}

TEST(isa, all_rounding_modes_but_two_decode) {
  for (u32 mode = 0; mode < 8; ++mode) {
    EXPECT_EQ(decode(0x0231'00d3 | mode << 12).operation == Operation::illegal, mode == 5 || mode == 6);
  }
}

}  // namespace
