// SPDX-License-Identifier: Apache-2.0
// CSR instructions, environment calls, returns, WFI, fences.
// Source: Zicsr 2.0; RISC-V Privileged 1.12, sections 3.3, 4.2.1.
#include "tests/unit/isa/bench.hpp"

namespace bench {
namespace {

u64 illegal() { return static_cast<u64>(Cause::illegal_instruction); }

TEST(isa, csr_instructions) {
  struct Row {
    u32 bits;
    const char* text;
    u64 x1;
    u64 after;  // of mscratch, which holds 0xff before
  };
  constexpr Row rows[] = {
      {0x340091f3, "csrrw x3, mscratch, x1", 0x123, 0x123}, {0x3400a1f3, "csrrs x3, mscratch, x1", 0xf00, 0xfff},
      {0x3400b1f3, "csrrc x3, mscratch, x1", 0x0f, 0xf0},   {0x340fd1f3, "csrrwi x3, mscratch, 31", 0, 31},
      {0x340061f3, "csrrsi x3, mscratch, 0", 0, 0xff},      {0x3401f1f3, "csrrci x3, mscratch, 3", 0, 0xfc},
      {0x340021f3, "csrrs x3, mscratch, x0", 0, 0xff},      {0x340031f3, "csrrc x3, mscratch, x0", 0, 0xff},
      {0x340011f3, "csrrw x3, mscratch, x0", 0, 0},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    Bench b;
    b.hart.csr.mscratch = 0xff;
    b.hart.x[1] = row.x1;
    b.execute({row.bits});
    EXPECT_EQ(b.hart.x[3], 0xffu);
    EXPECT_EQ(b.hart.csr.mscratch, row.after);
    EXPECT_EQ(b.retired(), 1u);
  }
}

TEST(isa, a_csr_may_be_exchanged_with_one_register) {
  Bench b;
  b.hart.csr.mscratch = 5;
  b.hart.x[2] = 6;
  b.execute({0x34011173 /* csrrw x2, mscratch, x2 */, 0x34001073 /* csrrw x0, mscratch, x0 */});
  EXPECT_EQ(b.hart.x[2], 5u);
  EXPECT_EQ(b.hart.x[0], 0u);
}

TEST(isa, illegal_csr_accesses_trap_with_their_bits) {
  for (const u32 bits : {0xf1409073 /* csrw mhartid, x1 */, 0xf110a1f3 /* csrrs x3, mvendorid, x1 */, 0x8ff021f3 /* csrr x3, 0x8ff */,
                         0xc000d073 /* csrwi cycle, 1 */}) {
    Bench b;
    b.hart.x[1] = 1;
    b.hart.x[3] = 77;
    b.execute({0x0001 /* c.nop */, bits});
    EXPECT_EQ(b.hart.csr.mcause, illegal());
    EXPECT_EQ(b.hart.csr.mtval, bits);
    EXPECT_EQ(b.hart.csr.mepc, code + 2);
    EXPECT_EQ(b.hart.x[3], 77u);
  }
}

// minstret read in a program counts exactly the instructions before it, also in the middle of a block and behind a fused pair.
TEST(isa, instret_is_exact) {
  Bench b;
  b.hart.x[1] = data;
  b.execute({0xb02021f3 /* csrr x3, minstret */, 0x00128293 /* addi x5, x5, 1 */, 0x00128293 /* addi x5, x5, 1 */,
             0xb0202273 /* csrr x4, minstret */, 0x00001337 /* lui x6, 1 */, 0x00130313 /* addi x6, x6, 1 */, 0x0060b023 /* sd x6, 0(x1) */,
             0x00601263 /* bne x0, x6, .+4 */, 0x0001 /* c.nop */, 0xc02023f3 /* csrr x7, instret */, 0xb0201073 /* csrw minstret, x0 */,
             0xb0202473 /* csrr x8, minstret */});
  EXPECT_EQ(b.hart.x[4] - b.hart.x[3], 3u);
  EXPECT_EQ(b.hart.x[7] - b.hart.x[4], 6u);
  EXPECT_EQ(b.hart.x[8], 0u) << "the write takes effect after the writing instruction";
}

TEST(isa, ecall_and_ebreak) {
  Bench b;
  b.execute({0x0001 /* c.nop */, 0x00000073 /* ecall */});
  EXPECT_EQ(b.hart.csr.mcause, static_cast<u64>(Cause::ecall_from_machine));
  EXPECT_EQ(b.hart.csr.mepc, code + 2);
  EXPECT_EQ(b.hart.csr.mtval, 0u);
  EXPECT_EQ(b.retired(), 1u) << "ecall does not retire";
  b.execute({0x0001 /* c.nop */, 0x00100073 /* ebreak */});
  EXPECT_EQ(b.hart.csr.mcause, static_cast<u64>(Cause::breakpoint));
  EXPECT_EQ(b.hart.csr.mtval, code + 2);
  b.execute({0x9002 /* c.ebreak */});
  EXPECT_EQ(b.hart.csr.mcause, static_cast<u64>(Cause::breakpoint));
  EXPECT_EQ(b.hart.csr.mepc, code);
}

TEST(isa, illegal_instructions_trap_with_their_bits) {
  for (const u32 bits : {0xffff'ffffu, 0x0000u, 0x8000u, 0x0200'101bu, 0x0000'707fu}) {
    Bench b;
    b.execute({0x00100193 /* addi x3, x0, 1 */, bits});
    EXPECT_EQ(b.hart.csr.mcause, illegal());
    EXPECT_EQ(b.hart.csr.mtval, bits);
    EXPECT_EQ(b.hart.csr.mepc, code + 4);
    EXPECT_EQ(b.hart.x[3], 1u);
    EXPECT_EQ(b.retired(), 1u);
  }
}

// Through all privileges and back: mret to user, ecall, mret to supervisor, ecall delegated to itself, sret.
TEST(isa, calls_and_returns_change_privilege) {
  Bench b;
  b.hart.csr.pmp_config[0] = 0x1f;  // NAPOT, all permissions, everything
  b.hart.csr.pmp_address[0] = ~u64{0} >> 10;
  const u64 handler = code + 0x400, user = code + 0x200;
  b.put(code, {0x30529073 /* csrw mtvec, x5 */, 0x34131073 /* csrw mepc, x6 */, 0x30200073 /* mret */});
  b.put(user, {0x00000073 /* ecall */, 0x00140413 /* addi x8, x8, 1 */, 0x00000073 /* ecall */, wfi});
  b.put(handler,
        {0x34102573 /* csrr x10, mepc */, 0x00450513 /* addi x10, x10, 4 */, 0x34151073 /* csrw mepc, x10 */,
         0x342025f3 /* csrr x11, mcause */, 0x00b60633 /* add x12, x12, x11 */, 0x3003a073 /* csrs mstatus, x7 */, 0x30200073 /* mret */});
  b.hart.x[5] = handler;
  b.hart.x[6] = user;
  b.hart.x[7] = u64{1} << mstatus::mpp_shift;  // to supervisor the second time
  b.start(code);
  b.run();
  EXPECT_EQ(b.hart.x[8], 1u);
  EXPECT_EQ(b.hart.x[12], 8u + 9u) << "from user, then from supervisor";
  EXPECT_EQ(b.hart.csr.privilege, Privilege::supervisor);
  EXPECT_EQ(b.hart.pc, user + 16);
  EXPECT_EQ(b.hart.retired, 3u + 1 + 7 + 7 + 1);
}

TEST(isa, returns_and_fences_are_privileged) {
  for (const u32 bits : {0x30200073 /* mret */, 0x10200073 /* sret */, 0x10500073 /* wfi */, 0x12000073 /* sfence.vma */}) {
    Bench b;
    b.put(code + 0x100, {bits});
    b.put(code, {0x34131073 /* csrw mepc, x6 */, 0x30200073 /* mret */});
    b.hart.x[6] = code + 0x100;
    b.start(code);
    b.run();
    EXPECT_EQ(b.hart.csr.mcause, illegal());
    EXPECT_EQ(b.hart.csr.mtval, bits);
    EXPECT_EQ(b.hart.csr.mepc, code + 0x100);
  }
}

TEST(isa, wfi_waits_unless_an_interrupt_is_pending) {
  Bench b;
  b.put(code, {wfi, 0x00100193 /* addi x3, x0, 1 */, wfi});
  EXPECT_TRUE(b.run(2));
  EXPECT_EQ(b.last.kind, ExitKind::wait);
  EXPECT_EQ(b.hart.pc, code + 4);
  EXPECT_EQ(b.hart.retired, 1u);
  Bench c;
  c.put(code, {wfi, 0x00100193 /* addi x3, x0, 1 */, 0x30401073 /* csrw mie, x0 */, wfi});
  c.hart.csr.mie = interrupt::msip;
  c.hart.signals.lines.fetch_or(interrupt::msip, release, "test");
  EXPECT_TRUE(c.run());
  EXPECT_EQ(c.hart.x[3], 1u) << "pending, though not deliverable";
  EXPECT_EQ(c.hart.retired, 4u);
}

TEST(isa, fences) {
  Bench b;
  b.hart.x[5] = 0x1234'5678'9abc'd000;
  b.hart.x[6] = 0x1'0042;
  std::vector<Exit> seen;
  b.on_exit = [&](const Exit& exit) {
    if (exit.kind == ExitKind::fence_vma || exit.kind == ExitKind::fence_i) seen.push_back(exit);
  };
  b.execute({0x0ff0000f /* fence */, 0x0210000f /* fence r, w */, 0x8330000f /* fence.tso */, 0x0100'000f, 0x0000100f /* fence.i */,
             0x12000073 /* sfence.vma */, 0x12028073 /* sfence.vma x5, x0 */, 0x12600073 /* sfence.vma x0, x6 */,
             0x12628073 /* sfence.vma x5, x6 */, 0x00100193 /* addi x3, x0, 1 */});
  ASSERT_EQ(seen.size(), 5u);
  EXPECT_EQ(seen[0].kind, ExitKind::fence_i);
  EXPECT_FALSE(seen[1].scope.page || seen[1].scope.asid);
  EXPECT_EQ(seen[2].scope.page, Vpn{0x1'2345'6789'abcd});
  EXPECT_FALSE(seen[2].scope.asid);
  EXPECT_FALSE(seen[3].scope.page);
  EXPECT_EQ(seen[3].scope.asid, Asid{0x42});
  EXPECT_EQ(seen[4].scope.page, Vpn{0x1'2345'6789'abcd});
  EXPECT_EQ(seen[4].scope.asid, Asid{0x42});
  EXPECT_EQ(b.hart.x[3], 1u);
  EXPECT_EQ(b.retired(), 10u);
}

TEST(isa, an_interrupt_is_taken_when_it_is_let_in) {
  Bench b;
  b.hart.csr.mie = interrupt::msip;
  b.hart.signals.lines.fetch_or(interrupt::msip, release, "test");
  b.put(trap_vector, {0x30401073 /* csrw mie, x0 */, wfi});  // a WFI does not wait while an enabled interrupt is pending
  b.execute({0x0001 /* c.nop */, 0x30046073 /* csrsi mstatus, 8 */, 0x00100193 /* addi x3, x0, 1 */});
  EXPECT_EQ(b.hart.csr.mcause, (u64{1} << 63) | 3);
  EXPECT_EQ(b.hart.csr.mepc, code + 6);
  EXPECT_EQ(b.hart.x[3], 0u);
}

}  // namespace
}  // namespace bench
