// SPDX-License-Identifier: Apache-2.0
// Which CSR accesses are illegal instructions: over all 4096 numbers and all privileges, and each rule that depends on other state.
#include <set>

#include "tests/unit/hart/test_hart.hpp"

namespace {

using namespace hart_tests;

constexpr Privilege privileges[] = {Privilege::user, Privilege::supervisor, Privilege::machine};

std::set<u16> existing() {
  std::set<u16> numbers = {0x001, 0x002, 0x003,                                                                 // fflags frm fcsr
                           0x100, 0x104, 0x105, 0x106, 0x10a, 0x140, 0x141, 0x142, 0x143, 0x144, 0x14d, 0x180,  // supervisor
                           0x300, 0x301, 0x302, 0x303, 0x304, 0x305, 0x306, 0x30a, 0x320, 0x340, 0x341, 0x342, 0x343, 0x344, 0x3a0, 0x3a2,
                           0x7a0, 0x7a1, 0x7a2, 0x7a3, 0x7a4, 0xb00, 0xb02, 0xc00, 0xc01, 0xc02, 0xf11, 0xf12, 0xf13, 0xf14, 0xf15};
  for (u16 n = 0x3b0; n <= 0x3bf; ++n) numbers.insert(n);
  for (u16 n = 3; n < 32; ++n) numbers.insert({static_cast<u16>(0x320 + n), static_cast<u16>(0xb00 + n), static_cast<u16>(0xc00 + n)});
  return numbers;
}

TEST(hart, csrs_exist_and_obey_privilege_and_read_only_bits) {
  const std::set<u16> numbers = existing();
  TestHart hart;
  hart.write(csr_mcounteren, ~u64{0});
  hart.write(csr_scounteren, ~u64{0});
  hart.write(csr_menvcfg, menvcfg_stce);
  hart.write(csr_mstatus, mstatus::fs);
  for (u32 n = 0; n < 4096; ++n) {
    const u16 number = static_cast<u16>(n);
    for (const Privilege privilege : privileges) {
      hart.set_privilege(privilege);
      const bool reachable = numbers.contains(number) && static_cast<unsigned>(privilege) >= ((n >> 8) & 3);
      u64 value = 0;
      EXPECT_EQ(csr_read(*hart, number, value), reachable) << std::hex << "read 0x" << n << " as " << +static_cast<u8>(privilege);
      hart.set_privilege(privilege);
      if (reachable && number != csr_mstatus && number != csr_sstatus && number != csr_menvcfg && number != csr_mcounteren &&
          number != csr_scounteren) {
        EXPECT_EQ(csr_write(*hart, number, value), n < 0xc00) << std::hex << "write 0x" << n << " as " << +static_cast<u8>(privilege);
      }
      if (!reachable) {
        EXPECT_FALSE(csr_write(*hart, number, 0)) << std::hex << "write 0x" << n;
      }
    }
  }
}

TEST(hart, what_opensbi_probes_for_traps_or_reads_as_zero) {
  TestHart hart;
  for (const u16 absent :
       {0x30c /* mstateen0 */, 0x747 /* mseccfg */, 0xfb0 /* mtopi */, 0xda0 /* scountovf */, 0x3a1, 0x3a3, 0x3a4, 0x3c0 /* pmpaddr16 */,
        0x3ef, 0x34a /* mtinst */, 0x34b /* mtval2 */, 0x321, 0xb01, 0xb80, 0xc80, 0x7b0 /* dcsr */}) {
    EXPECT_FALSE(hart.can_read(absent)) << std::hex << absent;
    EXPECT_FALSE(hart.can_write(absent)) << std::hex << absent;
  }
  hart.write(csr_mhpmcounter3, 1);
  EXPECT_EQ(hart.read(csr_mhpmcounter3), 0u) << "there is no such counter, and writing says so by its value";
}

TEST(hart, counters_need_mcounteren_and_in_user_mode_scounteren) {
  TestHart hart;
  for (u16 n = 0; n < 32; ++n) {
    const u64 bit = u64{1} << n;
    for (unsigned enables = 0; enables < 4; ++enables) {
      hart->csr.mcounteren = (enables & 1) != 0 ? static_cast<u32>(bit) : ~static_cast<u32>(bit);
      hart->csr.scounteren = (enables & 2) != 0 ? static_cast<u32>(bit) : ~static_cast<u32>(bit);
      const u16 number = static_cast<u16>(csr_cycle + n);
      hart.set_privilege(Privilege::machine);
      EXPECT_TRUE(hart.can_read(number));
      hart.set_privilege(Privilege::supervisor);
      EXPECT_EQ(hart.can_read(number), (enables & 1) != 0) << n;
      hart.set_privilege(Privilege::user);
      EXPECT_EQ(hart.can_read(number), enables == 3) << n;
      EXPECT_FALSE(hart.can_write(number));
    }
  }
}

TEST(hart, stimecmp_needs_stce_and_tm_outside_machine_mode) {
  TestHart hart;
  for (unsigned state = 0; state < 4; ++state) {
    hart->csr.menvcfg = (state & 1) != 0 ? menvcfg_stce : 0;
    hart->csr.mcounteren = (state & 2) != 0 ? 2 : ~u32{2};
    hart.set_privilege(Privilege::machine);
    EXPECT_TRUE(hart.can_read(csr_stimecmp));
    EXPECT_TRUE(hart.can_write(csr_stimecmp, later));
    hart.set_privilege(Privilege::supervisor);
    EXPECT_EQ(hart.can_read(csr_stimecmp), state == 3);
    EXPECT_EQ(hart.can_write(csr_stimecmp, later), state == 3);
    hart.set_privilege(Privilege::user);
    EXPECT_FALSE(hart.can_read(csr_stimecmp));
  }
}

TEST(hart, tvm_takes_satp_and_sfence_from_the_supervisor) {
  TestHart hart;
  for (const bool tvm : {false, true}) {
    hart->csr.mstatus = tvm ? mstatus::tvm : 0;
    hart.set_privilege(Privilege::supervisor);
    EXPECT_EQ(hart.can_read(csr_satp), !tvm);
    EXPECT_EQ(hart.can_write(csr_satp, 0), !tvm);
    EXPECT_EQ(may_fence_vma(*hart), !tvm);
    hart.set_privilege(Privilege::machine);
    EXPECT_TRUE(hart.can_read(csr_satp));
    EXPECT_TRUE(may_fence_vma(*hart));
    hart.set_privilege(Privilege::user);
    EXPECT_FALSE(may_fence_vma(*hart));
  }
}

TEST(hart, tw_takes_wfi_from_the_supervisor_and_users_never_have_it) {
  TestHart hart;
  for (const bool tw : {false, true}) {
    hart->csr.mstatus = tw ? mstatus::tw : 0;
    hart.set_privilege(Privilege::machine);
    EXPECT_TRUE(may_wait(*hart));
    hart.set_privilege(Privilege::supervisor);
    EXPECT_EQ(may_wait(*hart), !tw);
    hart.set_privilege(Privilege::user);
    EXPECT_FALSE(may_wait(*hart));
  }
}

TEST(hart, floating_csrs_are_illegal_while_fs_is_off) {
  TestHart hart;
  for (const u16 number : {csr_fflags, csr_frm, csr_fcsr}) {
    for (const Privilege privilege : privileges) {
      hart.set_privilege(privilege);
      for (u64 fs = 0; fs < 4; ++fs) {
        hart->csr.mstatus = fs << 13;
        EXPECT_EQ(hart.can_read(number), fs != 0);
        EXPECT_EQ(hart.can_write(number), fs != 0);
        EXPECT_EQ(hart->csr.mstatus >> 13 & 3, fs == 0 ? 0u : 3u);
      }
    }
  }
}

TEST(hart, a_refused_access_changes_nothing) {
  TestHart hart;
  u64 before = 77;
  hart.set_privilege(Privilege::supervisor);
  EXPECT_FALSE(csr_set(*hart, csr_mscratch, 1, before));
  EXPECT_FALSE(csr_clear(*hart, csr_mstatus, ~u64{0}, before));
  EXPECT_FALSE(csr_swap(*hart, csr_mie, ~u64{0}, before));
  EXPECT_FALSE(csr_swap(*hart, csr_time, 1, before));
  EXPECT_EQ(before, 77u);
  EXPECT_EQ(hart->csr.mscratch, 0u);
  EXPECT_EQ(hart->csr.mie, 0u);
}

}  // namespace
