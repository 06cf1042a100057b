// SPDX-License-Identifier: Apache-2.0
// Interrupts: priority, delegation, global enables, vectors, timers, and the bits that other threads set meanwhile.
#include <atomic>
#include <thread>
#include <vector>

#include "tests/unit/hart/test_hart.hpp"

namespace {

using namespace hart_tests;

constexpr u64 interrupt_cause = u64{1} << 63;

void raise_line(TestHart& hart, u64 bit) { hart->signals.lines.fetch_or(bit, release, "sender_before_line"); }

// All six pending; STIP by software.
void make_all_pending(TestHart& hart) {
  raise_line(hart, interrupt::ssip | interrupt::msip | interrupt::seip | interrupt::meip);
  hart->signals.mtimecmp.store(0, relaxed);
  hart->csr.mip_software = interrupt::stip;
}

TEST(hart, interrupts_are_taken_in_the_order_of_the_manual) {
  for (const bool delegate : {false, true}) {
    TestHart hart;
    make_all_pending(hart);
    EXPECT_EQ(hart.read(csr_mip), 0xaaau);
    hart.write(csr_mideleg, delegate ? 0x222 : 0);
    u64 enabled = 0xaaa;
    for (const u64 code : {11, 3, 7, 9, 1, 5}) {
      hart->csr.mie = enabled;
      hart.set_privilege(Privilege::user);
      hart->pc = 0x1000;
      ASSERT_TRUE(interrupt_pending(*hart));
      ASSERT_TRUE(take_pending_interrupt(*hart));
      const bool to_supervisor = delegate && ((0x222 >> code) & 1) != 0;
      EXPECT_EQ(hart->csr.privilege, to_supervisor ? Privilege::supervisor : Privilege::machine);
      EXPECT_EQ(to_supervisor ? hart->csr.scause : hart->csr.mcause, interrupt_cause | code);
      EXPECT_EQ(to_supervisor ? hart->csr.sepc : hart->csr.mepc, 0x1000u);
      enabled &= ~(u64{1} << code);
    }
    hart->csr.mie = 0;
    hart.set_privilege(Privilege::user);
    EXPECT_FALSE(interrupt_pending(*hart));
    EXPECT_FALSE(take_pending_interrupt(*hart));
  }
}

TEST(hart, global_enables_guard_their_own_privilege_only) {
  TestHart hart;
  make_all_pending(hart);
  hart->csr.mideleg = 0x222;
  struct Row {
    Privilege privilege;
    u64 status;
    u64 mie;
    bool taken;
  };
  constexpr u64 m = interrupt::msip;
  constexpr u64 s = interrupt::ssip;
  const Row table[] = {
      {Privilege::machine, 0, m, false},
      {Privilege::machine, mstatus::mie, m, true},
      {Privilege::machine, mstatus::mie, s, false},
      {Privilege::machine, mstatus::mie | mstatus::sie, s, false},
      {Privilege::supervisor, 0, m, true},
      {Privilege::supervisor, 0, s, false},
      {Privilege::supervisor, mstatus::sie, s, true},
      {Privilege::supervisor, mstatus::mie, s, false},
      {Privilege::user, 0, m, true},
      {Privilege::user, 0, s, true},
  };
  for (const Row& row : table) {
    hart->csr.mstatus = row.status;
    hart->csr.mie = row.mie;
    hart.set_privilege(row.privilege);
    EXPECT_EQ(interrupt_pending(*hart), row.taken) << &row - table;
    EXPECT_TRUE(wake_pending(*hart)) << "WFI ends whatever the global enables say";
    EXPECT_EQ(take_pending_interrupt(*hart), row.taken) << &row - table;
  }
  hart->csr.mie = 0;
  EXPECT_FALSE(wake_pending(*hart));
}

TEST(hart, undelegated_supervisor_interrupts_go_to_machine_mode) {
  TestHart hart;
  raise_line(hart, interrupt::seip);
  hart->csr.mie = interrupt::seip;
  hart.set_privilege(Privilege::machine);
  EXPECT_FALSE(take_pending_interrupt(*hart));
  hart->csr.mstatus |= mstatus::mie;
  ASSERT_TRUE(take_pending_interrupt(*hart));
  EXPECT_EQ(hart->csr.mcause, interrupt_cause | 9);
  EXPECT_EQ(hart->csr.privilege, Privilege::machine);
}

TEST(hart, vectored_interrupts_enter_at_four_times_their_code) {
  TestHart hart;
  make_all_pending(hart);
  hart.write(csr_mtvec, 0x8000'0001);
  hart.write(csr_stvec, 0x8000'1001);
  hart->csr.mideleg = 0x222;
  for (const u64 code : {1, 3, 5, 7, 9, 11}) {
    hart->csr.mie = u64{1} << code;
    hart->csr.mstatus = 0;
    hart.set_privilege(Privilege::user);
    ASSERT_TRUE(take_pending_interrupt(*hart));
    const u64 base = ((0x222 >> code) & 1) != 0 ? 0x8000'1000 : 0x8000'0000;
    EXPECT_EQ(hart->pc, base + 4 * code);
  }
}

TEST(hart, mip_and_sip_write_only_what_software_may_raise) {
  TestHart hart;
  hart.write(csr_mip, ~u64{0});
  EXPECT_EQ(hart.read(csr_mip), 0x222u);
  hart.write(csr_mip, 0);
  EXPECT_EQ(hart.read(csr_mip), 0u);
  hart.write(csr_sip, ~u64{0});
  EXPECT_EQ(hart.read(csr_mip), 0u) << "not delegated: not there";
  hart.write(csr_mideleg, 0x222);
  hart.write(csr_sip, ~u64{0});
  EXPECT_EQ(hart.read(csr_mip), interrupt::ssip);
  hart.write(csr_mip, 0x220);
  EXPECT_EQ(hart.read(csr_sip), 0x220u);
  hart.write(csr_sip, 0);
  EXPECT_EQ(hart.read(csr_sip), 0x220u) << "STIP and SEIP are read-only in sip";
  hart.write(csr_mideleg, interrupt::stip);
  EXPECT_EQ(hart.read(csr_sip), interrupt::stip);
}

TEST(hart, sie_shows_and_changes_delegated_bits_only) {
  TestHart hart;
  hart.write(csr_mie, 0xaaa);
  EXPECT_EQ(hart.read(csr_sie), 0u);
  hart.write(csr_mideleg, interrupt::ssip | interrupt::seip);
  EXPECT_EQ(hart.read(csr_sie), interrupt::ssip | interrupt::seip);
  hart.write(csr_sie, 0);
  EXPECT_EQ(hart.read(csr_mie), 0xaaau & ~(interrupt::ssip | interrupt::seip));
  hart.write(csr_sie, ~u64{0});
  EXPECT_EQ(hart.read(csr_mie), 0xaaau);
}

TEST(hart, setting_another_bit_does_not_latch_the_external_level) {
  TestHart hart;
  raise_line(hart, interrupt::seip);
  u64 before = 0;
  EXPECT_TRUE(csr_set(*hart, csr_mip, interrupt::stip, before));
  EXPECT_EQ(before, interrupt::seip) << "reading gives the line or the software bit";
  hart->signals.lines.fetch_and(~interrupt::seip, relaxed);
  EXPECT_EQ(hart.read(csr_mip), interrupt::stip) << "csrrs wrote the software bit alone";
  EXPECT_TRUE(csr_set(*hart, csr_mip, interrupt::seip, before));
  EXPECT_EQ(hart.read(csr_mip), interrupt::stip | interrupt::seip);
  raise_line(hart, interrupt::seip);
  EXPECT_TRUE(csr_clear(*hart, csr_mip, interrupt::seip, before));
  EXPECT_EQ(hart.read(csr_mip), interrupt::stip | interrupt::seip) << "the line still stands";
}

// Two other harts send messages, each waiting for its answer before the next; this one sets and clears bits of mip all the time. A raise of
// SSIP that one of its writes undid, or a clear that missed the message behind it, leaves a sender without an answer for ever.
TEST(hart, no_software_interrupt_of_another_hart_is_lost) {
  constexpr u64 messages = 20'000;
  constexpr auto patience = std::chrono::seconds(20);
  struct alignas(128) Mailbox {
    std::atomic<u64> sent{0};
    std::atomic<u64> answered{0};
  } mailboxes[2];
  TestHart hart;
  std::atomic<bool> given_up{false};
  std::vector<std::thread> senders;
  for (Mailbox& mailbox : mailboxes) {
    senders.emplace_back([&] {
      for (u64 i = 1; i <= messages; ++i) {
        mailbox.sent.store(i, std::memory_order_relaxed);
        raise_line(hart, interrupt::ssip);
        for (unsigned spins = 0; mailbox.answered.load(std::memory_order_relaxed) != i; ++spins) {
          if (given_up.load(std::memory_order_relaxed)) return;
          if (spins % 64 == 63) std::this_thread::yield();
        }
      }
    });
  }
  u64 ignored = 0;
  u64 idle = 0;
  auto last_answer = NativePlatform::now();
  while (mailboxes[0].answered != messages || mailboxes[1].answered != messages) {
    csr_set(*hart, csr_mip, interrupt::stip, ignored);
    csr_clear(*hart, csr_mip, interrupt::stip | interrupt::seip, ignored);
    u64 before = 0;
    csr_clear(*hart, csr_mip, interrupt::ssip, before);
    if ((before & interrupt::ssip) != 0) {
      for (Mailbox& mailbox : mailboxes) mailbox.answered.store(mailbox.sent.load(std::memory_order_relaxed), std::memory_order_relaxed);
      last_answer = NativePlatform::now();
    } else if (NativePlatform::now() - last_answer > patience) {
      given_up.store(true, std::memory_order_relaxed);
      ADD_FAILURE() << "no interrupt is pending, and a message is unanswered: " << mailboxes[0].answered << " and "
                    << mailboxes[1].answered;
      break;
    } else if (++idle % 256 == 0) {
      std::this_thread::yield();
    }
  }
  for (std::thread& sender : senders) sender.join();
}

TEST(hart, the_machine_timer_is_pending_from_its_deadline_on) {
  TestHart hart;
  EXPECT_EQ(hart.read(csr_mip), 0u) << "never armed";
  hart.set_time(later);
  hart->signals.mtimecmp.store(2 * later, relaxed);
  EXPECT_EQ(hart.read(csr_mip), 0u);
  hart->csr.mie = interrupt::mtip;
  EXPECT_EQ(next_timer_ticks(*hart), 2 * later);
  EXPECT_FALSE(wake_pending(*hart));
  hart.set_time(2 * later);
  EXPECT_EQ(hart.read(csr_mip), interrupt::mtip);
  EXPECT_TRUE(wake_pending(*hart));
  EXPECT_EQ(next_timer_ticks(*hart), ~u64{0}) << "passed: nothing more to wait for";
  hart.set_privilege(Privilege::user);
  EXPECT_TRUE(interrupt_pending(*hart));
  hart->signals.mtimecmp.store(4 * later, relaxed);
  EXPECT_FALSE(interrupt_pending(*hart));
  EXPECT_FALSE(take_pending_interrupt(*hart));
}

TEST(hart, stimecmp_drives_stip_only_under_stce) {
  TestHart hart;
  hart.set_time(later);
  hart.write(csr_stimecmp, 0);
  EXPECT_EQ(hart.read(csr_mip), 0u);
  hart.write(csr_mip, interrupt::stip);
  EXPECT_EQ(hart.read(csr_mip), interrupt::stip) << "without STCE it is software's";
  hart.write(csr_menvcfg, menvcfg_stce);
  EXPECT_EQ(hart.read(csr_mip), interrupt::stip) << "now the comparator's";
  hart.write(csr_stimecmp, 2 * later);
  EXPECT_EQ(hart.read(csr_mip), 0u);
  hart.write(csr_mip, interrupt::stip);
  EXPECT_EQ(hart.read(csr_mip), 0u) << "read-only under STCE";
  hart->csr.mie = interrupt::stip;
  EXPECT_EQ(next_timer_ticks(*hart), 2 * later);
  hart->csr.mie = interrupt::mtip;
  EXPECT_EQ(next_timer_ticks(*hart), ~u64{0}) << "only enabled timers matter";
}

TEST(hart, next_timer_is_the_earlier_of_the_two) {
  TestHart hart;
  hart.set_time(later);
  hart->csr.mie = interrupt::mtip | interrupt::stip;
  hart.write(csr_menvcfg, menvcfg_stce);
  hart.write(csr_stimecmp, 3 * later);
  hart->signals.mtimecmp.store(2 * later, relaxed);
  EXPECT_EQ(next_timer_ticks(*hart), 2 * later);
  hart.write(csr_stimecmp, 2 * later - 1);
  EXPECT_EQ(next_timer_ticks(*hart), 2 * later - 1);
}

TEST(hart, polling_raises_attention_only_for_a_deliverable_timer) {
  TestHart hart;
  hart.set_time(later);
  hart->signals.mtimecmp.store(0, relaxed);
  poll_timers(*hart);
  EXPECT_FALSE(hart.attention()) << "not enabled in mie";
  hart->csr.mie = interrupt::mtip;
  poll_timers(*hart);
  EXPECT_FALSE(hart.attention()) << "MIE is off in machine mode";
  hart.write(csr_mstatus, mstatus::mie);
  EXPECT_TRUE(hart.attention()) << "opening the global enable";
  hart.clear_attention();
  poll_timers(*hart);
  EXPECT_TRUE(hart.attention());
}

// Each CSR write, or return, that makes an interrupt deliverable says so at once.
TEST(hart, opening_the_way_for_a_pending_interrupt_raises_attention) {
  const auto supervisor_waiting = [](TestHart& hart) {
    hart.write(csr_mideleg, 0x222);
    hart.write(csr_mie, interrupt::ssip);
    raise_line(hart, interrupt::ssip);
    hart.set_privilege(Privilege::supervisor);
    ASSERT_FALSE(hart.attention());
  };
  {
    TestHart hart;
    supervisor_waiting(hart);
    hart.write(csr_sstatus, mstatus::sie);
    EXPECT_TRUE(hart.attention());
  }
  {
    TestHart hart;
    supervisor_waiting(hart);
    hart->csr.mie = 0;
    hart->csr.mstatus |= mstatus::sie;
    hart.write(csr_sie, interrupt::ssip);
    EXPECT_TRUE(hart.attention());
  }
  {
    TestHart hart;
    supervisor_waiting(hart);
    ASSERT_TRUE(return_from_supervisor(*hart));  // to user mode, where supervisor interrupts are open
    EXPECT_TRUE(hart.attention());
  }
  {
    TestHart hart;
    supervisor_waiting(hart);
    hart.set_privilege(Privilege::machine);
    ASSERT_TRUE(return_from_machine(*hart));
    EXPECT_TRUE(hart.attention());
  }
  {
    TestHart hart;
    hart.set_time(later);
    hart.write(csr_mideleg, 0x222);
    hart.write(csr_mie, interrupt::stip);
    hart.write(csr_mcounteren, 2);
    hart.write(csr_menvcfg, menvcfg_stce);
    hart.set_privilege(Privilege::supervisor);
    hart.write(csr_sstatus, mstatus::sie);
    EXPECT_FALSE(hart.attention());
    hart.write(csr_stimecmp, later / 2);
    EXPECT_TRUE(hart.attention());
  }
}

}  // namespace
