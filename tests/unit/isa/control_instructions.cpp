// SPDX-License-Identifier: Apache-2.0
// Branches, jumps and calls, within a page, across pages, and around the page's last two bytes.
// Source: RISC-V Unprivileged 20191213, section 2.5.
#include "tests/unit/isa/bench.hpp"

namespace bench {
namespace {

constexpr u64 minus_one = ~u64{0};

struct Branch {
  u32 bits;
  const char* text;
  u64 x1, x2;
  bool taken;
};
constexpr Branch branches[] = {
    {0x00208463, "beq x1, x2, .+8", 5, 5, true},          {0x00208463, "beq x1, x2, .+8", 5, 6, false},
    {0x00209463, "bne x1, x2, .+8", 5, 6, true},          {0x00209463, "bne x1, x2, .+8", minus_one, minus_one, false},
    {0x0020c463, "blt x1, x2, .+8", minus_one, 0, true},  {0x0020c463, "blt x1, x2, .+8", 0, minus_one, false},
    {0x0020c463, "blt x1, x2, .+8", 3, 3, false},         {0x0020d463, "bge x1, x2, .+8", 0, minus_one, true},
    {0x0020d463, "bge x1, x2, .+8", 3, 3, true},          {0x0020d463, "bge x1, x2, .+8", minus_one, 0, false},
    {0x0020e463, "bltu x1, x2, .+8", 0, minus_one, true}, {0x0020e463, "bltu x1, x2, .+8", minus_one, 0, false},
    {0x0020e463, "bltu x1, x2, .+8", 3, 3, false},        {0x0020f463, "bgeu x1, x2, .+8", minus_one, 0, true},
    {0x0020f463, "bgeu x1, x2, .+8", 3, 3, true},         {0x0020f463, "bgeu x1, x2, .+8", 0, minus_one, false},
};

// At each place the branch, the skipped and the target instruction lie differently in the page.
constexpr u64 places[] = {
    code, code + page_bytes - 4, code + page_bytes - 6, code + page_bytes - 8, code + page_bytes - 10, code + page_bytes - 2};

TEST(isa, branches) {
  for (const u64 place : places) {
    for (const u32 entries : {0u, 16u}) {
      for (const Branch& row : branches) {
        SCOPED_TRACE(row.text);
        Bench b(entries);
        b.hart.x[1] = row.x1;
        b.hart.x[2] = row.x2;
        b.put(place, {row.bits, 0x00118193 /* addi x3, x3, 1 */, 0x00120213 /* addi x4, x4, 1 */, wfi});
        for (unsigned again = 0; again < 3; ++again) {  // first by Exits, then by links
          b.start(place);
          b.hart.x[3] = b.hart.x[4] = 0;
          const u64 before = b.hart.retired;
          b.run();
          EXPECT_EQ(b.hart.x[3], row.taken ? 0u : 1u);
          EXPECT_EQ(b.hart.x[4], 1u);
          EXPECT_EQ(b.hart.retired - before, row.taken ? 3u : 4u);
        }
      }
    }
  }
}

TEST(isa, compressed_branches_and_jumps) {
  Bench b;
  b.hart.x[8] = 0;
  b.hart.x[9] = 1;
  b.execute({0xc011 /* c.beqz x8, .+4 */, 0x9002 /* c.ebreak */, 0xe091 /* c.bnez x9, .+4 */, 0x9002 /* c.ebreak */,
             0xc091 /* c.beqz x9, .+4 */, 0xa011 /* c.j .+4 */, 0x9002 /* c.ebreak */, 0xfc7d /* c.bnez x8, .-2 */, 0x0001 /* c.nop */});
  EXPECT_FALSE(b.trapped());
  EXPECT_EQ(b.retired(), 6u);
}

TEST(isa, jumps_link_to_the_next_instruction) {
  for (const u64 place : places) {
    for (const u32 entries : {0u, 16u}) {
      Bench b(entries);
      b.put(place, {0x008000ef /* jal x1, .+8 */, 0x00100073 /* ebreak */, 0x0080006f /* jal x0, .+8 */, 0x00100073 /* ebreak */,
                    0x00700193 /* addi x3, x0, 7 */, wfi});
      b.start(place);
      b.run();
      EXPECT_EQ(b.hart.x[1], place + 4);
      EXPECT_EQ(b.hart.x[3], 7u);
      EXPECT_FALSE(b.trapped());
    }
  }
}

TEST(isa, jalr) {
  struct Row {
    u32 bits;
    const char* text;
    u64 x5;
    u64 linked;  // in x5 or x1 afterwards
    unsigned to;
  };
  const Row rows[] = {
      {0x000280e7, "jalr x1, 0(x5)", code + 16, code + 4, 1},
      {0xfff280e7, "jalr x1, -1(x5)", code + 17, code + 4, 1},
      {0x001280e7, "jalr x1, 1(x5)", code + 16, code + 4, 1},  // bit 0 of the sum is cleared
      {0x010282e7, "jalr x5, 16(x5)", code, code + 4, 5},
      {0x00028067, "jalr x0, 0(x5)", code + 16, 0, 1},
      {0x8282, "c.jr x5", code + 16, 0, 1},
      {0x9282, "c.jalr x5", code + 16, code + 2, 1},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    Bench b;
    b.hart.x[5] = row.x5;
    b.put(code + 16, {0x00900193 /* addi x3, x0, 9 */, wfi});
    b.put(code, {row.bits, 0x9002 /* c.ebreak */});
    b.start(code);
    b.run();
    EXPECT_EQ(b.hart.x[3], 9u);
    EXPECT_EQ(b.hart.x[row.to], row.linked);
    EXPECT_EQ(b.retired(), 2u);
  }
}

TEST(isa, an_instruction_may_straddle_two_pages) {
  for (const u32 entries : {0u, 16u}) {
    Bench b(entries);
    const u64 place = code + page_bytes - 2;
    const u64 after = b.put(place, {0x123451b7 /* lui x3, 0x12345 */, 0x00118193 /* addi x3, x3, 1 */, wfi});
    b.start(place);
    b.run();
    EXPECT_EQ(b.hart.x[3], 0x1234'5001u);
    EXPECT_EQ(b.hart.pc, after);
    EXPECT_EQ(b.retired(), 2u);
    EXPECT_NE(b.block_at(place), nullptr);
    EXPECT_NE(b.block_at(place)->key.second, no_page);
  }
}

// The same bytes at two virtual places, followed by different pages: links must not carry one mapping into the other.
TEST(engine, links_follow_the_mapping_not_the_block) {
  Bench b;
  const u64 first = code + 0x10000, second = code + 0x20000;  // virtual; each followed by a page of its own
  const u64 shared = code + 0x1000, one = code + 0x2000, two = code + 0x3000;
  b.map(first, shared);
  b.map(second, shared);
  b.map(first + page_bytes, one);
  b.map(second + page_bytes, two);
  const u64 place = page_bytes - 10;
  b.put(shared + place, {0x0001 /* c.nop */, 0x00118193 /* addi x3, x3, 1 */, 0xa019 /* c.j .+6 */, 0x0001 /* c.nop */});
  b.put(one + 2, {0x00100213 /* addi x4, x0, 1 */, wfi});
  b.put(two + 2, {0x00200213 /* addi x4, x0, 2 */, wfi});
  for (unsigned round = 0; round < 4; ++round) {
    b.start(first + place);
    b.run();
    EXPECT_EQ(b.hart.x[4], 1u);
    b.start(second + place);
    b.run();
    EXPECT_EQ(b.hart.x[4], 2u);
  }
  EXPECT_FALSE(b.trapped());
}

// Likewise for an instruction whose second half is in that other page.
TEST(engine, a_straddling_block_is_not_reached_through_another_mapping) {
  Bench b;
  const u64 first = code + 0x10000, second = code + 0x20000;
  const u64 shared = code + 0x1000, one = code + 0x2000, two = code + 0x3000;
  b.map(first, shared);
  b.map(second, shared);
  b.map(first + page_bytes, one);
  b.map(second + page_bytes, two);
  const u32 one_bits = 0x00100213 /* addi x4, x0, 1 */, two_bits = 0x00200213 /* addi x4, x0, 2 */;
  b.store<u16>(shared + page_bytes - 4, 0x0001);  // c.nop
  b.store<u16>(shared + page_bytes - 2, static_cast<u16>(one_bits));
  b.store<u16>(one, static_cast<u16>(one_bits >> 16));
  b.store<u16>(two, static_cast<u16>(two_bits >> 16));
  b.put(one + 2, {wfi});
  b.put(two + 2, {wfi});
  for (unsigned round = 0; round < 4; ++round) {
    b.start(first + page_bytes - 4);
    b.run();
    EXPECT_EQ(b.hart.x[4], 1u);
    b.start(second + page_bytes - 4);
    b.run();
    EXPECT_EQ(b.hart.x[4], 2u);
  }
}

// auipc and jal count from where the code runs, not from where it was first decoded.
TEST(engine, a_block_serves_every_place_that_it_is_mapped_to) {
  Bench b;
  const u64 first = code + 0x10000, second = code + 0x20000, frame = code + 0x1000;
  b.map(first, frame);
  b.map(second, frame);
  b.put(frame + 0x100, {0x00001197 /* auipc x3, 0x1 */, 0x004000ef /* jal x1, .+4 */, 0x00120213 /* addi x4, x4, 1 */, wfi});
  for (const u64 page : {first, second, first}) {
    b.start(page + 0x100);
    b.run();
    EXPECT_EQ(b.hart.x[3], page + 0x1100);
    EXPECT_EQ(b.hart.x[1], page + 0x108);
    EXPECT_EQ(b.hart.pc, page + 0x110);
  }
  EXPECT_EQ(b.hart.x[4], 3u);
}

}  // namespace
}  // namespace bench
