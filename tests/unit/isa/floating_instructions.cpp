// SPDX-License-Identifier: Apache-2.0
// F and D: results, exception flags, NaN boxing, rounding modes, FS. The arithmetic itself is tested beside vm/isa/float.hpp.
// Source: RISC-V Unprivileged 20191213, chapters 11 and 12.
#include "tests/unit/isa/bench.hpp"
#include "vm/isa/float.hpp"

namespace bench {
namespace {

constexpr u64 boxed = 0xffff'ffff'0000'0000;
constexpr u64 minus_one = ~u64{0};
// Singles, boxed.
constexpr u64 s0 = boxed, s_minus_0 = boxed | 0x8000'0000, s1 = boxed | 0x3f80'0000, s2 = boxed | 0x4000'0000, s3 = boxed | 0x4040'0000,
              s_minus_1 = boxed | 0xbf80'0000, s_nan = boxed | 0x7fc0'0000, s_signaling = boxed | 0x7f80'0001, s_inf = boxed | 0x7f80'0000,
              s4 = boxed | 0x4080'0000, s7 = boxed | 0x40e0'0000, s5 = boxed | 0x40a0'0000, s_minus_5 = boxed | 0xc0a0'0000,
              s_minus_7 = boxed | 0xc0e0'0000, s_third = boxed | 0x3eaa'aaab, s_largest = boxed | 0x7f7f'ffff, s6 = boxed | 0x40c0'0000;
// Doubles.
constexpr u64 d0 = 0, d_minus_0 = u64{1} << 63, d1 = 0x3ff0'0000'0000'0000, d2 = 0x4000'0000'0000'0000, d3 = 0x4008'0000'0000'0000,
              d4 = 0x4010'0000'0000'0000, d5 = 0x4014'0000'0000'0000, d6 = 0x4018'0000'0000'0000, d7 = 0x401c'0000'0000'0000,
              d_minus_1 = 0xbff0'0000'0000'0000, d_minus_5 = 0xc014'0000'0000'0000, d_minus_7 = 0xc01c'0000'0000'0000,
              d_nan = 0x7ff8'0000'0000'0000, d_signaling = 0x7ff0'0000'0000'0001, d_inf = 0x7ff0'0000'0000'0000,
              d_third = 0x3fd5'5555'5555'5555, d_largest = 0x7fef'ffff'ffff'ffff, d_1_5 = 0x3ff8'0000'0000'0000, d_tiny = 1;
constexpr u8 nx = fflag_inexact, of = fflag_overflow, dz = fflag_divide_by_zero, nv = fflag_invalid;

struct Row {
  u32 bits;
  const char* text;
  u64 f1, f2, f3;  // sources; x5 is f1 too
  u64 result;      // of f4 or x4
  u8 flags;
};

constexpr Row rows[] = {
    {0x0020f253, "fadd.s f4, f1, f2", s1, s2, 0, s3, 0},
    {0x0020f253, "fadd.s f4, f1, f2", s_largest, s_largest, 0, s_inf, of | nx},
    {0x0020f253, "fadd.s f4, f1, f2", 0x3f80'0000, s1, 0, s_nan, 0},  // not boxed: the canonical NaN
    {0x0820f253, "fsub.s f4, f1, f2", s3, s1, 0, s2, 0},
    {0x0820f253, "fsub.s f4, f1, f2", s_inf, s_inf, 0, s_nan, nv},
    {0x1020f253, "fmul.s f4, f1, f2", s2, s3, 0, s6, 0},
    {0x1820f253, "fdiv.s f4, f1, f2", s1, s3, 0, s_third, nx},
    {0x1820f253, "fdiv.s f4, f1, f2", s1, s0, 0, s_inf, dz},
    {0x5800f253, "fsqrt.s f4, f1", s4, 0, 0, s2, 0},
    {0x5800f253, "fsqrt.s f4, f1", s_minus_1, 0, 0, s_nan, nv},
    {0x1820f243, "fmadd.s f4, f1, f2, f3", s2, s3, s1, s7, 0},
    {0x1820f247, "fmsub.s f4, f1, f2, f3", s2, s3, s1, s5, 0},
    {0x1820f24b, "fnmsub.s f4, f1, f2, f3", s2, s3, s1, s_minus_5, 0},
    {0x1820f24f, "fnmadd.s f4, f1, f2, f3", s2, s3, s1, s_minus_7, 0},
    {0x20208253, "fsgnj.s f4, f1, f2", s1, s_minus_0, 0, s_minus_1, 0},
    {0x20209253, "fsgnjn.s f4, f1, f2", s1, s2, 0, s_minus_1, 0},
    {0x2020a253, "fsgnjx.s f4, f1, f2", s_minus_1, s_minus_0, 0, s1, 0},
    {0x20208253, "fsgnj.s f4, f1, f2", s_signaling, s0, 0, s_signaling, 0},
    {0x28208253, "fmin.s f4, f1, f2", s_minus_0, s0, 0, s_minus_0, 0},
    {0x28208253, "fmin.s f4, f1, f2", s_nan, s2, 0, s2, 0},
    {0x28209253, "fmax.s f4, f1, f2", s_signaling, s2, 0, s2, nv},
    {0x28209253, "fmax.s f4, f1, f2", s1, s2, 0, s2, 0},
    {0xa020a253, "feq.s x4, f1, f2", s0, s_minus_0, 0, 1, 0},
    {0xa020a253, "feq.s x4, f1, f2", s_nan, s_nan, 0, 0, 0},
    {0xa0209253, "flt.s x4, f1, f2", s1, s2, 0, 1, 0},
    {0xa0209253, "flt.s x4, f1, f2", s_nan, s2, 0, 0, nv},
    {0xa0208253, "fle.s x4, f1, f2", s2, s2, 0, 1, 0},
    {0xe0009253, "fclass.s x4, f1", s_minus_0, 0, 0, 1 << 3, 0},
    {0xe0009253, "fclass.s x4, f1", 0x3f80'0000, 0, 0, 1 << 9, 0},
    {0xe0009253, "fclass.s x4, f1", s_signaling, 0, 0, 1 << 8, 0},
    {0xc0009253, "fcvt.w.s x4, f1, rtz", s_minus_5, 0, 0, minus_one - 4, 0},
    {0xc0009253, "fcvt.w.s x4, f1, rtz", s_nan, 0, 0, 0x7fff'ffff, nv},
    {0xc0109253, "fcvt.wu.s x4, f1, rtz", s_inf, 0, 0, minus_one, nv},
    {0xc0109253, "fcvt.wu.s x4, f1, rtz", s_minus_1, 0, 0, 0, nv},
    {0xc0209253, "fcvt.l.s x4, f1, rtz", s_minus_7, 0, 0, minus_one - 6, 0},
    {0xc0309253, "fcvt.lu.s x4, f1, rtz", s_inf, 0, 0, minus_one, nv},
    {0xe0008253, "fmv.x.w x4, f1", s_minus_1, 0, 0, 0xffff'ffff'bf80'0000, 0},
    {0xe0008253, "fmv.x.w x4, f1", 0x1234'5678'3f80'0000, 0, 0, 0x3f80'0000, 0},
    {0xf0028253, "fmv.w.x f4, x5", 0x1234'5678'3f80'0000, 0, 0, s1, 0},
    {0xd002f253, "fcvt.s.w f4, x5", 0x7'ffff'ffff, 0, 0, s_minus_1, 0},
    {0xd012f253, "fcvt.s.wu f4, x5", 0x7'0000'0007, 0, 0, s7, 0},
    {0xd012f253, "fcvt.s.wu f4, x5", 0xffff'ffff, 0, 0, boxed | 0x4f80'0000, nx},
    {0xd022f253, "fcvt.s.l f4, x5", minus_one, 0, 0, s_minus_1, 0},
    {0xd032f253, "fcvt.s.lu f4, x5", minus_one, 0, 0, boxed | 0x5f80'0000, nx},
    {0x0220f253, "fadd.d f4, f1, f2", d1, d2, 0, d3, 0},
    {0x0220f253, "fadd.d f4, f1, f2", d_largest, d_largest, 0, d_inf, of | nx},
    {0x0a20f253, "fsub.d f4, f1, f2", d3, d1, 0, d2, 0},
    {0x0a20f253, "fsub.d f4, f1, f2", d1, d1, 0, d0, 0},
    {0x0a20a253, "fsub.d f4, f1, f2, rdn", d1, d1, 0, d_minus_0, 0},
    {0x1220f253, "fmul.d f4, f1, f2", d2, d3, 0, d6, 0},
    {0x1220f253, "fmul.d f4, f1, f2", d_tiny, d_tiny, 0, d0, nx | fflag_underflow},
    {0x1a20f253, "fdiv.d f4, f1, f2", d1, d3, 0, d_third, nx},
    {0x1a20b253, "fdiv.d f4, f1, f2, rup", d1, d3, 0, d_third + 1, nx},
    {0x1a20f253, "fdiv.d f4, f1, f2", d1, d_minus_0, 0, d_inf | d_minus_0, dz},
    {0x1a20f253, "fdiv.d f4, f1, f2", d0, d0, 0, d_nan, nv},
    {0x5a00f253, "fsqrt.d f4, f1", d4, 0, 0, d2, 0},
    {0x1a20f243, "fmadd.d f4, f1, f2, f3", d2, d3, d1, d7, 0},
    {0x1a20f247, "fmsub.d f4, f1, f2, f3", d2, d3, d1, d5, 0},
    {0x1a20f24b, "fnmsub.d f4, f1, f2, f3", d2, d3, d1, d_minus_5, 0},
    {0x1a20f24f, "fnmadd.d f4, f1, f2, f3", d2, d3, d1, d_minus_7, 0},
    {0x1a20f24f, "fnmadd.d f4, f1, f2, f3", d_inf, d0, d_nan, d_nan, nv},
    {0x22208253, "fsgnj.d f4, f1, f2", d1, d_minus_0, 0, d_minus_1, 0},
    {0x22209253, "fsgnjn.d f4, f1, f2", d1, d_minus_1, 0, d1, 0},
    {0x2220a253, "fsgnjx.d f4, f1, f2", d_minus_1, d_minus_1, 0, d1, 0},
    {0x2a208253, "fmin.d f4, f1, f2", d0, d_minus_0, 0, d_minus_0, 0},
    {0x2a209253, "fmax.d f4, f1, f2", d_nan, d_signaling, 0, d_nan, nv},
    {0xa220a253, "feq.d x4, f1, f2", d1, d1, 0, 1, 0},
    {0xa220a253, "feq.d x4, f1, f2", d_signaling, d1, 0, 0, nv},
    {0xa2209253, "flt.d x4, f1, f2", d_minus_1, d1, 0, 1, 0},
    {0xa2209253, "flt.d x4, f1, f2", d0, d_minus_0, 0, 0, 0},
    {0xa2208253, "fle.d x4, f1, f2", d_nan, d1, 0, 0, nv},
    {0xe2009253, "fclass.d x4, f1", d_inf | d_minus_0, 0, 0, 1 << 0, 0},
    {0xe2009253, "fclass.d x4, f1", d_minus_1, 0, 0, 1 << 1, 0},
    {0xe2009253, "fclass.d x4, f1", d_minus_0 | d_tiny, 0, 0, 1 << 2, 0},
    {0xe2009253, "fclass.d x4, f1", d0, 0, 0, 1 << 4, 0},
    {0xe2009253, "fclass.d x4, f1", d_tiny, 0, 0, 1 << 5, 0},
    {0xe2009253, "fclass.d x4, f1", d1, 0, 0, 1 << 6, 0},
    {0xe2009253, "fclass.d x4, f1", d_inf, 0, 0, 1 << 7, 0},
    {0xe2009253, "fclass.d x4, f1", d_nan, 0, 0, 1 << 9, 0},
    {0xc2008253, "fcvt.w.d x4, f1, rne", d_1_5, 0, 0, 2, nx},
    {0xc2009253, "fcvt.w.d x4, f1, rtz", d_1_5, 0, 0, 1, nx},
    {0xc200f253, "fcvt.w.d x4, f1", d_inf | d_minus_0, 0, 0, 0xffff'ffff'8000'0000, nv},
    {0xc2109253, "fcvt.wu.d x4, f1, rtz", 0x41ef'ffff'ffe0'0000, 0, 0, minus_one, 0},  // 4294967295, sign-extended
    {0xc2209253, "fcvt.l.d x4, f1, rtz", d_minus_7, 0, 0, minus_one - 6, 0},
    {0xc2209253, "fcvt.l.d x4, f1, rtz", d_nan, 0, 0, minus_one >> 1, nv},
    {0xc2309253, "fcvt.lu.d x4, f1, rtz", 0x43ef'ffff'ffff'ffff, 0, 0, 0xffff'ffff'ffff'f800, 0},
    {0xe2008253, "fmv.x.d x4, f1", d_signaling, 0, 0, d_signaling, 0},
    {0xf2028253, "fmv.d.x f4, x5", 0x1234, 0, 0, 0x1234, 0},
    {0xd2028253, "fcvt.d.w f4, x5", 0xffff'ffff, 0, 0, d_minus_1, 0},
    {0xd2128253, "fcvt.d.wu f4, x5", 0xffff'ffff'0000'0007, 0, 0, d7, 0},
    {0xd222f253, "fcvt.d.l f4, x5", minus_one, 0, 0, d_minus_1, 0},
    {0xd232f253, "fcvt.d.lu f4, x5", minus_one, 0, 0, 0x43f0'0000'0000'0000, nx},
    {0x4010f253, "fcvt.s.d f4, f1", d_minus_7, 0, 0, s_minus_7, 0},
    {0x4010f253, "fcvt.s.d f4, f1", d_third, 0, 0, s_third, nx},
    {0x4010f253, "fcvt.s.d f4, f1", d_largest, 0, 0, s_inf, of | nx},
    {0x42008253, "fcvt.d.s f4, f1", s_minus_7, 0, 0, d_minus_7, 0},
    {0x42008253, "fcvt.d.s f4, f1", 0x3f80'0000, 0, 0, d_nan, 0},
};

bool writes_x(const char* text) { return std::string_view(text).find(" x4") != std::string_view::npos; }

TEST(isa, floating_point_operations) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    Bench b;
    b.hart.f[1] = b.hart.x[5] = row.f1;
    b.hart.f[2] = row.f2;
    b.hart.f[3] = row.f3;
    b.hart.x[4] = b.hart.f[4] = 0x5555;
    b.execute({row.bits});
    EXPECT_EQ(writes_x(row.text) ? b.hart.x[4] : b.hart.f[4], row.result) << std::hex << b.hart.x[4] << ' ' << b.hart.f[4];
    EXPECT_EQ(writes_x(row.text) ? b.hart.f[4] : b.hart.x[4], 0x5555u);
    EXPECT_EQ(b.hart.csr.fflags, row.flags);
    EXPECT_EQ(b.retired(), 1u);
    const bool dirty = (b.hart.csr.mstatus & mstatus::fs) == mstatus::fs;
    EXPECT_EQ(dirty, !writes_x(row.text) || row.flags != 0);
  }
}

TEST(isa, flags_accumulate) {
  Bench b;
  b.hart.f[1] = d1;
  b.hart.f[2] = d0;
  b.hart.f[3] = d3;
  b.execute({0x1a20f253 /* fdiv.d f4, f1, f2 */, 0x1a30f253 /* fdiv.d f4, f1, f3 */, 0x001021f3 /* csrr x3, fflags */,
             0x0210f253 /* fadd.d f4, f1, f1 */, 0x00302273 /* csrr x4, fcsr */});
  EXPECT_EQ(b.hart.x[3], u64{dz | nx});
  EXPECT_EQ(b.hart.x[4], u64{dz | nx});
}

// With dyn the mode comes from frm, and a reserved one there is an illegal instruction.
TEST(isa, dynamic_rounding) {
  for (u8 mode = 0; mode < 8; ++mode) {
    Bench b;
    b.hart.csr.frm = mode;
    b.hart.f[1] = d1;
    b.hart.f[2] = d3;
    const u32 bits = 0x1a20f253 /* fdiv.d f4, f1, f2, dyn */;
    b.execute({bits});
    if (mode <= 4) {
      EXPECT_EQ(b.hart.f[4], mode == 3 ? d_third + 1 : d_third);
    } else {
      EXPECT_EQ(b.hart.csr.mcause, static_cast<u64>(Cause::illegal_instruction));
      EXPECT_EQ(b.hart.csr.mtval, bits);
      EXPECT_EQ(b.hart.f[4], 0u);
    }
  }
}

TEST(isa, a_destination_of_x0_takes_the_flags_only) {
  Bench b;
  b.hart.f[1] = d_signaling;
  b.execute({0xc200f053 /* fcvt.w.d x0, f1 */, 0xa210a053 /* feq.d x0, f1, f1 */});
  EXPECT_EQ(b.hart.x[0], 0u);
  EXPECT_EQ(b.hart.csr.fflags, nv);
  EXPECT_EQ(b.retired(), 2u);
}

// f0 is a register like any other.
TEST(isa, f0_is_writable) {
  Bench b;
  b.hart.f[1] = d1;
  b.hart.x[1] = data;
  b.store(data, d7);
  b.execute({0x0210f053 /* fadd.d f0, f1, f1 */, 0x22000153 /* fsgnj.d f2, f0, f0 */, 0x0000b007 /* fld f0, 0(x1) */});
  EXPECT_EQ(b.hart.f[2], d2);
  EXPECT_EQ(b.hart.f[0], d7);
}

TEST(isa, everything_that_touches_f_is_illegal_while_fs_is_off) {
  const u32 forms[] = {0x0020f253 /* fadd.s f4, f1, f2 */,
                       0xe2008253 /* fmv.x.d x4, f1 */,
                       0x0000b087 /* fld f1, 0(x1) */,
                       0x0010a027 /* fsw f1, 0(x1) */,
                       0x2000 /* c.fld f8, 0(x8) */,
                       0xa022 /* c.fsdsp f8, 0(x2) */,
                       0x003021f3 /* csrr x3, fcsr */};
  for (const u32 bits : forms) {
    Bench b;
    b.hart.csr.mstatus &= ~mstatus::fs;
    code_context_changed(b.hart);
    b.hart.x[1] = b.hart.x[2] = b.hart.x[8] = data;
    b.execute({0x0001 /* c.nop */, bits});
    EXPECT_EQ(b.hart.csr.mcause, static_cast<u64>(Cause::illegal_instruction));
    EXPECT_EQ(b.hart.csr.mtval, bits);
    EXPECT_EQ(b.hart.csr.mepc, code + 2);
  }
}

// Turning FS on in the middle of the program must not run what was decoded while it was off.
TEST(engine, fs_is_part_of_the_context) {
  Bench b;
  b.hart.csr.mstatus &= ~mstatus::fs;
  b.hart.x[5] = mstatus::fs;
  b.hart.f[1] = d1;
  code_context_changed(b.hart);
  const u64 body = code + 0x100;
  b.put(body, {0x0210f153 /* fadd.d f2, f1, f1 */, wfi});
  b.start(body);
  b.run();
  EXPECT_TRUE(b.trapped());
  b.put(code, {0x3002a073 /* csrs mstatus, x5 */, 0x0fc0006f /* j .+0xfc */});
  b.start(code);
  b.run();
  EXPECT_FALSE(b.trapped());
  EXPECT_EQ(b.hart.f[2], d2);
}

}  // namespace
}  // namespace bench
