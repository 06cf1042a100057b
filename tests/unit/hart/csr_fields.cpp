// SPDX-License-Identifier: Apache-2.0
// What each CSR holds after zeros and after ones were written to it: its WARL and read-only fields, one row a register.
#include "tests/unit/hart/test_hart.hpp"

namespace {

using namespace hart_tests;

struct Field {
  const char* name;
  u16 number;
  u64 after_zeros;
  u64 after_ones;
};

constexpr u64 uxl_sxl = u64{0xa} << 32;
constexpr u64 all = ~u64{0};
constexpr u64 hpm_last = csr_mhpmcounter31;

TEST(hart, every_machine_csr_keeps_its_writable_fields_only) {
  const Field table[] = {
      // TSR TW TVM MXR SUM MPRV, FS, MPP, SPP MPIE SPIE MIE SIE; SD because FS is dirty. MPP 3 is machine mode.
      {"mstatus", csr_mstatus, uxl_sxl, 0x8000'0000'007e'79aa | uxl_sxl},
      {"misa", csr_misa, 0x8000'0000'0014'112d, 0x8000'0000'0014'112d},
      {"medeleg", csr_medeleg, 0, 0xb3ff},
      {"mideleg", csr_mideleg, 0, 0x222},
      {"mie", csr_mie, 0, 0xaaa},
      {"mcounteren", csr_mcounteren, 0, 0xffff'ffff},
      {"menvcfg", csr_menvcfg, 0, 0x8000'0000'0000'0001},
      {"mcountinhibit", csr_mcountinhibit, 0, 5},
      {"mscratch", csr_mscratch, 0, all},
      {"mepc", csr_mepc, 0, all - 1},
      {"mcause", csr_mcause, 0, all},
      {"mtval", csr_mtval, 0, all},
      {"mhpmcounter3", csr_mhpmcounter3, 0, 0},
      {"mhpmcounter31", hpm_last, 0, 0},
      {"mhpmevent3", csr_mhpmevent3, 0, 0},
      {"mhpmevent31", csr_mhpmevent31, 0, 0},
      {"tselect", csr_tselect, 0, 0},
      {"tdata1", csr_tdata1, 0, 0},
      {"tdata2", csr_tdata1 + 1, 0, 0},
      {"tdata3", csr_tdata3, 0, 0},
      {"tinfo", csr_tinfo, 1, 1},
      {"sscratch", csr_sscratch, 0, all},
      {"sepc", csr_sepc, 0, all - 1},
      {"scause", csr_scause, 0, all},
      {"stval", csr_stval, 0, all},
      {"scounteren", csr_scounteren, 0, 0xffff'ffff},
      {"senvcfg", csr_senvcfg, 0, 1},
      {"stimecmp", csr_stimecmp, 0, all},
      {"pmpaddr0", csr_pmpaddr0, 0, (u64{1} << 54) - 1},
      {"pmpaddr15", csr_pmpaddr15, 0, (u64{1} << 54) - 1},
  };
  for (const Field& field : table) {
    TestHart hart;
    hart.write(field.number, 0);
    EXPECT_EQ(hart.read(field.number), field.after_zeros) << field.name;
    hart.write(field.number, all);
    EXPECT_EQ(hart.read(field.number), field.after_ones) << field.name;
    hart.write(field.number, 0);
    EXPECT_EQ(hart.read(field.number), field.after_zeros) << field.name << " again";
  }
}

TEST(hart, reset_leaves_machine_mode_with_interrupts_and_translation_off) {
  TestHart hart(16, test_ram_bytes, 5);
  EXPECT_EQ(hart->csr.privilege, Privilege::machine);
  EXPECT_EQ(hart.read(csr_mstatus), uxl_sxl);
  EXPECT_EQ(hart.read(csr_satp), 0u);
  EXPECT_EQ(hart.read(csr_mie), 0u);
  EXPECT_EQ(hart.read(csr_mip), 0u);
  EXPECT_EQ(hart.read(csr_pmpcfg0), 0u);
  EXPECT_EQ(hart.read(csr_pmpcfg2), 0u);
  EXPECT_EQ(hart.read(csr_mhartid), 5u);
  EXPECT_EQ(hart.read(csr_mvendorid), 0u);
  EXPECT_EQ(hart.read(csr_mconfigptr), 0u);
  EXPECT_EQ(hart->data_regime, Regime::machine);
  EXPECT_EQ(hart->data_table, hart->micro_tlb.data(Regime::machine));
}

TEST(hart, mpp_never_becomes_the_reserved_privilege) {
  TestHart hart;
  for (const u64 start : {u64{0}, u64{1}, u64{3}}) {
    hart.write(csr_mstatus, start << 11);
    hart.write(csr_mstatus, u64{2} << 11 | mstatus::mie);
    EXPECT_EQ(hart.read(csr_mstatus), uxl_sxl | start << 11 | mstatus::mie);
  }
}

TEST(hart, sstatus_is_a_window_on_mstatus) {
  TestHart hart;
  hart.write(csr_mstatus, 0);
  hart.write(csr_sstatus, all);
  const u64 window = mstatus::sie | mstatus::spie | mstatus::spp | mstatus::fs | mstatus::sum | mstatus::mxr;
  EXPECT_EQ(hart.read(csr_mstatus), uxl_sxl | window | mstatus::sd);
  EXPECT_EQ(hart.read(csr_sstatus), (u64{2} << 32) | window | mstatus::sd);
  hart.write(csr_mstatus, all);
  hart.write(csr_sstatus, 0);
  EXPECT_EQ(hart.read(csr_mstatus),
            uxl_sxl | mstatus::mie | mstatus::mpie | mstatus::mpp | mstatus::mprv | mstatus::tvm | mstatus::tw | mstatus::tsr);
  EXPECT_EQ(hart.read(csr_sstatus), u64{2} << 32);
}

TEST(hart, sd_is_set_exactly_when_fs_is_dirty) {
  TestHart hart;
  for (u64 fs = 0; fs < 4; ++fs) {
    hart.write(csr_mstatus, fs << 13);
    EXPECT_EQ(hart.read(csr_mstatus), uxl_sxl | fs << 13 | (fs == 3 ? mstatus::sd : 0));
  }
}

TEST(hart, trap_vectors_refuse_reserved_modes) {
  TestHart hart;
  for (const u16 vector : {csr_mtvec, csr_stvec}) {
    hart.write(vector, 0x8000'1000);
    EXPECT_EQ(hart.read(vector), 0x8000'1000u);
    hart.write(vector, 0x8000'2001);
    EXPECT_EQ(hart.read(vector), 0x8000'2001u);
    hart.write(vector, 0x8000'3002);
    EXPECT_EQ(hart.read(vector), 0x8000'2001u);
    hart.write(vector, 0x8000'3003);
    EXPECT_EQ(hart.read(vector), 0x8000'2001u);
    hart.write(vector, all << 2);
    EXPECT_EQ(hart.read(vector), all << 2);
  }
}

TEST(hart, satp_takes_every_mode_that_it_has_and_ignores_the_others_whole) {
  TestHart hart;
  for (u64 mode = 0; mode < 16; ++mode) {
    const u64 before = u64{8} << 60 | 0x1234;
    hart.write(csr_satp, before);
    const u64 wanted = mode << 60 | u64{0xffff} << 44 | ((u64{1} << 44) - 1);
    hart.write(csr_satp, wanted);
    const bool has = mode == 0 || mode == 8 || mode == 9 || mode == 10;
    EXPECT_EQ(hart.read(csr_satp), has ? wanted : before) << "mode " << mode;
  }
}

TEST(hart, floating_csrs_share_fcsr_and_make_fs_dirty) {
  TestHart hart;
  const auto clean = [&] { hart.write(csr_mstatus, u64{2} << 13); };
  const auto dirty = [&] { return (hart.read(csr_mstatus) & mstatus::fs) == mstatus::fs; };
  clean();
  hart.write(csr_fcsr, all);
  EXPECT_TRUE(dirty());
  EXPECT_EQ(hart.read(csr_fcsr), 0xffu);
  EXPECT_EQ(hart.read(csr_frm), 7u);
  EXPECT_EQ(hart.read(csr_fflags), 31u);
  clean();
  hart.write(csr_frm, 2);
  EXPECT_TRUE(dirty());
  EXPECT_EQ(hart.read(csr_fcsr), 0x5fu);
  clean();
  hart.write(csr_fflags, 0xffe1);
  EXPECT_TRUE(dirty());
  EXPECT_EQ(hart.read(csr_fcsr), 0x41u);
  clean();
  EXPECT_EQ(hart.read(csr_fcsr), 0x41u);
  EXPECT_FALSE(dirty()) << "reading changes nothing";
}

TEST(hart, set_and_clear_change_the_masked_bits_and_give_the_value_before) {
  TestHart hart;
  u64 before = 0;
  hart.write(csr_mscratch, 0xf0f0);
  EXPECT_TRUE(csr_set(*hart, csr_mscratch, 0x0f00, before));
  EXPECT_EQ(before, 0xf0f0u);
  EXPECT_EQ(hart.read(csr_mscratch), 0xfff0u);
  EXPECT_TRUE(csr_clear(*hart, csr_mscratch, 0xff, before));
  EXPECT_EQ(before, 0xfff0u);
  EXPECT_EQ(hart.read(csr_mscratch), 0xff00u);
  EXPECT_TRUE(csr_swap(*hart, csr_mscratch, 1, before));
  EXPECT_EQ(before, 0xff00u);
  EXPECT_EQ(hart.read(csr_mscratch), 1u);
}

}  // namespace
