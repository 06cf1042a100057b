// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/hart/test_hart.hpp"

namespace {

using namespace hart_tests;

TEST(hart, a_written_counter_reads_back_at_the_next_instruction) {
  TestHart hart;
  for (const u16 number : {csr_mcycle, csr_minstret}) {
    hart->retired = 1000;
    hart.write(number, 5);
    hart->retired = 1001;
    EXPECT_EQ(hart.read(number), 5u);
    hart->retired = 1011;
    EXPECT_EQ(hart.read(number), 15u);
    hart.write(number, ~u64{0});
    hart->retired = 1012;
    EXPECT_EQ(hart.read(number), ~u64{0});
    hart->retired = 1013;
    EXPECT_EQ(hart.read(number), 0u) << "64 bits wrap";
  }
}

TEST(hart, the_two_counters_are_independent_and_their_shadows_follow) {
  TestHart hart;
  hart->retired = 10;
  hart.write(csr_mcycle, 100);
  hart->retired = 20;
  EXPECT_EQ(hart.read(csr_minstret), 20u);
  EXPECT_EQ(hart.read(csr_instret), 20u);
  EXPECT_EQ(hart.read(csr_mcycle), 109u);
  EXPECT_EQ(hart.read(csr_cycle), 109u);
}

TEST(hart, an_inhibited_counter_stands_still_and_goes_on_from_there) {
  TestHart hart;
  hart->retired = 50;
  hart.write(csr_mcountinhibit, 4);  // instret
  hart->retired = 80;
  EXPECT_EQ(hart.read(csr_minstret), 50u);
  EXPECT_EQ(hart.read(csr_mcycle), 80u) << "the other goes on";
  hart.write(csr_minstret, 7);
  hart->retired = 90;
  EXPECT_EQ(hart.read(csr_minstret), 7u);
  hart.write(csr_mcountinhibit, 1);  // now cycle
  hart->retired = 91;
  EXPECT_EQ(hart.read(csr_minstret), 7u);
  hart->retired = 100;
  EXPECT_EQ(hart.read(csr_minstret), 16u);
  EXPECT_EQ(hart.read(csr_mcycle), 90u);
}

TEST(hart, time_follows_the_machines_clock) {
  TestHart hart;
  hart.set_time(later);
  const u64 first = hart.read(csr_time);
  EXPECT_GE(first, later);
  EXPECT_LT(first, later + MachineClock::ticks_per_second * 60);
  while (hart.read(csr_time) == first) {
  }
  EXPECT_GT(hart.read(csr_time), first);
}

}  // namespace
