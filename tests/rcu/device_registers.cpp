// SPDX-License-Identifier: Apache-2.0
// RCU device registers: what a contract test of all variants cannot ask.
#include "variants/rcu/device_registers.hpp"

#include <gtest/gtest.h>

#include "tests/stress.hpp"
#include "vm/platform/native.hpp"

namespace {

using P = vm::NativePlatform;
using Rcu = variants::rcu_variant::Rcu<P>;
using ReadSection = variants::rcu_variant::ReadSection<P>;

struct State {
  struct Effects {};
  vm::u64 value = 0;
  std::array<vm::u64, 64> rest{};
};
struct IgnoreEffects {
  void operator()(const State::Effects&) const {}
};
using Registers = variants::rcu_variant::DeviceRegisters<P, State, IgnoreEffects>;

vm::u64 increment(State& state, State::Effects&) {
  for (auto& word : state.rest) ++word;
  return ++state.value;
}
vm::u64 look(const State& state) { return state.rest[0] == state.value && state.rest[63] == state.value ? state.value : ~vm::u64{0}; }

// The GC's sections run from safepoint to safepoint, and device accesses happen inside them. A mutation that waited for a grace period,
// with the lock or without it, would wait for such a section, and the section for the lock.
TEST(rcu, mutations_inside_long_sections_never_wait_for_a_grace_period) {
  const unsigned threads = tests::crowd();
  Registers device({.ports = threads}, {}, {});
  const vm::u64 rounds = tests::scaled(20'000);
  tests::together(
      threads,
      [&](unsigned index) {
        device.attach();
        auto& port = device.port(index);
        const ReadSection until_the_end;  // no grace period passes while anybody is in here
        for (vm::u64 i = 0; i < rounds; ++i) {
          if (i % 3 == 0) {
            vm::complete(device.mutate(port, increment));
          } else {
            ASSERT_NE(vm::complete(device.inspect(port, look)), ~vm::u64{0});
          }
        }
        device.detach();
      },
      std::chrono::seconds(20));
  device.attach();
  EXPECT_EQ(vm::complete(device.inspect(device.port(0), look)), threads * ((rounds + 2) / 3));
  device.detach();
}

// A reader keeps its copy, whole, for as long as its section lasts, however many mutations follow: slots are not reused under it.
TEST(rcu, a_copy_outlives_every_section_that_saw_it) {
  variants::rcu_variant::CopyRing<P, State> ring;
  Rcu::register_thread();
  State state;
  ring.publish(state);
  Rcu::read_lock();
  const State* seen = ring.current();
  ASSERT_NE(seen, nullptr);
  vm::u64 published = 0;
  State::Effects effects;
  for (int i = 0; i < 10'000; ++i) {
    increment(state, effects);
    if (ring.any()) {
      ring.publish(state);
      ++published;
    } else {
      ring.withdraw();
    }
    ring.retire_batch();
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
  EXPECT_EQ(look(*seen), 0u);
  EXPECT_EQ(published, ring.capacity - 1);
  EXPECT_FALSE(ring.any());
  EXPECT_FALSE(ring.published());
  Rcu::read_unlock();
  Rcu::barrier();
  ring.retire_batch();
  Rcu::barrier();
  EXPECT_TRUE(ring.plenty());
  ring.publish(state);
  EXPECT_EQ(look(*ring.current()), state.value);
  Rcu::unregister_thread();
}

// A register file that nobody inspects is not copied; once it is inspected again, inspections leave the lock.
TEST(rcu, copies_follow_the_readers) {
  Registers device({.ports = 1}, {}, {});
  device.attach();
  auto& port = device.port(0);
  EXPECT_TRUE(device.published());
  for (int i = 0; i < 2'000; ++i) vm::complete(device.mutate(port, increment));
  EXPECT_FALSE(device.published());
  EXPECT_TRUE(tests::eventually([&] {
    EXPECT_EQ(vm::complete(device.inspect(port, look)), 2'000u);
    return device.published();
  }));
  device.detach();
}

}  // namespace
