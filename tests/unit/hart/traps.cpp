// SPDX-License-Identifier: Apache-2.0
// Trap entry and return as state machines: every privilege, delegated or not, with each combination of the enable bits.
#include "tests/unit/hart/test_hart.hpp"

namespace {

using namespace hart_tests;

constexpr u64 machine_handler = 0x8000'0100;
constexpr u64 supervisor_handler = 0x8000'0200;
constexpr u64 at = 0x8000'4002;

void set_vectors(TestHart& hart, u64 mode) {
  hart.write(csr_mtvec, machine_handler | mode);
  hart.write(csr_stvec, supervisor_handler | mode);
}

TEST(hart, exceptions_go_to_machine_mode_unless_delegated_from_below) {
  constexpr Cause causes[] = {Cause::misaligned_fetch, Cause::fetch_access_fault,    Cause::illegal_instruction, Cause::breakpoint,
                              Cause::misaligned_load,  Cause::load_access_fault,     Cause::misaligned_store,    Cause::store_access_fault,
                              Cause::ecall_from_user,  Cause::ecall_from_supervisor, Cause::ecall_from_machine,  Cause::fetch_page_fault,
                              Cause::load_page_fault,  Cause::store_page_fault};
  for (const Cause cause : causes) {
    const u64 code = static_cast<u64>(cause);
    for (const Privilege from : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
      for (const bool delegate : {false, true}) {
        for (unsigned enables = 0; enables < 4; ++enables) {
          TestHart hart;
          set_vectors(hart, 1);  // vectored: exceptions go to the base all the same
          hart.write(csr_medeleg, delegate ? u64{1} << code : ~(u64{1} << code));
          const u64 ie = ((enables & 1) != 0 ? mstatus::mie : 0) | ((enables & 2) != 0 ? mstatus::sie : 0);
          // Bits that must be replaced start out wrong.
          hart.write(csr_mstatus, ie | mstatus::mprv | mstatus::sum | ((enables & 1) == 0 ? mstatus::mpie : 0) |
                                      ((enables & 2) == 0 ? mstatus::spie : 0) |
                                      (from == Privilege::user ? mstatus::spp | mstatus::mpp : 0));
          const u64 before = hart->csr.mstatus;
          hart.set_privilege(from);
          hart->pc = at;
          take_trap(*hart, cause, 0x1234);
          const bool to_supervisor = delegate && from != Privilege::machine && cause != Cause::ecall_from_machine;
          const auto what = ::testing::Message()
                            << "cause " << code << " from " << +static_cast<u8>(from) << " delegate " << delegate << " enables " << enables;
          if (to_supervisor) {
            EXPECT_EQ(hart->csr.privilege, Privilege::supervisor) << what;
            EXPECT_EQ(hart->pc, supervisor_handler) << what;
            EXPECT_EQ(hart->csr.sepc, at);
            EXPECT_EQ(hart->csr.scause, code);
            EXPECT_EQ(hart->csr.stval, 0x1234u);
            EXPECT_EQ(hart->csr.mcause, 0u);
            u64 wanted = before & ~(mstatus::sie | mstatus::spie | mstatus::spp);
            wanted |= (enables & 2) != 0 ? mstatus::spie : 0;
            wanted |= from == Privilege::supervisor ? mstatus::spp : 0;
            EXPECT_EQ(hart->csr.mstatus, wanted) << what;
          } else {
            EXPECT_EQ(hart->csr.privilege, Privilege::machine) << what;
            EXPECT_EQ(hart->pc, machine_handler) << what;
            EXPECT_EQ(hart->csr.mepc, at);
            EXPECT_EQ(hart->csr.mcause, code);
            EXPECT_EQ(hart->csr.mtval, 0x1234u);
            EXPECT_EQ(hart->csr.scause, 0u);
            u64 wanted = before & ~(mstatus::mie | mstatus::mpie | mstatus::mpp);
            wanted |= (enables & 1) != 0 ? mstatus::mpie : 0;
            wanted |= static_cast<u64>(from) << 11;
            EXPECT_EQ(hart->csr.mstatus, wanted) << what;
          }
          EXPECT_EQ(hart->counts.traps, 1u);
        }
      }
    }
  }
}

TEST(hart, mret_restores_privilege_and_enable_and_drops_mprv_below_machine_mode) {
  for (const Privilege to : {Privilege::user, Privilege::supervisor, Privilege::machine}) {
    for (const bool pie : {false, true}) {
      TestHart hart;
      hart.write(csr_mepc, at + 1);
      hart.write(csr_mstatus, static_cast<u64>(to) << 11 | (pie ? mstatus::mpie : mstatus::mie) | mstatus::mprv);
      ASSERT_TRUE(return_from_machine(*hart));
      EXPECT_EQ(hart->csr.privilege, to);
      EXPECT_EQ(hart->pc, at);
      const u64 kept = hart->csr.mstatus & (mstatus::mie | mstatus::mpie | mstatus::mpp | mstatus::mprv);
      EXPECT_EQ(kept, (pie ? mstatus::mie : 0) | mstatus::mpie | (to == Privilege::machine ? mstatus::mprv : 0));
    }
  }
  TestHart hart;
  for (const Privilege below : {Privilege::user, Privilege::supervisor}) {
    hart.set_privilege(below);
    hart->pc = at;
    EXPECT_FALSE(return_from_machine(*hart));
    EXPECT_EQ(hart->pc, at);
    EXPECT_EQ(hart->csr.privilege, below);
  }
}

TEST(hart, sret_restores_privilege_and_enable) {
  for (const Privilege from : {Privilege::supervisor, Privilege::machine}) {
    for (const bool to_supervisor : {false, true}) {
      for (const bool pie : {false, true}) {
        TestHart hart;
        hart.write(csr_sepc, at);
        hart.write(csr_mstatus, (to_supervisor ? mstatus::spp : 0) | (pie ? mstatus::spie : mstatus::sie) | mstatus::mprv |
                                    (from == Privilege::machine ? mstatus::tsr : 0));
        hart.set_privilege(from);
        ASSERT_TRUE(return_from_supervisor(*hart)) << "TSR binds the supervisor only";
        EXPECT_EQ(hart->csr.privilege, to_supervisor ? Privilege::supervisor : Privilege::user);
        EXPECT_EQ(hart->pc, at);
        EXPECT_EQ(hart->csr.mstatus & (mstatus::sie | mstatus::spie | mstatus::spp | mstatus::mprv),
                  (pie ? mstatus::sie : 0) | mstatus::spie);
      }
    }
  }
  TestHart hart;
  hart.write(csr_mstatus, mstatus::tsr);
  hart.set_privilege(Privilege::supervisor);
  EXPECT_FALSE(return_from_supervisor(*hart));
  hart->csr.mstatus = 0;
  hart.set_privilege(Privilege::user);
  EXPECT_FALSE(return_from_supervisor(*hart));
}

TEST(hart, a_trap_drops_what_was_kept_for_a_restarted_instruction) {
  TestHart hart;
  MicroTlbEntry entry;
  entry.page = 0x1000;
  hart->slots.add(entry);
  hart->slots.add(FetchEntry{0x2000, 0x8000'0000, 0, false});
  hart->resume_op = &hart;
  hart->link_slot = 1;
  take_trap(*hart, Cause::illegal_instruction, 0);
  for (const auto& slot : hart->slots.data) EXPECT_EQ(slot.page, no_tag);
  for (const auto& slot : hart->slots.fetch) EXPECT_EQ(slot.page, no_tag);
  EXPECT_EQ(hart->resume_op, nullptr);
  EXPECT_EQ(hart->link_from, nullptr);
}

TEST(hart, transient_slots_hold_the_newest_two_and_one_of_each_page) {
  TransientSlots slots;
  MicroTlbEntry entry;
  for (const u64 page : {0x1000, 0x2000, 0x3000}) {
    entry.page = page;
    entry.frame = page + 1;
    slots.add(entry);
  }
  EXPECT_EQ(slots.data[0].page, 0x3000u);
  EXPECT_EQ(slots.data[1].page, 0x2000u);
  entry.page = 0x3000;
  entry.frame = 9;
  slots.add(entry);
  EXPECT_EQ(slots.data[0].frame, 9u) << "replaced in place";
  EXPECT_EQ(slots.data[1].page, 0x2000u);
}

}  // namespace
