// SPDX-License-Identifier: Apache-2.0
// AMOs, LR and SC on one hart: results, sign extension, alignment, reservations.
// Source: RISC-V Unprivileged 20191213, chapter 8.
#include "tests/unit/isa/bench.hpp"

namespace bench {
namespace {

constexpr u64 minus_one = ~u64{0};

struct Amo {
  u32 bits;
  const char* text;
  u64 memory, x2;
  u64 x3;  // the old value
  u64 written;
};
// Words have 0x11111111 above them in memory: it stays.
constexpr u64 above = 0x1111'1111'0000'0000;
constexpr Amo amos[] = {
    {0x0820a1af, "amoswap.w x3, x2, (x1)", above | 0x8000'0000, 5, 0xffff'ffff'8000'0000, above | 5},
    {0x0020a1af, "amoadd.w x3, x2, (x1)", above | 0xffff'ffff, 2, minus_one, above | 1},
    {0x2020a1af, "amoxor.w x3, x2, (x1)", above | 0xff00, 0x0ff0, 0xff00, above | 0xf0f0},
    {0x6020a1af, "amoand.w x3, x2, (x1)", above | 0xff00, 0xffff'ffff'0000'0ff0, 0xff00, above | 0x0f00},
    {0x4020a1af, "amoor.w x3, x2, (x1)", above | 0xff00, 0x0ff0, 0xff00, above | 0xfff0},
    {0x8020a1af, "amomin.w x3, x2, (x1)", above | 5, minus_one, 5, above | 0xffff'ffff},
    {0x8020a1af, "amomin.w x3, x2, (x1)", above | 0x8000'0000, 5, 0xffff'ffff'8000'0000, above | 0x8000'0000},
    {0xa020a1af, "amomax.w x3, x2, (x1)", above | 5, minus_one, 5, above | 5},
    {0xa020a1af, "amomax.w x3, x2, (x1)", above | 5, 0xabcd'0000'0000'0006, 5, above | 6},
    {0xc020a1af, "amominu.w x3, x2, (x1)", above | 5, minus_one, 5, above | 5},
    {0xe020a1af, "amomaxu.w x3, x2, (x1)", above | 5, minus_one, 5, above | 0xffff'ffff},
    {0xe020a1af, "amomaxu.w x3, x2, (x1)", above | 0x8000'0000, 5, 0xffff'ffff'8000'0000, above | 0x8000'0000},
    {0x0820b1af, "amoswap.d x3, x2, (x1)", above, minus_one, above, minus_one},
    {0x0020b1af, "amoadd.d x3, x2, (x1)", minus_one, 2, minus_one, 1},
    {0x2020b1af, "amoxor.d x3, x2, (x1)", above, minus_one, above, ~above},
    {0x6020b1af, "amoand.d x3, x2, (x1)", above, 0xff00'0000'0000'0000, above, 0x1100'0000'0000'0000},
    {0x4020b1af, "amoor.d x3, x2, (x1)", above, 0xf, above, above | 0xf},
    {0x8020b1af, "amomin.d x3, x2, (x1)", 5, minus_one, 5, minus_one},
    {0xa020b1af, "amomax.d x3, x2, (x1)", minus_one, 5, minus_one, 5},
    {0xc020b1af, "amominu.d x3, x2, (x1)", minus_one, 5, minus_one, 5},
    {0xe020b1af, "amomaxu.d x3, x2, (x1)", 5, minus_one, 5, minus_one},
    {0x0620a1af, "amoadd.w.aqrl x3, x2, (x1)", above | 1, 1, 1, above | 2},
    {0x0220b1af, "amoadd.d.rl x3, x2, (x1)", 1, 1, 1, 2},
};

TEST(isa, amos) {
  for (const bool tracked : {false, true}) {
    for (const u32 entries : {0u, 16u}) {
      for (const Amo& row : amos) {
        SCOPED_TRACE(row.text);
        Bench b(entries);
        if (tracked) {
          b.memory.reservations().track(data);
          b.memory.reservations().make_ready(data);
        }
        const u32 word_before = b.memory.reservations().word(data).load(relaxed);
        b.store(data, row.memory);
        b.hart.x[1] = data;
        b.hart.x[2] = row.x2;
        b.execute({row.bits});
        EXPECT_EQ(b.hart.x[3], row.x3);
        EXPECT_EQ(b.load<u64>(data), row.written) << std::hex << b.load<u64>(data);
        EXPECT_EQ(b.retired(), 1u);
        EXPECT_EQ(b.memory.reservations().word(data).load(relaxed) - word_before, tracked ? reservation_version * 2 : 0u)
            << "the bench's store and the AMO count";
      }
    }
  }
}

TEST(isa, a_destination_may_be_the_operand_or_x0) {
  Bench b;
  b.store(data, u64{7});
  b.hart.x[1] = data;
  b.hart.x[2] = 3;
  b.execute({0x0020b12f /* amoadd.d x2, x2, (x1) */, 0x0020b02f /* amoadd.d x0, x2, (x1) */, 0x0020b0af /* amoadd.d x1, x2, (x1) */});
  EXPECT_EQ(b.hart.x[2], 7u);
  EXPECT_EQ(b.hart.x[0], 0u);
  EXPECT_EQ(b.hart.x[1], 17u);
  EXPECT_EQ(b.load<u64>(data), 24u);
}

TEST(isa, misaligned_atomics_trap) {
  struct Row {
    u32 bits;
    const char* text;
    u64 offset;
    Cause cause;
  };
  constexpr Row rows[] = {
      {0x0020a1af, "amoadd.w x3, x2, (x1)", 2, Cause::misaligned_store}, {0x0020b1af, "amoadd.d x3, x2, (x1)", 4, Cause::misaligned_store},
      {0x1000a1af, "lr.w x3, (x1)", 1, Cause::misaligned_load},          {0x1000b1af, "lr.d x3, (x1)", 4, Cause::misaligned_load},
      {0x1820a1af, "sc.w x3, x2, (x1)", 2, Cause::misaligned_store},     {0x1820b1af, "sc.d x3, x2, (x1)", 4, Cause::misaligned_store},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    Bench b;
    b.hart.x[1] = data + row.offset;
    b.execute({row.bits});
    EXPECT_EQ(b.hart.csr.mcause, static_cast<u64>(row.cause));
    EXPECT_EQ(b.hart.csr.mtval, data + row.offset);
    EXPECT_EQ(b.retired(), 0u);
  }
}

TEST(isa, faults_of_atomics_are_store_faults_but_of_lr) {
  for (const u32 bits : {0x0020a1af /* amoadd.w x3, x2, (x1) */, 0x1820a1af /* sc.w x3, x2, (x1) */, 0x1000a1af /* lr.w x3, (x1) */}) {
    Bench b;
    b.forbid(data);
    b.hart.x[1] = data + 8;
    b.execute({bits});
    EXPECT_EQ(b.hart.csr.mcause,
              static_cast<u64>(bits == 0x1000a1af /* lr.w x3, (x1) */ ? Cause::load_page_fault : Cause::store_page_fault));
    EXPECT_EQ(b.hart.csr.mtval, data + 8);
  }
}

void with_pair(const std::vector<u32>& between, bool succeeds, u32 entries) {
  Bench b(entries);
  b.store(data, u64{0xffff'ffff'8000'0001});
  b.hart.x[1] = b.hart.x[6] = data;
  b.hart.x[2] = 42;
  b.hart.x[5] = 9;
  b.hart.x[7] = data + 64;
  std::vector<u32> program = {0x1000a1af /* lr.w x3, (x1) */};
  program.insert(program.end(), between.begin(), between.end());
  program.push_back(0x1820a22f /* sc.w x4, x2, (x1) */);
  b.execute(program);
  EXPECT_EQ(b.hart.x[4], succeeds ? 0u : 1u);
  EXPECT_EQ(b.load<u32>(data) == 42, succeeds);
  EXPECT_EQ(b.retired(), program.size());
}

TEST(isa, sc_succeeds_unless_something_came_between) {
  for (const u32 entries : {0u, 16u}) {
    with_pair({}, true, entries);
    with_pair({0x00118413 /* addi x8, x3, 1 */, 0x0001 /* c.nop */}, true, entries);
    with_pair({0x0000a403 /* lw x8, 0(x1) */}, true, entries);
    with_pair({0x0053a023 /* sw x5, 0(x7) */}, true, entries);  // another line
    with_pair({0x0050a023 /* sw x5, 0(x1) */}, false, entries);
    with_pair({0x0030a023 /* sw x3, 0(x1) */}, false, entries);  // the same value again
    with_pair({0x00508223 /* sb x5, 4(x1) */}, false, entries);  // same line
    with_pair({0x0050a42f /* amoadd.w x8, x5, (x1) */}, false, entries);
    with_pair({0x1003a42f /* lr.w x8, (x7) */}, false, entries);      // another reservation replaces it
    with_pair({0x1000b42f /* lr.d x8, (x1) */}, false, entries);      // another width
    with_pair({0x1853a42f /* sc.w x8, x5, (x7) */}, false, entries);  // any SC gives it up
  }
}

TEST(isa, lr_sign_extends_and_sc_of_doublewords) {
  Bench b;
  b.store(data, u64{0xdead'beef'8000'0001});
  b.hart.x[1] = data;
  b.hart.x[2] = minus_one;
  b.execute({0x1600a1af /* lr.w.aqrl x3, (x1) */, 0x1400b2af /* lr.d.aq x5, (x1) */, 0x1a20b22f /* sc.d.rl x4, x2, (x1) */});
  EXPECT_EQ(b.hart.x[3], 0xffff'ffff'8000'0001);
  EXPECT_EQ(b.hart.x[5], 0xdead'beef'8000'0001);
  EXPECT_EQ(b.hart.x[4], 0u);
  EXPECT_EQ(b.load<u64>(data), minus_one);
}

TEST(isa, sc_without_lr_fails_and_stores_nothing) {
  Bench b;
  b.store(data, u64{1});
  b.hart.x[1] = data;
  b.hart.x[2] = 2;
  b.execute({0x1820a22f /* sc.w x4, x2, (x1) */, 0x1000a1af /* lr.w x3, (x1) */, 0x1820a2af /* sc.w x5, x2, (x1) */,
             0x1820a32f /* sc.w x6, x2, (x1) */});
  EXPECT_EQ(b.hart.x[4], 1u);
  EXPECT_EQ(b.hart.x[5], 0u);
  EXPECT_EQ(b.hart.x[6], 1u);
  EXPECT_EQ(b.load<u64>(data), 2u);
}

// Writes from outside (devices) break a reservation too.
TEST(isa, a_device_write_breaks_a_reservation) {
  Bench b;
  b.hart.x[1] = data;
  b.hart.x[2] = 2;
  b.put(code, {0x1000a1af /* lr.w x3, (x1) */, wfi, 0x1820a22f /* sc.w x4, x2, (x1) */, wfi});
  b.run();
  b.store(data, u64{7});
  b.run();
  EXPECT_EQ(b.hart.x[4], 1u);
  EXPECT_EQ(b.load<u64>(data), 7u);
}

TEST(isa, a_line_is_reserved_once) {
  Bench b;
  b.hart.x[1] = data;
  b.execute(
      {0x1000a1af /* lr.w x3, (x1) */, 0x1000a1af /* lr.w x3, (x1) */, 0x00408093 /* addi x1, x1, 4 */, 0x1000a1af /* lr.w x3, (x1) */});
  EXPECT_EQ(b.exits[ExitKind::reserve], 1u);
  EXPECT_EQ(b.retired(), 4u);
}

}  // namespace
}  // namespace bench
