// SPDX-License-Identifier: Apache-2.0
// R4 and the shape of the layer: declared progress, exact statistics, results of every kind, life and death.
#include <gtest/gtest.h>

#include <memory>

#include "tests/contract/register_files.hpp"

namespace {

using namespace tests;
using CounterRegisters = Registers<Counter, IgnoreEffects>;
static_assert(vm::DeviceRegistersLayer<CounterRegisters, Counter, IgnoreEffects>);
static_assert(vm::DeviceRegistersLayer<Registers<Wide<383>, IgnoreEffects>, Wide<383>, IgnoreEffects>);

TEST(device_registers, progress_is_declared) {
  EXPECT_STRNE(vm::name(CounterRegisters::inspect_progress), "unknown");
  EXPECT_STRNE(vm::name(CounterRegisters::mutate_progress), "unknown");
}

TEST(device_registers, statistics_are_exact_at_rest) {
  const unsigned threads = crowd();
  CounterRegisters device({.ports = threads}, {}, {});
  const vm::u64 rounds = scaled(30'000);
  std::atomic<vm::u64> inspections{0};
  std::atomic<vm::u64> mutations{0};
  together(threads, [&](unsigned index) {
    const Attached attached(device);
    Restless restless(index);
    for (vm::u64 i = 0; i < rounds; ++i) {
      if (restless.below(3) == 0) {
        mutate(device, index, [index](Counter& state, Counter::Effects& effects) { return state.add(index, 1, effects); });
        ++mutations;
      } else {
        inspect(device, index, [](const Counter& state) { return state.total; });
        ++inspections;
      }
    }
  });
  const vm::RegistersStatistics statistics = device.statistics();
  EXPECT_EQ(statistics.inspections, inspections);
  EXPECT_EQ(statistics.mutations, mutations);
}

TEST(device_registers, transitions_return_nothing_or_values) {
  CounterRegisters device({.ports = 1}, {}, {});
  const Attached attached(device);
  static_assert(std::is_void_v<decltype(mutate(device, 0, [](Counter&, Counter::Effects&) {}))>);
  static_assert(std::is_void_v<decltype(inspect(device, 0, [](const Counter&) {}))>);
  mutate(device, 0, [](Counter& state, Counter::Effects& effects) { state.add(9, 5, effects); });
  inspect(device, 0, [](const Counter&) {});
  EXPECT_EQ(inspect(device, 0, [](const Counter& state) { return state.by; })[9], 1u);
  EXPECT_EQ(device.statistics().mutations, 1u);
}

// Harts that wait hold nothing up, and come back as they were.
TEST(device_registers, idle_ports_come_back) {
  CounterRegisters device({.ports = 2}, {}, {});
  const Attached attached(device);
  for (int i = 0; i < 200; ++i) {
    device.idle(device.port(0));
    device.busy(device.port(0));
    mutate(device, 0, [](Counter& state, Counter::Effects& effects) { return state.add(0, 1, effects); });
    device.quiescent(device.port(0));
  }
  EXPECT_EQ(inspect(device, 1, [](const Counter& state) { return state.total; }), 200u);
}

// A layer may die while work for it is still under way behind the scenes. Its memory is the heap's, so that ASan sees a late access.
TEST(device_registers, layers_come_and_go) {
  using State = Wide<32>;
  for (int life = 0; life < 12; ++life) {
    const auto device = std::make_unique<Registers<State, IgnoreEffects>>(vm::RegistersConfig{.ports = 2}, State{}, IgnoreEffects{});
    const Attached attached(*device);
    for (vm::u64 i = 0; i < 150u * static_cast<unsigned>(life); ++i) {
      mutate(*device, 0, [](State& state, State::Effects&) { state.words = State::filled(++state.version); });
      if (i % 2 == 0) {
        ASSERT_TRUE(inspect(*device, 1, [](const State& state) { return state.whole(); }));
      }
    }
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(40));
}

}  // namespace
