// SPDX-License-Identifier: Apache-2.0
// Physical memory protection, from the manual's section 3.7: matching, priority, locking, granularity.
#include <random>

#include "tests/unit/hart/test_hart.hpp"

namespace {

using namespace hart_tests;

constexpr u8 r = 1, w = 2, x = 4, tor = 8, na4 = 16, napot = 24, locked = 128;
constexpr Access accesses[] = {Access::fetch, Access::load, Access::store};
constexpr Privilege privileges[] = {Privilege::user, Privilege::supervisor, Privilege::machine};

void set_region(TestHart& hart, unsigned i, u8 config, u64 address) {
  hart.write(static_cast<u16>(csr_pmpaddr0 + i), address);
  const u16 number = static_cast<u16>(csr_pmpcfg0 + i / 8 * 2);
  const u64 before = hart.read(number);
  const unsigned shift = i % 8 * 8;
  hart.write(number, (before & ~(u64{0xff} << shift)) | u64{config} << shift);
}

u64 napot_address(u64 base, u64 bytes) { return base >> 2 | (bytes / 8 - 1); }

TEST(hart, without_a_match_machine_mode_may_and_others_may_not) {
  TestHart hart;
  for (const Access access : accesses) {
    EXPECT_TRUE(pmp_allows(*hart, 0x8000'0000, 8, access, Privilege::machine));
    EXPECT_FALSE(pmp_allows(*hart, 0x8000'0000, 8, access, Privilege::supervisor)) << "regions are implemented, so no match denies";
    EXPECT_FALSE(pmp_allows(*hart, 0x8000'0000, 8, access, Privilege::user));
  }
}

TEST(hart, permissions_bind_users_always_and_machine_mode_when_locked) {
  for (const u8 lock : {u8{0}, locked}) {
    for (const u8 permissions : {0, +r, +x, r | w, r | x, r | w | x}) {
      TestHart hart;
      set_region(hart, 3, static_cast<u8>(napot | permissions | lock), napot_address(0x8000'0000, 4096));
      for (const Privilege privilege : privileges) {
        const bool free = privilege == Privilege::machine && lock == 0;
        EXPECT_EQ(pmp_allows(*hart, 0x8000'0ff8, 8, Access::load, privilege), free || (permissions & r) != 0);
        EXPECT_EQ(pmp_allows(*hart, 0x8000'0ff8, 8, Access::store, privilege), free || (permissions & w) != 0);
        EXPECT_EQ(pmp_allows(*hart, 0x8000'0ff8, 2, Access::fetch, privilege), free || (permissions & x) != 0);
      }
    }
  }
}

TEST(hart, an_access_that_a_region_contains_in_part_fails_even_in_machine_mode) {
  TestHart hart;
  set_region(hart, 0, na4 | r | w | x, 0x8000'1000 >> 2);
  set_region(hart, 1, napot | r | w | x, ~u64{0});
  for (const Privilege privilege : privileges) {
    EXPECT_TRUE(pmp_allows(*hart, 0x8000'1000, 4, Access::load, privilege));
    EXPECT_FALSE(pmp_allows(*hart, 0x8000'1000, 8, Access::load, privilege));
    EXPECT_FALSE(pmp_allows(*hart, 0x8000'0ffe, 4, Access::load, privilege));
    EXPECT_TRUE(pmp_allows(*hart, 0x8000'1004, 8, Access::load, privilege));
    EXPECT_FALSE(pmp_page_uniform(*hart, Ppn{0x80001}, Access::load, privilege));
    EXPECT_TRUE(pmp_page_uniform(*hart, Ppn{0x80000}, Access::load, privilege));
  }
}

TEST(hart, the_lowest_numbered_region_decides) {
  TestHart hart;
  set_region(hart, 2, napot | r, napot_address(0x8000'0000, 0x1000));
  set_region(hart, 5, napot | r | w | x, napot_address(0x8000'0000, 0x10'0000));
  EXPECT_FALSE(pmp_allows(*hart, 0x8000'0000, 8, Access::store, Privilege::user));
  EXPECT_TRUE(pmp_allows(*hart, 0x8000'1000, 8, Access::store, Privilege::user));
  set_region(hart, 1, napot | r | w, napot_address(0x8000'0800, 8));
  EXPECT_TRUE(pmp_allows(*hart, 0x8000'0800, 8, Access::store, Privilege::user));
  EXPECT_FALSE(pmp_allows(*hart, 0x8000'0808, 8, Access::store, Privilege::user));
  EXPECT_FALSE(pmp_page_uniform(*hart, Ppn{0x80000}, Access::store, Privilege::user));
  EXPECT_TRUE(pmp_page_uniform(*hart, Ppn{0x80001}, Access::store, Privilege::user));
}

TEST(hart, tor_regions_reach_from_the_address_before_to_their_own) {
  TestHart hart;
  hart.write(csr_pmpaddr0, 0x8000'0000 >> 2);
  set_region(hart, 1, tor | r, 0x8000'2004 >> 2);
  EXPECT_FALSE(pmp_allows(*hart, 0x7fff'fffc, 4, Access::load, Privilege::user));
  EXPECT_TRUE(pmp_allows(*hart, 0x8000'0000, 4, Access::load, Privilege::user));
  EXPECT_TRUE(pmp_allows(*hart, 0x8000'2000, 4, Access::load, Privilege::user));
  EXPECT_FALSE(pmp_allows(*hart, 0x8000'2004, 4, Access::load, Privilege::user));
  EXPECT_FALSE(pmp_allows(*hart, 0x8000'2000, 8, Access::load, Privilege::user));
  // Region 0 begins at 0; an empty one matches nothing.
  set_region(hart, 0, tor | r | w, 0x1000 >> 2);
  EXPECT_TRUE(pmp_allows(*hart, 0, 4, Access::store, Privilege::user));
  EXPECT_TRUE(pmp_allows(*hart, 0x1000, 4, Access::load, Privilege::user)) << "now region 1 begins there";
  hart.write(csr_pmpaddr0, 0x9000'0000 >> 2);
  EXPECT_FALSE(hart->csr.pmp[1].on) << "its end lies before its start";
}

TEST(hart, napot_regions_have_the_size_that_their_trailing_ones_say) {
  for (unsigned bits = 3; bits <= 56; ++bits) {
    TestHart hart;
    const u64 bytes = u64{1} << bits;
    const u64 base = bits < 40 ? u64{5} << bits : 0;
    set_region(hart, 0, napot | r, napot_address(base, bytes));
    EXPECT_TRUE(pmp_allows(*hart, base, 1, Access::load, Privilege::user)) << bits;
    EXPECT_TRUE(pmp_allows(*hart, base + bytes - 1, 1, Access::load, Privilege::user)) << bits;
    EXPECT_FALSE(pmp_allows(*hart, base + bytes, 1, Access::load, Privilege::user)) << bits;
    if (base != 0) {
      EXPECT_FALSE(pmp_allows(*hart, base - 1, 1, Access::load, Privilege::user)) << bits;
    }
  }
  TestHart hart;
  set_region(hart, 0, napot | r | w | x, ~u64{0});
  EXPECT_TRUE(pmp_allows(*hart, (u64{1} << 56) - 8, 8, Access::store, Privilege::user)) << "all ones: everything";
  EXPECT_FALSE(pmp_allows(*hart, ~u64{0} - 3, 8, Access::load, Privilege::machine)) << "an access does not run over the end";
}

TEST(hart, locked_entries_keep_their_registers_and_the_bound_before) {
  TestHart hart;
  hart.write(csr_pmpaddr0, 0x100);
  set_region(hart, 1, locked | tor | r, 0x200);
  hart.write(csr_pmpaddr0 + 1, 0x300);
  EXPECT_EQ(hart.read(csr_pmpaddr0 + 1), 0x200u);
  hart.write(csr_pmpaddr0, 0x150);
  EXPECT_EQ(hart.read(csr_pmpaddr0), 0x100u) << "the bound of a locked TOR region";
  hart.write(csr_pmpcfg0, 0x1f);
  EXPECT_EQ(hart.read(csr_pmpcfg0), u64{locked | tor | r} << 8 | 0x1f) << "its neighbour is free";
  set_region(hart, 4, locked | napot, 0x400);
  hart.write(csr_pmpaddr0 + 3, 0x77);
  EXPECT_EQ(hart.read(csr_pmpaddr0 + 3), 0x77u) << "NAPOT locks no other";
}

TEST(hart, pmpcfg_fields_are_legalized) {
  TestHart hart;
  hart.write(csr_pmpcfg2, 0x6060'7f02'0306'0701 & ~(u64{0x80} << 32));
  // Reserved bits 6..5 are zero, and W without R is dropped.
  EXPECT_EQ(hart.read(csr_pmpcfg2), 0x0000'1f00'0304'0701u);
  EXPECT_EQ(hart.read(csr_pmpcfg0), 0u);
}

// Against a byte-by-byte reading of the manual.
TEST(hart, random_configurations_agree_with_the_manual_byte_by_byte) {
  std::mt19937_64 random(1912);
  for (unsigned round = 0; round < 400; ++round) {
    TestHart hart;
    for (unsigned i = 0; i < pmp_regions; ++i) {
      hart->csr.pmp_address[i] = random() % 0x60;  // bytes 0 to 0x17f
      const u8 config = static_cast<u8>(random() & 0x9f);
      hart->csr.pmp_config[i] = random() % 2 != 0 ? 0 : config;
    }
    hart.write(csr_mstatus, 0);
    pmp_address_write(*hart, 15, random() % 0x60);  // computes the regions
    if ((hart->csr.pmp_config[15] & locked) != 0) pmp_config_write(*hart, 0, 0);
    const Csrs& csr = hart->csr;
    const auto matches = [&](unsigned i, u64 byte) {
      const u64 address = csr.pmp_address[i];
      switch (csr.pmp_config[i] >> 3 & 3) {
        case 1: return byte >= (i == 0 ? 0 : csr.pmp_address[i - 1] * 4) && byte < address * 4;
        case 2: return byte / 4 == address;
        case 3: {
          u64 size = 8;
          for (u64 rest = address; (rest & 1) != 0; rest >>= 1) size *= 2;
          const u64 base = address * 4 / size * size;
          return byte >= base && byte < base + size;
        }
        default: return false;
      }
    };
    for (unsigned probe = 0; probe < 200; ++probe) {
      const u64 address = random() % 0x190;
      const u64 length = u64{1} << random() % 4;
      const Access access = accesses[random() % 3];
      const Privilege privilege = privileges[random() % 3];
      bool wanted = privilege == Privilege::machine;
      for (unsigned i = 0; i < pmp_regions; ++i) {
        u64 inside = 0;
        for (u64 byte = address; byte < address + length; ++byte) inside += matches(i, byte) ? 1 : 0;
        if (inside == 0) continue;
        const u8 needed = access == Access::fetch ? x : access == Access::load ? r : w;
        const bool bound = privilege != Privilege::machine || (csr.pmp_config[i] & locked) != 0;
        wanted = inside == length && (!bound || (csr.pmp_config[i] & needed) != 0);
        break;
      }
      ASSERT_EQ(pmp_allows(*hart, address, length, access, privilege), wanted)
          << "round " << round << " address " << address << " length " << length;
    }
  }
}

}  // namespace
