// SPDX-License-Identifier: Apache-2.0
// Loads and stores: width, sign, offset, alignment, page crossings, devices.
// Source: RISC-V Unprivileged 20191213, sections 2.6, 5.3, 11.5, 12.3.
#include "tests/unit/isa/bench.hpp"

namespace bench {
namespace {

constexpr u64 pattern = 0xf1e2'd3c4'b5a6'9788;
constexpr u64 crossing = data + page_bytes - 3;

struct Load {
  u32 bits;
  const char* text;
  u64 result;
};
// x1 points at eight bytes of `pattern`.
constexpr Load loads[] = {
    {0x00008183, "lb x3, 0(x1)", 0xffff'ffff'ffff'ff88},
    {0x00408183, "lb x3, 4(x1)", 0xffff'ffff'ffff'ffc4},
    {0x0070c183, "lbu x3, 7(x1)", 0xf1},
    {0x00009183, "lh x3, 0(x1)", 0xffff'ffff'ffff'9788},
    {0x0020d183, "lhu x3, 2(x1)", 0xb5a6},
    {0x00109183, "lh x3, 1(x1)", 0xffff'ffff'ffff'a697},
    {0x0010d183, "lhu x3, 1(x1)", 0xa697},
    {0x0000a183, "lw x3, 0(x1)", 0xffff'ffff'b5a6'9788},
    {0x0040a183, "lw x3, 4(x1)", 0xffff'ffff'f1e2'd3c4},
    {0x0040e183, "lwu x3, 4(x1)", 0xf1e2'd3c4},
    {0x0030e183, "lwu x3, 3(x1)", 0xe2d3'c4b5},
    {0x0000b183, "ld x3, 0(x1)", pattern},
    {0xffd0b183, "ld x3, -3(x1)", 0xc4b5'a697'8833'2211},
    {0x0000a187, "flw f3, 0(x1)", 0xffff'ffff'b5a6'9788},
    {0x0010a187, "flw f3, 1(x1)", 0xffff'ffff'c4b5'a697},
    {0x0000b187, "fld f3, 0(x1)", pattern},
    {0xffd0b187, "fld f3, -3(x1)", 0xc4b5'a697'8833'2211},
};

bool floating(const char* text) { return text[0] == 'f'; }

void check_loads(u64 address, u32 entries) {
  for (const Load& row : loads) {
    SCOPED_TRACE(row.text);
    Bench b(entries);
    b.store(address - 8, u64{0x3322'11ff'ffff'ffff});
    b.store(address, pattern);
    b.hart.x[1] = address;
    b.execute({row.bits});
    EXPECT_EQ(floating(row.text) ? b.hart.f[3] : b.hart.x[3], row.result) << std::hex << b.hart.x[3];
    EXPECT_EQ(b.retired(), 1u);
    EXPECT_FALSE(b.trapped());
  }
}

TEST(isa, loads) { check_loads(data, 16); }
TEST(isa, loads_without_a_micro_tlb) { check_loads(data, 0); }
TEST(isa, loads_across_pages) { check_loads(crossing, 16); }
TEST(isa, loads_across_pages_without_a_micro_tlb) { check_loads(crossing, 0); }

TEST(isa, a_load_to_x0_still_accesses) {
  Bench b;
  b.forbid(data);
  b.hart.x[1] = data + 4;
  b.execute({0x0000a003 /* lw x0, 0(x1) */});
  EXPECT_EQ(b.hart.csr.mcause, static_cast<u64>(Cause::load_page_fault));
  EXPECT_EQ(b.hart.csr.mtval, data + 4);
  EXPECT_EQ(b.hart.csr.mepc, code);
}

struct Store {
  u32 bits;
  const char* text;
  u64 offset;
  u64 width;
};
constexpr Store stores[] = {
    {0x00208023, "sb x2, 0(x1)", 0, 1},  {0x002082a3, "sb x2, 5(x1)", 5, 1},  {0x00209023, "sh x2, 0(x1)", 0, 2},
    {0x002091a3, "sh x2, 3(x1)", 3, 2},  {0x0020a023, "sw x2, 0(x1)", 0, 4},  {0x0020a0a3, "sw x2, 1(x1)", 1, 4},
    {0x0020b023, "sd x2, 0(x1)", 0, 8},  {0x0020b123, "sd x2, 2(x1)", 2, 8},  {0x0020a027, "fsw f2, 0(x1)", 0, 4},
    {0x0020a0a7, "fsw f2, 1(x1)", 1, 4}, {0x0020b027, "fsd f2, 0(x1)", 0, 8}, {0x0020b227, "fsd f2, 4(x1)", 4, 8},
};

void check_stores(u64 address, u32 entries) {
  for (const Store& row : stores) {
    SCOPED_TRACE(row.text);
    Bench b(entries);
    for (u64 i = 0; i < 32; ++i) b.store(address - 8 + i, u8{0x55});
    b.hart.x[1] = address;
    b.hart.x[2] = b.hart.f[2] = pattern;
    b.execute({row.bits});
    for (u64 i = 0; i < 32; ++i) {
      const u64 from_start = i - 8 - row.offset;
      const u8 expected = from_start < row.width ? static_cast<u8>(pattern >> (8 * from_start)) : u8{0x55};
      EXPECT_EQ(b.load<u8>(address - 8 + i), expected) << "byte " << i;
    }
    EXPECT_EQ(b.retired(), 1u);
  }
}

TEST(isa, stores) { check_stores(data, 16); }
TEST(isa, stores_without_a_micro_tlb) { check_stores(data, 0); }
TEST(isa, stores_across_pages) { check_stores(crossing, 16); }
TEST(isa, stores_across_pages_without_a_micro_tlb) { check_stores(crossing, 0); }

TEST(isa, a_crossing_store_that_faults_writes_nothing) {
  for (const u64 forbidden : {data, data + page_bytes}) {
    Bench b;
    b.forbid(forbidden);
    b.store(data + page_bytes - 4, u64{0});
    b.hart.x[1] = data + page_bytes - 4;
    b.hart.x[2] = pattern;
    b.execute({0x0020b023 /* sd x2, 0(x1) */});
    EXPECT_EQ(b.hart.csr.mcause, static_cast<u64>(Cause::store_page_fault));
    EXPECT_EQ(b.hart.csr.mtval, forbidden == data ? data + page_bytes - 4 : forbidden) << "the part that faults";
    EXPECT_EQ(b.load<u64>(data + page_bytes - 4), 0u);
    EXPECT_EQ(b.retired(), 0u);
  }
}

// The two pages of an access need not be neighbours in memory.
TEST(isa, a_crossing_access_follows_the_mapping) {
  Bench b;
  const u64 elsewhere = data + 0x8000;
  b.map(data + page_bytes, elsewhere);
  b.hart.x[1] = data + page_bytes - 4;
  b.hart.x[2] = pattern;
  b.execute({0x0020b023 /* sd x2, 0(x1) */, 0x0000b183 /* ld x3, 0(x1) */});
  EXPECT_EQ(b.hart.x[3], pattern);
  EXPECT_EQ(b.load<u32>(data + page_bytes - 4), static_cast<u32>(pattern));
  EXPECT_EQ(b.load<u32>(elsewhere), static_cast<u32>(pattern >> 32));
}

TEST(isa, compressed_loads_and_stores) {
  Bench b;
  b.store(data, pattern);
  b.hart.x[8] = b.hart.x[2] = data;
  b.hart.x[9] = 0x1122'3344'5566'7788;
  b.execute({0x4048 /* c.lw x10, 4(x8) */, 0x600c /* c.ld x11, 0(x8) */, 0x2000 /* c.fld f8, 0(x8) */, 0x4602 /* c.lwsp x12, 0(x2) */,
             0x6682 /* c.ldsp x13, 0(x2) */, 0x2482 /* c.fldsp f9, 0(x2) */, 0xc404 /* c.sw x9, 8(x8) */, 0xe804 /* c.sd x9, 16(x8) */,
             0xac00 /* c.fsd f8, 24(x8) */, 0xd026 /* c.swsp x9, 32(x2) */, 0xf426 /* c.sdsp x9, 40(x2) */,
             0xb826 /* c.fsdsp f9, 48(x2) */});
  EXPECT_EQ(b.hart.x[10], 0xffff'ffff'f1e2'd3c4);
  EXPECT_EQ(b.hart.x[11], pattern);
  EXPECT_EQ(b.hart.f[8], pattern);
  EXPECT_EQ(b.hart.x[12], 0xffff'ffff'b5a6'9788);
  EXPECT_EQ(b.hart.x[13], pattern);
  EXPECT_EQ(b.hart.f[9], pattern);
  EXPECT_EQ(b.load<u64>(data + 8), 0x5566'7788u);
  EXPECT_EQ(b.load<u64>(data + 16), 0x1122'3344'5566'7788u);
  EXPECT_EQ(b.load<u64>(data + 24), pattern);
  EXPECT_EQ(b.load<u64>(data + 32), 0x5566'7788u);
  EXPECT_EQ(b.load<u64>(data + 40), 0x1122'3344'5566'7788u);
  EXPECT_EQ(b.load<u64>(data + 48), pattern);
  EXPECT_EQ(b.retired(), 12u);
}

// A device is asked once, and what it answers is extended as the instruction says.
TEST(isa, device_loads) {
  struct Row {
    u32 bits;
    const char* text;
    u64 result;
    u8 width;
  };
  constexpr Row rows[] = {
      {0x00108183, "lb x3, 1(x1)", 0xffff'ffff'ffff'ff80, 1},  {0x0010c183, "lbu x3, 1(x1)", 0x80, 1},
      {0x00209183, "lh x3, 2(x1)", 0xffff'ffff'ffff'8080, 2},  {0x0020d183, "lhu x3, 2(x1)", 0x8080, 2},
      {0x0040a183, "lw x3, 4(x1)", 0xffff'ffff'8080'8080, 4},  {0x0040e183, "lwu x3, 4(x1)", 0x8080'8080, 4},
      {0x0080b183, "ld x3, 8(x1)", 0x8080'8080'8080'8080, 8},  {0x0040a187, "flw f3, 4(x1)", 0xffff'ffff'8080'8080, 4},
      {0x0080b187, "fld f3, 8(x1)", 0x8080'8080'8080'8080, 8},
  };
  for (const u32 entries : {0u, 16u}) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.text);
      Bench b(entries);
      b.hart.x[1] = device;
      b.hart.x[3] = b.hart.f[3] = 0x1234;
      b.device_value = row.width == 8 ? 0x8080'8080'8080'8080 : 0x8080'8080 & ((u64{1} << (8 * row.width)) - 1);
      u64 asked = 0;
      b.on_exit = [&](const Exit& exit) {
        if (exit.kind != ExitKind::device) return;
        asked = exit.address;
        EXPECT_EQ(exit.width, row.width);
        EXPECT_EQ(exit.access, Access::load);
        EXPECT_EQ(b.hart.pc, code);
      };
      b.execute({row.bits, 0x00100213 /* addi x4, x0, 1 */});
      EXPECT_EQ(floating(row.text) ? b.hart.f[3] : b.hart.x[3], row.result);
      EXPECT_EQ(asked, device + (row.bits >> 20));
      EXPECT_EQ(b.exits[ExitKind::device], 1u);
      EXPECT_EQ(b.hart.x[4], 1u);
      EXPECT_EQ(b.retired(), 2u);
    }
  }
}

TEST(isa, device_stores) {
  Bench b;
  b.hart.x[1] = device;
  b.hart.x[2] = pattern;
  b.execute({0x002080a3 /* sb x2, 1(x1) */, 0x00209123 /* sh x2, 2(x1) */, 0x0020a223 /* sw x2, 4(x1) */, 0x0020b423 /* sd x2, 8(x1) */,
             0x0001 /* c.nop */});
  const std::vector<std::pair<u64, u64>> expected = {
      {device + 1, 0x88}, {device + 2, 0x9788}, {device + 4, 0xb5a6'9788}, {device + 8, pattern}};
  EXPECT_EQ(b.device_writes, expected);
  EXPECT_EQ(b.retired(), 5u);
}

TEST(isa, what_a_device_cannot_do_is_an_access_fault) {
  struct Row {
    u32 bits;
    const char* text;
    u64 address;
    Cause cause;
  };
  constexpr u64 edge = device + page_bytes;
  constexpr Row rows[] = {
      {0x0000a183, "lw x3, 0(x1)", edge - 2, Cause::load_access_fault},
      {0x0030b023, "sd x3, 0(x1)", edge - 4, Cause::store_access_fault},
      {0x0020a1af, "amoadd.w x3, x2, (x1)", device, Cause::store_access_fault},
      {0x1000a1af, "lr.w x3, (x1)", device, Cause::load_access_fault},
      {0x1820b1af, "sc.d x3, x2, (x1)", device, Cause::store_access_fault},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    Bench b;
    b.hart.x[1] = row.address;
    b.execute({row.bits});
    EXPECT_EQ(b.hart.csr.mcause, static_cast<u64>(row.cause));
    EXPECT_EQ(b.hart.csr.mtval, row.address);
    EXPECT_EQ(b.hart.csr.mepc, code);
    EXPECT_EQ(b.exits[ExitKind::device], 0u);
  }
}

}  // namespace
}  // namespace bench
