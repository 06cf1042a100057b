// SPDX-License-Identifier: Apache-2.0
// Which tables loads, stores and fetches use, and what CSR writes flush.
#include "tests/unit/hart/test_hart.hpp"

namespace {

using namespace hart_tests;

TEST(hart, the_data_regime_follows_privilege_mprv_mpp_and_sum) {
  struct Row {
    Privilege privilege;
    u64 status;
    Regime data, fetch;
  };
  constexpr u64 mpp_s = u64{1} << 11;
  constexpr u64 mpp_m = u64{3} << 11;
  const Row table[] = {
      {Privilege::machine, 0, Regime::machine, Regime::machine},
      {Privilege::machine, mstatus::mprv, Regime::user, Regime::machine},
      {Privilege::machine, mstatus::mprv | mpp_s, Regime::supervisor, Regime::machine},
      {Privilege::machine, mstatus::mprv | mpp_s | mstatus::sum, Regime::supervisor_sum, Regime::machine},
      {Privilege::machine, mstatus::mprv | mpp_m | mstatus::sum, Regime::machine, Regime::machine},
      {Privilege::machine, mpp_s | mstatus::sum, Regime::machine, Regime::machine},
      {Privilege::supervisor, 0, Regime::supervisor, Regime::supervisor},
      {Privilege::supervisor, mstatus::sum, Regime::supervisor_sum, Regime::supervisor},
      {Privilege::user, mstatus::sum, Regime::user, Regime::user},
  };
  for (const Row& row : table) {
    TestHart hart;
    hart.write(csr_mstatus, row.status);
    hart.set_privilege(row.privilege);
    EXPECT_EQ(hart->data_regime, row.data) << &row - table;
    EXPECT_EQ(hart->fetch_regime, row.fetch) << &row - table;
    EXPECT_EQ(hart->data_table, hart->micro_tlb.data(row.data)) << &row - table;
    EXPECT_EQ(hart->data_mask, 15u);
  }
}

MicroTlbEntry entry_of(u64 page) {
  MicroTlbEntry entry;
  entry.page = entry.load_tag = entry.store_tag = page;
  entry.readable = entry.writable = true;
  return entry;
}

constexpr Regime all_regimes[] = {Regime::user, Regime::supervisor, Regime::supervisor_sum, Regime::machine};

void fill_all(TestHart& hart) {
  for (const Regime regime : all_regimes) {
    hart->micro_tlb.fill(regime, entry_of(0x5000));
    hart->micro_tlb.fill(regime, FetchEntry{0x5000, 0x8000'5000, 0, false});
  }
  hart->slots.add(entry_of(0x6000));
}

// Which regimes still hold both entries; each holds both or neither. Bit 4: the transient slot.
unsigned held(TestHart& hart) {
  unsigned mask = 0;
  for (unsigned i = 0; i < 4; ++i) {
    const bool data = hart->micro_tlb.find_data(all_regimes[i], 0x5abc) != nullptr;
    EXPECT_EQ(data, hart->micro_tlb.find_fetch(all_regimes[i], 0x5abc) != nullptr);
    mask |= data ? 1u << i : 0;
  }
  return mask | (hart->slots.data[0].page == 0x6000 ? 16 : 0);
}

TEST(hart, writes_flush_what_they_make_stale_and_nothing_else) {
  struct Row {
    const char* name;
    u16 number;
    u64 value;
    unsigned left;
    bool forgets_blocks;
  };
  const Row table[] = {
      {"a new satp", csr_satp, u64{8} << 60 | 5, 8, true},
      {"the same satp", csr_satp, 0, 31, false},
      {"an unsupported satp", csr_satp, u64{11} << 60, 31, false},
      {"pmpcfg", csr_pmpcfg0, 0x1f, 0, true},
      {"pmpaddr", csr_pmpaddr0, 1, 0, true},
      {"MXR", csr_mstatus, mstatus::mxr, 8, false},
      {"SUM", csr_mstatus, mstatus::sum, 15, false},
      {"MPRV", csr_mstatus, mstatus::mprv, 15, false},
      {"SIE", csr_sstatus, mstatus::sie, 31, false},
      {"mscratch", csr_mscratch, 1, 31, false},
  };
  for (const Row& row : table) {
    TestHart hart;
    fill_all(hart);
    ASSERT_EQ(held(hart), 31u);
    const u64 generation = hart->jump_generation >> 4;
    hart.write(row.number, row.value);
    EXPECT_EQ(held(hart), row.left) << row.name;
    EXPECT_EQ(hart->jump_generation >> 4 != generation, row.forgets_blocks) << row.name;
  }
}

TEST(hart, a_locked_pmp_entry_stays_and_flushes_need_not_happen) {
  TestHart hart;
  hart.write(csr_pmpcfg0, 0x9f);
  hart.write(csr_pmpcfg0, 0);
  EXPECT_EQ(hart.read(csr_pmpcfg0), 0x9fu);
}

TEST(hart, the_code_context_tells_privilege_translation_and_fs_apart) {
  TestHart hart;
  const auto context = [&](Privilege privilege, u64 satp, u64 fs) {
    hart->csr.satp = satp;
    hart->csr.mstatus = fs << 13;
    hart.set_privilege(privilege);
    EXPECT_EQ(hart->jump_generation & 15, code_context(*hart));
    return code_context(*hart);
  };
  constexpr u64 sv39 = u64{8} << 60;
  EXPECT_EQ(context(Privilege::machine, 0, 0), 3u);
  EXPECT_EQ(context(Privilege::machine, sv39, 0), 3u) << "machine mode does not translate";
  EXPECT_EQ(context(Privilege::supervisor, 0, 0), 1u);
  EXPECT_EQ(context(Privilege::supervisor, sv39, 0), 5u);
  EXPECT_EQ(context(Privilege::user, sv39, 1), 12u);
  EXPECT_EQ(context(Privilege::user, sv39, 3), 12u);
}

TEST(hart, a_trap_and_its_return_bring_the_jump_generation_back) {
  TestHart hart;
  hart.set_privilege(Privilege::user);
  const u64 before = hart->jump_generation;
  take_trap(*hart, Cause::ecall_from_user, 0);
  EXPECT_NE(hart->jump_generation, before);
  ASSERT_TRUE(return_from_machine(*hart));
  EXPECT_EQ(hart->jump_generation, before) << "pairs of user mode are good again";
  hart->drop_blocks();
  EXPECT_NE(hart->jump_generation, before);
  EXPECT_EQ(hart->jump_generation & 15, code_context(*hart));
}

}  // namespace
