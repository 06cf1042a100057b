// SPDX-License-Identifier: Apache-2.0
// The walker against the manual: all modes, all leaf levels, every permission bit, every fault.
#include "vm/memory/walker.hpp"

#include <gtest/gtest.h>

#include "tests/unit/memory/page_table.hpp"

namespace {

using namespace memory_tests;
using namespace pte_bit;
using hart_tests::TestHart;

constexpr unsigned modes[] = {8, 9, 10};
constexpr Access accesses[] = {Access::fetch, Access::load, Access::store};
constexpr u64 target = u64{0x12345} << 18;  // a frame aligned for leaves up to level 2, beyond RAM: the walker does not mind

// An address with every index different, in the lower or the upper half.
u64 address_in(unsigned mode, bool upper) {
  const unsigned bits = 12 + 9 * (mode - 5);
  const u64 low = 0x0012'3456'789a'bcde & ((u64{1} << (bits - 1)) - 1);
  return upper ? low | ~u64{0} << (bits - 1) : low;
}

Walk walk_as_user(TestHart& hart, const PageTable& table, u64 address, Access access) {
  return walk(*hart, table.space(), address, access, Privilege::user, false, false);
}

TEST(memory, leaves_of_every_level_translate_in_every_mode) {
  for (const unsigned mode : modes) {
    for (unsigned level = 0; level + 5 < mode; ++level) {
      for (const bool upper : {false, true}) {
        TestHart hart;
        hart.open_pmp();
        PageTable table(hart, mode);
        const u64 address = address_in(mode, upper);
        const u64 frame = level < 3 ? target : u64{1} << (9 * level);
        table.map(address, level, frame, v | r | w | u | a | d | (level == 1 ? g : 0));
        const Walk walked = walk_as_user(hart, table, address, Access::load);
        ASSERT_FALSE(walked.fault) << "mode " << mode << " level " << level;
        EXPECT_EQ(walked.written, no_page);
        EXPECT_EQ(walked.leaf.level, level);
        EXPECT_EQ(walked.leaf.global(), level == 1);
        const Vpn page{address >> page_shift};
        EXPECT_TRUE(walked.leaf.contains(page));
        EXPECT_EQ(walked.leaf.first.value, page.value & ~((u64{1} << (9 * level)) - 1));
        EXPECT_EQ(walked.leaf.frame(page).value, frame + (page.value & ((u64{1} << (9 * level)) - 1)));
      }
    }
  }
}

TEST(memory, addresses_that_are_not_canonical_fault) {
  for (const unsigned mode : modes) {
    TestHart hart;
    hart.open_pmp();
    PageTable table(hart, mode);
    const unsigned bits = 12 + 9 * (mode - 5);
    for (const Access access : accesses) {
      for (const u64 wrong : {u64{1} << (bits - 1), u64{1} << bits, u64{1} << 63, ~u64{0} << bits, ~u64{0} >> 1}) {
        const u64 low_bit = u64{1} << (bits - 1);
        ASSERT_NE(static_cast<u64>(static_cast<i64>(wrong << (64 - bits)) >> (64 - bits)) == wrong, true) << low_bit;
        // A page is mapped at the address that the lower bits name: only the check can refuse.
        table.map(wrong, 0, target, v | r | w | x | u | a | d);
        EXPECT_EQ(walk_as_user(hart, table, wrong, access).fault, page_fault_of(access)) << "mode " << mode << std::hex << " " << wrong;
      }
    }
  }
}

// What the manual's section 4.3.2 (steps 3, 5, 7) and 4.3.1 say of one leaf, written as a table lookup of its own.
bool granted(u64 bits, Access access, Privilege privilege, bool sum, bool mxr) {
  if ((bits & v) == 0 || ((bits & w) != 0 && (bits & r) == 0)) return false;
  if (privilege == Privilege::user && (bits & u) == 0) return false;
  if (privilege == Privilege::supervisor && (bits & u) != 0 && (access == Access::fetch || !sum)) return false;
  if (access == Access::fetch) return (bits & x) != 0;
  if (access == Access::store) return (bits & w) != 0;
  return (bits & r) != 0 || (mxr && (bits & x) != 0);
}

TEST(memory, every_permission_pattern_grants_what_the_manual_grants) {
  for (const unsigned mode : modes) {
    TestHart hart;
    hart.open_pmp();
    PageTable table(hart, mode);
    const u64 address = address_in(mode, true);
    for (u64 bits = 0; bits < 256; ++bits) {
      if ((bits & (r | x)) == 0) continue;  // points to a table, see below
      for (unsigned conditions = 0; conditions < 8; ++conditions) {
        const bool sum = (conditions & 1) != 0;
        const bool mxr = (conditions & 2) != 0;
        const Privilege privilege = (conditions & 4) != 0 ? Privilege::supervisor : Privilege::user;
        for (const Access access : accesses) {
          const u64 at = table.map(address, 0, target, bits);
          const u64 before = table.load(at);
          const Walk walked = walk(*hart, table.space(), address, access, privilege, sum, mxr);
          const auto what = ::testing::Message() << "mode " << mode << " bits " << bits << " conditions " << conditions << " access "
                                                 << +static_cast<u8>(access);
          const u64 wanted_bits = before | a | (access == Access::store ? d : 0);
          if (!granted(bits, access, privilege, sum, mxr)) {
            ASSERT_EQ(walked.fault, page_fault_of(access)) << what;
            ASSERT_EQ(table.load(at), before) << what << ": a fault sets neither A nor D";
            ASSERT_EQ(walked.written, no_page) << what;
            continue;
          }
          ASSERT_FALSE(walked.fault) << what;
          ASSERT_EQ(table.load(at), wanted_bits) << what;
          ASSERT_EQ(walked.leaf.pte, wanted_bits) << what << ": the leaf says what memory says";
          ASSERT_EQ(walked.written, before == wanted_bits ? no_page : GuestPhysical{at}.page()) << what;
          // The same answer without a walk.
          ASSERT_EQ(check_leaf(Leaf{before, Vpn{address >> page_shift}, 0}, access, privilege, sum, mxr),
                    before == wanted_bits ? Permission::ok : Permission::needs_update)
              << what;
        }
      }
    }
  }
}

TEST(memory, check_leaf_refuses_what_the_walk_refuses) {
  for (u64 bits = 0; bits < 256; ++bits) {
    if ((bits & v) == 0 || (bits & (r | x)) == 0 || ((bits & w) != 0 && (bits & r) == 0)) continue;  // no leaf
    for (unsigned conditions = 0; conditions < 8; ++conditions) {
      const Privilege privilege = (conditions & 4) != 0 ? Privilege::supervisor : Privilege::user;
      for (const Access access : accesses) {
        const Permission permission = check_leaf(Leaf{bits, Vpn{0}, 0}, access, privilege, (conditions & 1) != 0, (conditions & 2) != 0);
        EXPECT_EQ(permission != Permission::fault, granted(bits, access, privilege, (conditions & 1) != 0, (conditions & 2) != 0))
            << bits << " " << conditions;
      }
    }
  }
}

TEST(memory, invalid_and_reserved_ptes_fault_at_every_level) {
  for (const unsigned mode : modes) {
    const u64 address = address_in(mode, false);
    for (unsigned level = 0; level + 5 < mode; ++level) {
      struct Row {
        const char* name;
        u64 pte;
      };
      const u64 leaf = v | r | w | x | u | a | d;
      std::vector<Row> rows = {{"not valid", leaf & ~v},
                               {"write without read", (leaf & ~r) & ~x},
                               {"write and execute without read", leaf & ~r},
                               {"N of Svnapot", leaf | u64{1} << 63},
                               {"PBMT 1", leaf | u64{1} << 61},
                               {"PBMT 2", leaf | u64{2} << 61},
                               {"table with U", v | u},
                               {"table with A", v | a},
                               {"table with D", v | d},
                               {"table with PBMT", v | u64{1} << 61}};
      for (unsigned bit = 54; bit <= 60; ++bit) {
        rows.push_back({"reserved bit, leaf", leaf | u64{1} << bit});
        rows.push_back({"reserved bit, table", v | u64{1} << bit});
      }
      if (level > 0) rows.push_back({"misaligned superpage", leaf | u64{1} << (10 + 9 * level - 1)});
      if (level > 0) rows.push_back({"misaligned superpage", leaf | u64{1} << 10});
      if (level == 0) rows.push_back({"a table where a page must be", v});
      for (const Row& row : rows) {
        TestHart hart;
        hart.open_pmp();
        PageTable table(hart, mode);
        const u64 below = level > 0 ? table.slot(address, level - 1) >> page_shift << page_shift : 0;
        const u64 at = table.slot(address, level);
        const u64 frame = level > 0 && (row.pte & (r | w | x)) == 0 ? below >> page_shift : 0;  // a table bit pattern points to a real one
        if (frame != 0) table.map(address, level - 1, 0, leaf);
        table.store(at, row.pte | frame << 10);
        for (const Access access : accesses) {
          EXPECT_EQ(walk_as_user(hart, table, address, access).fault, page_fault_of(access))
              << row.name << ", mode " << mode << " level " << level;
        }
        EXPECT_EQ(table.load(at), row.pte | frame << 10) << row.name;
      }
    }
  }
}

TEST(memory, the_software_bits_of_a_pte_are_not_looked_at) {
  TestHart hart;
  hart.open_pmp();
  PageTable table(hart, 8);
  table.map(0x5000, 0, target, v | r | u | a | 0x300);
  EXPECT_FALSE(walk_as_user(hart, table, 0x5000, Access::load).fault);
}

TEST(memory, ptes_outside_ram_are_access_faults) {
  for (const Access access : accesses) {
    TestHart hart;
    hart.open_pmp();
    const u64 frames[] = {0x10000 /* the UART */, (ram_base >> page_shift) - 1, (ram_base + hart_tests::test_ram_bytes) >> page_shift,
                          (u64{1} << 44) - 1};
    for (const u64 frame : frames) {
      const Space space{u64{8} << 60 | frame};
      EXPECT_EQ(walk(*hart, space, 0x1000, access, Privilege::user, false, false).fault, access_fault_of(access)) << std::hex << frame;
      PageTable table(hart, 8);
      table.store(table.slot(0x4000'0000, 2), frame << 10 | v);
      EXPECT_EQ(walk_as_user(hart, table, 0x4000'0000, access).fault, access_fault_of(access)) << std::hex << frame;
    }
  }
}

TEST(memory, the_pmp_is_asked_for_every_pte_as_a_supervisor_access) {
  TestHart hart;
  PageTable table(hart, 8);
  const u64 at = table.map(0x5000, 0, target, v | r | w | u);
  EXPECT_EQ(walk_as_user(hart, table, 0x5000, Access::load).fault, Cause::load_access_fault) << "no region: denied";
  // All memory may be read and written, but the page of the leaf's table not at all, or read only.
  hart.write(csr_pmpaddr0, at >> page_shift << (page_shift - 2) | 0x1ff);
  hart.write(csr_pmpaddr0 + 1, ~u64{0});
  hart.write(csr_pmpcfg0, 0x1f00 | 0x18);
  EXPECT_EQ(walk_as_user(hart, table, 0x5000, Access::load).fault, Cause::load_access_fault);
  EXPECT_EQ(walk_as_user(hart, table, 0x5000, Access::fetch).fault, Cause::fetch_access_fault);
  hart.write(csr_pmpcfg0, 0x1f00 | 0x19);
  EXPECT_EQ(walk_as_user(hart, table, 0x5000, Access::load).fault, Cause::load_access_fault) << "A cannot be written";
  EXPECT_EQ(table.load(at), target << 10 | v | r | w | u);
  table.store(at, target << 10 | v | r | w | u | a);
  EXPECT_FALSE(walk_as_user(hart, table, 0x5000, Access::load).fault) << "A is set: only read";
  EXPECT_EQ(walk_as_user(hart, table, 0x5000, Access::store).fault, Cause::store_access_fault) << "D cannot be written";
}

}  // namespace
