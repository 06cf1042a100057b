// SPDX-License-Identifier: Apache-2.0
// Where the engine leaves, with what state, and how it goes on: precise traps, restarts, code writes, retired and cold blocks, slices.
// Source: vm/hart/exit.hpp, vm/layers/gc.hpp (entry_cost).
#include "tests/unit/isa/bench.hpp"

namespace bench {
namespace {

// The second half of a fused pair traps: the first half has happened, the second has not.
TEST(engine, a_trap_inside_a_fused_pair_is_precise) {
  for (const u32 entries : {0u, 16u}) {
    Bench b(entries);
    b.forbid(data + page_bytes);
    b.store(data, u64{11});
    b.hart.x[1] = data;
    b.hart.x[2] = data + page_bytes;
    b.execute({0x0001 /* c.nop */, 0x0000b183 /* ld x3, 0(x1) */, 0x00013203 /* ld x4, 0(x2) */, 0x00100293 /* addi x5, x0, 1 */});
    EXPECT_EQ(b.hart.csr.mcause, static_cast<u64>(Cause::load_page_fault));
    EXPECT_EQ(b.hart.csr.mepc, code + 6);
    EXPECT_EQ(b.hart.x[3], 11u);
    EXPECT_EQ(b.hart.x[4], 0u);
    EXPECT_EQ(b.hart.x[5], 0u);
    EXPECT_EQ(b.retired(), 2u);
  }
}

TEST(engine, a_load_may_overwrite_its_base_only_when_it_succeeds) {
  Bench b;
  b.forbid(data);
  b.hart.x[1] = data;
  b.execute({0x0000b083 /* ld x1, 0(x1) */});
  EXPECT_TRUE(b.trapped());
  EXPECT_EQ(b.hart.x[1], data);
}

TEST(engine, a_restart_needs_no_block) {
  Bench b;
  b.hart.x[1] = data;
  b.execute({0x0001 /* c.nop */, 0x0000b183 /* ld x3, 0(x1) */, 0x0030b023 /* sd x3, 0(x1) */, 0x0080a183 /* lw x3, 8(x1) */});
  EXPECT_EQ(b.exits[ExitKind::translate], 2u) << "for the load, then for the store";
  EXPECT_EQ(b.exits[ExitKind::block], 1u);
  EXPECT_EQ(b.retired(), 4u);
}

// With no micro-TLB each access asks, even for the page of the access before: a slot serves one instruction.
TEST(engine, a_slot_serves_one_instruction) {
  Bench b(0);
  b.hart.x[1] = data;
  b.execute({0x0000b183 /* ld x3, 0(x1) */, 0x0000b183 /* ld x3, 0(x1) */, 0x0030b423 /* sd x3, 8(x1) */, 0x0040a203 /* lw x4, 4(x1) */,
             0x0040a2af /* amoadd.w x5, x4, (x1) */});
  EXPECT_EQ(b.exits[ExitKind::translate], 5u);
  EXPECT_EQ(b.retired(), 5u);
}

TEST(engine, every_exit_names_the_present_pc) {
  Bench b(0);
  b.hart.x[1] = data;
  b.hart.x[2] = device;
  std::vector<std::pair<ExitKind, u64>> seen;
  std::vector<u64> counts;
  b.on_exit = [&](const Exit& exit) {
    seen.emplace_back(exit.kind, b.hart.pc);
    counts.push_back(b.hart.retired);
  };
  b.execute({0x0001 /* c.nop */, 0x0000b183 /* ld x3, 0(x1) */, 0x00012183 /* lw x3, 0(x2) */, 0x1000a1af /* lr.w x3, (x1) */,
             0x0000100f /* fence.i */});
  using K = ExitKind;
  const std::vector<std::pair<K, u64>> expected = {{K::block, code},        {K::translate, code + 2},  {K::translate, code + 6},
                                                   {K::device, code + 6},   {K::translate, code + 10}, {K::reserve, code + 10},
                                                   {K::fence_i, code + 18}, {K::block, code + 18},     {K::wait, code + 22}};
  // The restart after `reserve` finds its slot still there: it was not used up.
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(counts, (std::vector<u64>{0, 1, 2, 2, 3, 3, 5, 5, 6}));
}

// A store to the page that it runs in: the new bytes are what is executed next.
TEST(engine, a_program_may_modify_itself) {
  for (const u32 entries : {0u, 16u}) {
    Bench b(entries);
    b.hart.x[1] = code;
    b.hart.x[2] = 0x00200193 /* addi x3, x0, 2 */;
    unsigned odd = 0;
    b.on_exit = [&](const Exit& exit) {
      if (exit.kind != ExitKind::code_written) return;
      odd = b.hart.signals.code_write.load(relaxed) & 1;
      EXPECT_EQ(b.hart.pc, code + 4);
      EXPECT_EQ(exit.pages[0].value, code >> page_shift);
      EXPECT_EQ(exit.pages[1], no_page);
      EXPECT_EQ(exit.virtual_address, code + 8);
    };
    b.execute({0x0020a423 /* sw x2, 8(x1) */, 0x0001 /* c.nop */, 0x0001 /* c.nop */, 0x00100193 /* addi x3, x0, 1 */});
    EXPECT_EQ(b.hart.x[3], 2u);
    EXPECT_EQ(b.exits[ExitKind::code_written], 1u);
    EXPECT_EQ(odd, 1u) << "announced before the bytes";
    EXPECT_EQ(b.hart.signals.code_write.load(relaxed) & 1, 0u);
    EXPECT_EQ(b.retired(), 4u);
  }
}

TEST(engine, atomics_and_crossing_stores_report_code_writes) {
  const u64 second = code + page_bytes;
  for (const u32 bits : {0x0020b1af /* amoadd.d x3, x2, (x1) */, 0x0020b223 /* sd x2, 4(x1) */, 0x0820a1af /* amoswap.w x3, x2, (x1) */}) {
    Bench b;
    b.put(second, {wfi});
    b.start(second);
    b.run();  // the second page holds code now
    b.hart.x[1] = bits == 0x0020b223 /* sd x2, 4(x1) */ ? second - 8 : second + 0x100;
    Exit written;
    b.on_exit = [&](const Exit& exit) {
      if (exit.kind == ExitKind::code_written) written = exit;
    };
    b.put(code + 0x10, {bits, wfi});
    b.start(code + 0x10);
    b.run();
    EXPECT_EQ(written.kind, ExitKind::code_written);
    const bool in_first = bits == 0x0020b223 /* sd x2, 4(x1) */;
    EXPECT_EQ(written.pages[in_first ? 1 : 0].value, second >> page_shift);
    EXPECT_EQ(written.pages[0].value, (in_first ? code : second) >> page_shift) << "the code page that it runs in is tracked too";
  }
}

// SC to a code page ends what it announced whether it succeeds or not.
TEST(engine, sc_to_a_code_page) {
  for (const bool succeeds : {true, false}) {
    Bench b;
    b.hart.x[1] = code + 0x800;
    b.hart.x[2] = 9;
    std::vector<u32> program = {0x1000a1af /* lr.w x3, (x1) */};
    if (!succeeds) program.push_back(0x0020a2af /* amoadd.w x5, x2, (x1) */);
    program.push_back(0x1820a22f /* sc.w x4, x2, (x1) */);
    b.execute(program);
    EXPECT_EQ(b.hart.x[4], succeeds ? 0u : 1u);
    EXPECT_EQ(b.load<u32>(code + 0x800), 9u);
    EXPECT_EQ(b.hart.signals.code_write.load(relaxed) & 1, 0u);
  }
}

TEST(engine, a_retired_block_is_left_at_its_entry) {
  Bench b;
  b.put(code, {0x00118193 /* addi x3, x3, 1 */, 0x0080006f /* j .+8 */, wfi, 0x00118193 /* addi x3, x3, 1 */, 0xff9ff06f /* j .-8 */});
  b.run();
  b.start(code);
  const u64 blocks = b.exits[ExitKind::block];
  b.run();
  EXPECT_EQ(b.exits[ExitKind::block], blocks + 1) << "the first is looked up, the others are linked";
  b.block_at(code + 12)->retire();
  b.start(code);
  bool asked = false;
  b.on_exit = [&](const Exit& exit) {
    if (exit.kind != ExitKind::block || b.hart.pc != code + 12) return;
    asked = true;
    EXPECT_EQ(b.hart.link_from, b.block_at(code));
    EXPECT_EQ(b.hart.link_slot, 1);
    b.block_at(code + 12)->entry_cost.store(2, relaxed);
  };
  b.run();
  EXPECT_TRUE(asked);
  EXPECT_EQ(b.hart.x[3], 6u);
}

TEST(engine, a_cold_block_is_warmed_by_entering_it) {
  Bench b;
  b.put(code, {0x00118193 /* addi x3, x3, 1 */, 0xfe419ee3 /* bne x3, x4, .-4 */, wfi});
  b.hart.x[4] = 3;
  b.run();
  Block* const block = b.block_at(code);
  block->chill();
  EXPECT_TRUE(block->cold());
  b.hart.x[3] = 0;
  const u64 before = b.hart.retired;
  b.start(code);
  b.run();
  EXPECT_FALSE(block->cold());
  EXPECT_EQ(b.hart.retired - before, 7u);
}

// Attention is looked at within a slice and one block.
TEST(engine, a_loop_comes_to_a_safepoint) {
  Bench b;
  b.put(code, {0x00118193 /* addi x3, x3, 1 */, 0xffdff06f /* j .-4 */});
  b.hart.signals.attention.fetch_or(attention_stop, release, "test");
  for (unsigned i = 0; i < 50; ++i) {
    const u64 before = b.hart.retired;
    do {
      b.hart.signals.attention.fetch_or(attention_stop, release, "test");
      b.step();
      ASSERT_LT(b.hart.retired - before, u64{slice_instructions + block_instructions});
    } while (b.last.kind != ExitKind::safepoint);
    EXPECT_EQ(b.hart.retired % 2, 0u);
    EXPECT_EQ(b.hart.x[3], b.hart.retired / 2);
    EXPECT_EQ(b.hart.pc, code);
  }
}

TEST(engine, safepoints_come_between_exits_too) {
  Bench b(0);
  b.hart.x[1] = device;
  b.put(code, {0x0000a183 /* lw x3, 0(x1) */, 0xffdff06f /* j .-4 */});
  for (unsigned i = 0; i < 5 * slice_instructions && b.exits[ExitKind::safepoint] < 3; ++i) {
    b.hart.signals.attention.fetch_or(attention_stop, release, "test");
    b.step();
  }
  EXPECT_GE(b.exits[ExitKind::safepoint], 3u) << "a program that leaves all the time is no excuse";
}

TEST(engine, a_timer_interrupts_a_loop) {
  Bench b;
  b.hart.csr.mie = interrupt::mtip;
  b.hart.csr.mstatus |= mstatus::mie;
  b.hart.signals.mtimecmp.store(0, relaxed);
  b.put(trap_vector, {0x30401073 /* csrw mie, x0 */, wfi});
  b.put(code, {0x00118193 /* addi x3, x3, 1 */, 0xffdff06f /* j .-4 */});
  EXPECT_TRUE(b.run());
  EXPECT_EQ(b.hart.csr.mcause, (u64{1} << 63) | 7);
  EXPECT_LE(b.hart.retired, u64{slice_instructions * (timer_poll_slices + 2)});
  EXPECT_EQ(b.hart.csr.mepc % 4, 0u);
}

// Long straight code is cut into blocks of block_instructions; at a page's end too.
TEST(engine, straight_code_over_blocks_and_pages) {
  for (const u32 entries : {0u, 16u}) {
    Bench b(entries);
    std::vector<u32> program;
    for (unsigned i = 0; i < 3000; ++i) program.push_back(i % 3 == 0 ? 0x0185 /* c.addi x3, 1 */ : 0x00118193 /* addi x3, x3, 1 */);
    b.put(code, program);
    b.put(code + 10000, {wfi});
    b.run();
    EXPECT_EQ(b.hart.x[3], 3000u);
    EXPECT_EQ(b.retired(), 3000u);
  }
}

// Loops run on links and on the jump cache; without a micro-TLB only jumps that leave the page, and indirect ones, ask for their block.
TEST(engine, loops_do_not_leave) {
  struct Loop {
    const char* name;
    std::vector<u32> body;
    u64 asks_without_micro_tlb;
  };
  const Loop loops[] = {
      {"near", {0x00118193 /* addi x3, x3, 1 */, 0xfe419ee3 /* bne x3, x4, .-4 */, wfi}, 0},
      {"indirect", {0x00118193 /* addi x3, x3, 1 */, 0x00418463 /* beq x3, x4, .+8 */, 0x00028067 /* jr x5 */, wfi}, 1},
      {"calls",
       {0x010000ef /* jal x1, .+16 */, 0xfe419ee3 /* bne x3, x4, .-4 */, wfi, 0x00000013 /* nop */, 0x00118193 /* addi x3, x3, 1 */,
        0x00008067 /* ret */},
       1},
  };
  for (const Loop& loop : loops) {
    for (const u32 entries : {0u, 16u}) {
      SCOPED_TRACE(loop.name);
      Bench b(entries);
      b.put(code, loop.body);
      b.hart.x[4] = 1000;
      b.hart.x[5] = code;
      b.run();
      EXPECT_EQ(b.hart.x[3], 1000u);
      const u64 asks = b.exits[ExitKind::block];
      if (entries != 0 || loop.asks_without_micro_tlb == 0) {
        EXPECT_LT(asks, 10u);
      } else {
        EXPECT_GE(asks, 999 * loop.asks_without_micro_tlb);
      }
    }
  }
}

TEST(engine, a_loop_over_two_pages_stays_inside) {
  Bench b;
  const u64 edge = code + page_bytes;
  b.put(edge - 8, {0x00118193 /* addi x3, x3, 1 */, 0x00419263 /* bne x3, x4, .+4 */, 0xfe419ce3 /* bne x3, x4, .-8 */, wfi});
  b.hart.x[4] = 1000;
  b.start(edge - 8);
  b.run();
  EXPECT_EQ(b.hart.x[3], 1000u);
  EXPECT_LT(b.exits[ExitKind::block], 10u);
}

// What the jump cache remembers is void after code_context_changed().
TEST(engine, the_jump_cache_forgets) {
  Bench b;
  b.put(code, {0x00100193 /* addi x3, x0, 1 */, wfi});
  b.run();
  b.hart.pc = code;
  const u64 asked = b.exits[ExitKind::block];
  b.run();
  EXPECT_EQ(b.exits[ExitKind::block], asked) << "still remembered";
  code_context_changed(b.hart);
  b.hart.pc = code;
  b.run();
  EXPECT_EQ(b.exits[ExitKind::block], asked + 1);
}

}  // namespace
}  // namespace bench
