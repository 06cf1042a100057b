// SPDX-License-Identifier: Apache-2.0
// Integer computation, instruction by instruction: expected values are the manual's, worked out by hand.
// Source: RISC-V Unprivileged 20191213, chapters 2, 5, 7.
#include "tests/unit/isa/bench.hpp"

namespace bench {
namespace {

constexpr u64 most_negative = u64{1} << 63;
constexpr u64 most_positive = most_negative - 1;
constexpr u64 word_negative = 0xffff'ffff'8000'0000;
constexpr u64 minus_one = ~u64{0};

struct Row {
  u32 bits;
  const char* text;
  u64 x1, x2, x3;
};

// rd is x3, rs1 x1, rs2 x2.
constexpr Row rows[] = {
    {0x002081b3, "add x3, x1, x2", 1, 2, 3},
    {0x002081b3, "add x3, x1, x2", minus_one, 1, 0},
    {0x002081b3, "add x3, x1, x2", most_positive, 1, most_negative},
    {0x402081b3, "sub x3, x1, x2", 1, 2, minus_one},
    {0x402081b3, "sub x3, x1, x2", most_negative, 1, most_positive},
    {0x002091b3, "sll x3, x1, x2", 1, 63, most_negative},
    {0x002091b3, "sll x3, x1, x2", 5, 64, 5},
    {0x002091b3, "sll x3, x1, x2", 1, minus_one, most_negative},
    {0x0020a1b3, "slt x3, x1, x2", minus_one, 1, 1},
    {0x0020a1b3, "slt x3, x1, x2", 1, 1, 0},
    {0x0020a1b3, "slt x3, x1, x2", most_positive, most_negative, 0},
    {0x0020b1b3, "sltu x3, x1, x2", minus_one, 1, 0},
    {0x0020b1b3, "sltu x3, x1, x2", 0, 1, 1},
    {0x0020c1b3, "xor x3, x1, x2", 0xff00, 0x0ff0, 0xf0f0},
    {0x0020e1b3, "or x3, x1, x2", 0xff00, 0x0ff0, 0xfff0},
    {0x0020f1b3, "and x3, x1, x2", 0xff00, 0x0ff0, 0x0f00},
    {0x0020d1b3, "srl x3, x1, x2", minus_one, 63, 1},
    {0x0020d1b3, "srl x3, x1, x2", most_negative, 64 + 4, 0x0800'0000'0000'0000},
    {0x4020d1b3, "sra x3, x1, x2", most_negative, 63, minus_one},
    {0x4020d1b3, "sra x3, x1, x2", 0x40, 64 + 4, 4},
    {0x002081bb, "addw x3, x1, x2", 0x7fff'ffff, 1, word_negative},
    {0x002081bb, "addw x3, x1, x2", 0xffff'ffff, 1, 0},
    {0x002081bb, "addw x3, x1, x2", 0xaaaa'0000'0000'0001, 0x5555'0000'0000'0002, 3},
    {0x402081bb, "subw x3, x1, x2", 0, 1, minus_one},
    {0x402081bb, "subw x3, x1, x2", word_negative, 1, 0x7fff'ffff},
    {0x002091bb, "sllw x3, x1, x2", 1, 31, word_negative},
    {0x002091bb, "sllw x3, x1, x2", 1, 32, 1},
    {0x0020d1bb, "srlw x3, x1, x2", minus_one, 0, minus_one},
    {0x0020d1bb, "srlw x3, x1, x2", minus_one, 1, 0x7fff'ffff},
    {0x0020d1bb, "srlw x3, x1, x2", 0xffff'ffff'0000'0010, 32 + 4, 1},
    {0x4020d1bb, "sraw x3, x1, x2", 0x8000'0000, 31, minus_one},
    {0x4020d1bb, "sraw x3, x1, x2", 0xffff'ffff'7000'0000, 28, 7},
    {0x022081b3, "mul x3, x1, x2", 0x1'0000'0001, 0x1'0000'0001, 0x2'0000'0001},
    {0x022081b3, "mul x3, x1, x2", minus_one, minus_one, 1},
    {0x022091b3, "mulh x3, x1, x2", minus_one, minus_one, 0},
    {0x022091b3, "mulh x3, x1, x2", most_negative, most_negative, 0x4000'0000'0000'0000},
    {0x022091b3, "mulh x3, x1, x2", most_negative, 2, minus_one},
    {0x0220a1b3, "mulhsu x3, x1, x2", minus_one, minus_one, minus_one},
    {0x0220a1b3, "mulhsu x3, x1, x2", 1, minus_one, 0},
    {0x0220a1b3, "mulhsu x3, x1, x2", most_negative, minus_one, most_negative},
    {0x0220b1b3, "mulhu x3, x1, x2", minus_one, minus_one, minus_one - 1},
    {0x0220b1b3, "mulhu x3, x1, x2", most_negative, 2, 1},
    {0x022081bb, "mulw x3, x1, x2", 0x1'0000, 0x8000, word_negative},
    {0x022081bb, "mulw x3, x1, x2", 0x1'0000, 0x1'0000, 0},
    {0x0220c1b3, "div x3, x1, x2", minus_one - 6, 2, minus_one - 2},
    {0x0220c1b3, "div x3, x1, x2", 7, 0, minus_one},
    {0x0220c1b3, "div x3, x1, x2", most_negative, minus_one, most_negative},
    {0x0220c1b3, "div x3, x1, x2", 7, minus_one, minus_one - 6},
    {0x0220d1b3, "divu x3, x1, x2", minus_one, 2, most_positive},
    {0x0220d1b3, "divu x3, x1, x2", 7, 0, minus_one},
    {0x0220e1b3, "rem x3, x1, x2", minus_one - 6, 2, minus_one},
    {0x0220e1b3, "rem x3, x1, x2", 7, 0, 7},
    {0x0220e1b3, "rem x3, x1, x2", most_negative, minus_one, 0},
    {0x0220e1b3, "rem x3, x1, x2", 7, minus_one - 1, 1},
    {0x0220f1b3, "remu x3, x1, x2", minus_one, 10, 5},
    {0x0220f1b3, "remu x3, x1, x2", 7, 0, 7},
    {0x0220c1bb, "divw x3, x1, x2", 0xffff'fff9, 2, minus_one - 2},
    {0x0220c1bb, "divw x3, x1, x2", 5, 0x1'0000'0000, minus_one},
    {0x0220c1bb, "divw x3, x1, x2", word_negative, minus_one, word_negative},
    {0x0220d1bb, "divuw x3, x1, x2", 0xffff'ffff, 1, minus_one},
    {0x0220d1bb, "divuw x3, x1, x2", 0x1'0000'0008, 2, 4},
    {0x0220d1bb, "divuw x3, x1, x2", 8, 0, minus_one},
    {0x0220e1bb, "remw x3, x1, x2", 0xffff'fff9, 2, minus_one},
    {0x0220e1bb, "remw x3, x1, x2", 0x8000'0000, 0, word_negative},
    {0x0220e1bb, "remw x3, x1, x2", word_negative, minus_one, 0},
    {0x0220f1bb, "remuw x3, x1, x2", 0xffff'ffff, 10, 5},
    {0x0220f1bb, "remuw x3, x1, x2", 0x8000'0000, 0, word_negative},
    // With an immediate.
    {0x80008193, "addi x3, x1, -2048", 0, 0, minus_one - 2047},
    {0x7ff08193, "addi x3, x1, 2047", 1, 0, 2048},
    {0x00008193, "addi x3, x1, 0", most_negative, 0, most_negative},
    {0xff900193, "addi x3, x0, -7", 99, 0, minus_one - 6},
    {0xfff0a193, "slti x3, x1, -1", minus_one - 1, 0, 1},
    {0xfff0a193, "slti x3, x1, -1", 0, 0, 0},
    {0xfff0b193, "sltiu x3, x1, -1", 5, 0, 1},
    {0x0010b193, "sltiu x3, x1, 1", 0, 0, 1},
    {0x0010b193, "sltiu x3, x1, 1", 1, 0, 0},
    {0xfff0c193, "xori x3, x1, -1", 0x0f, 0, ~u64{0x0f}},
    {0x8000e193, "ori x3, x1, -2048", 1, 0, minus_one - 2046},
    {0xff00f193, "andi x3, x1, -16", 0xff, 0, 0xf0},
    {0x03f09193, "slli x3, x1, 63", 3, 0, most_negative},
    {0x02009193, "slli x3, x1, 32", 1, 0, 0x1'0000'0000},
    {0x03f0d193, "srli x3, x1, 63", minus_one, 0, 1},
    {0x0010d193, "srli x3, x1, 1", most_negative, 0, 0x4000'0000'0000'0000},
    {0x43f0d193, "srai x3, x1, 63", most_negative, 0, minus_one},
    {0x4210d193, "srai x3, x1, 33", most_negative, 0, 0xffff'ffff'c000'0000},
    {0x0010819b, "addiw x3, x1, 1", 0x7fff'ffff, 0, word_negative},
    {0x0000819b, "addiw x3, x1, 0", 0x1'8000'0000, 0, word_negative},
    {0xfff0819b, "addiw x3, x1, -1", 0, 0, minus_one},
    {0x01f0919b, "slliw x3, x1, 31", 1, 0, word_negative},
    {0x0010919b, "slliw x3, x1, 1", 0x8000'0000, 0, 0},
    {0x01f0d19b, "srliw x3, x1, 31", 0xffff'ffff, 0, 1},
    {0x0000d19b, "srliw x3, x1, 0", 0x8000'0000, 0, word_negative},
    {0x41f0d19b, "sraiw x3, x1, 31", 0x8000'0000, 0, minus_one},
    {0x4040d19b, "sraiw x3, x1, 4", 0xffff'ffff'0000'0100, 0, 0x10},
    {0x800001b7, "lui x3, 0x80000", 0, 0, word_negative},
    {0x7ffff1b7, "lui x3, 0x7ffff", 0, 0, 0x7fff'f000},
    {0x00000197, "auipc x3, 0", 0, 0, code},
    {0x00001197, "auipc x3, 0x1", 0, 0, code + 0x1000},
    {0x80000197, "auipc x3, 0x80000", 0, 0, code - 0x8000'0000},
};

constexpr u32 with_rd(u32 bits, u32 rd) { return (bits & ~(u32{31} << 7)) | rd << 7; }

TEST(isa, integer_operations_compute_the_manuals_results) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    Bench b;
    b.hart.x[1] = row.x1;
    b.hart.x[2] = row.x2;
    b.execute({row.bits});
    EXPECT_EQ(b.hart.x[3], row.x3) << std::hex << "got 0x" << b.hart.x[3] << ", wanted 0x" << row.x3;
    EXPECT_EQ(b.hart.x[1], row.x1);
    EXPECT_EQ(b.hart.x[2], row.x2);
    EXPECT_EQ(b.retired(), 1u);
    EXPECT_EQ(b.hart.pc, code + 8);
    EXPECT_FALSE(b.trapped());
  }
}

TEST(isa, a_source_may_be_the_destination) {
  for (const Row& row : rows) {
    for (const u32 rd : {1u, 2u}) {
      SCOPED_TRACE(row.text);
      Bench b;
      b.hart.x[1] = row.x1;
      b.hart.x[2] = row.x2;
      b.execute({with_rd(row.bits, rd)});
      EXPECT_EQ(b.hart.x[rd], row.x3);
    }
  }
}

TEST(isa, x0_stays_zero) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    Bench b;
    b.hart.x[1] = row.x1;
    b.hart.x[2] = row.x2;
    b.hart.x[3] = 0x1234;
    b.execute({with_rd(row.bits, 0), 0x00000233 /* add x4, x0, x0 */});
    EXPECT_EQ(b.hart.x[0], 0u);
    EXPECT_EQ(b.hart.x[4], 0u);
    EXPECT_EQ(b.hart.x[3], 0x1234u);
    EXPECT_EQ(b.retired(), 2u);
  }
}

// Constants that two instructions build are folded; the result and the count must not tell.
TEST(isa, constants_of_two_instructions) {
  struct Constant {
    std::vector<u32> program;
    u64 x3;
  };
  const Constant constants[] = {
      {{0x123451b7 /* lui x3, 0x12345 */, 0x67818193 /* addi x3, x3, 0x678 */}, 0x1234'5678},
      {{0x800001b7 /* lui x3, 0x80000 */, 0xfff18193 /* addi x3, x3, -1 */}, 0xffff'ffff'7fff'ffff},  // does not fit 32 bits
      {{0x800001b7 /* lui x3, 0x80000 */, 0xfff1819b /* addiw x3, x3, -1 */}, 0x7fff'ffff},
      {{0x7ffff1b7 /* lui x3, 0x7ffff */, 0x7ff18193 /* addi x3, x3, 0x7ff */}, 0x7fff'f7ff},
      {{0x00000197 /* auipc x3, 0 */, 0xffc18193 /* addi x3, x3, -4 */}, code - 4},
      {{0x7ffff197 /* auipc x3, 0x7ffff */, 0x7ff18193 /* addi x3, x3, 0x7ff */}, code + 0x7fff'f7ff},
      {{0x00500193 /* addi x3, x0, 5 */, 0xffa1819b /* addiw x3, x3, -6 */}, minus_one},
      {{0x000011b7 /* lui x3, 1 */, 0x00118213 /* addi x4, x3, 1 */, 0x004181b3 /* add x3, x3, x4 */}, 0x2001},
  };
  for (const Constant& constant : constants) {
    Bench b;
    b.execute(constant.program);
    EXPECT_EQ(b.hart.x[3], constant.x3) << std::hex << b.hart.x[3];
    EXPECT_EQ(b.retired(), constant.program.size());
  }
}

}  // namespace
}  // namespace bench
