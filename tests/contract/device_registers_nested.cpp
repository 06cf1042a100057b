// SPDX-License-Identifier: Apache-2.0
// R3: a device's level reaches the next device in the order of the mutations that made it, through Sinks that mutate other devices.
#include <gtest/gtest.h>

#include "tests/contract/register_files.hpp"

namespace {

using namespace tests;

// The harts' end: the interrupt line, with the sequence number that set it.
struct Line {
  std::atomic<vm::u64> sequence{0};
  std::atomic<bool> high{false};
  std::atomic<vm::u64> regressions{0};
};
struct ToHarts {
  Line* line;
  void operator()(const Controller::Effects& effects) const {
    if (effects.sequence != line->sequence.load() + 1) ++line->regressions;
    line->high.store(effects.line);
    line->sequence.store(effects.sequence);
  }
};
using ControllerRegisters = Registers<Controller, ToHarts>;

struct ToController {
  ControllerRegisters* controller;
  vm::u32 source;
  void operator()(vm::u32 port, const Receiver::Effects& effects) const {
    mutate(*controller, port, [this_source = source, effects](Controller& state, Controller::Effects& further) {
      state.set_level(this_source, effects.level, effects.version, further);
    });
  }
};
using ReceiverRegisters = Registers<Receiver, ToController>;

TEST(device_registers, a_level_is_up_and_down_when_mutate_returns) {
  Line line;
  ControllerRegisters controller({.ports = 1}, {}, {&line});
  ReceiverRegisters receiver({.ports = 1}, {}, {&controller, 5});
  const Attached attached(controller, receiver);
  for (int i = 0; i < 500; ++i) {
    mutate(receiver, 0, [](Receiver& state, Receiver::Effects& effects) { return state.push(1, effects); });
    ASSERT_TRUE(line.high);
    ASSERT_EQ(inspect(controller, 0, [](const Controller& state) { return state.pending; }), vm::u64{1} << 5);
    mutate(receiver, 0, [](Receiver& state, Receiver::Effects& effects) { return state.pop(effects); });
    ASSERT_FALSE(line.high);
    ASSERT_EQ(inspect(controller, 0, [](const Controller& state) { return state.pending; }), 0u);
  }
  EXPECT_EQ(line.regressions, 0u);
}

TEST(device_registers, a_level_is_never_overwritten_by_an_older_one) {
  const unsigned threads = crowd();
  Line line;
  ControllerRegisters controller({.ports = threads}, {}, {&line});
  ReceiverRegisters first({.ports = threads}, {}, {&controller, 1});
  ReceiverRegisters second({.ports = threads}, {}, {&controller, 2});
  together(threads, [&](unsigned index) {
    const Attached attached(controller, first, second);
    Restless restless(index);
    for (vm::u64 i = 0; i < scaled(40'000); ++i) {
      ReceiverRegisters& receiver = restless.below(2) == 0 ? first : second;
      const vm::u32 source = &receiver == &first ? 1 : 2;
      switch (restless.below(4)) {
        case 0:
        case 1: {
          const bool push = restless.below(2) == 0;
          const vm::u64 version = mutate(receiver, index, [push](Receiver& state, Receiver::Effects& effects) {
            if (push) {
              state.push(7, effects);
            } else {
              state.pop(effects);
            }
            return state.version;
          });
          // Its level, or a newer one, is in force now.
          ASSERT_GE(inspect(controller, index, [source](const Controller& state) { return state.level_version[source]; }), version);
          break;
        }
        case 2: {
          const vm::u32 claimed =
              mutate(controller, index, [](Controller& state, Controller::Effects& effects) { return state.claim(effects); });
          if (claimed == Controller::sources) break;
          mutate(controller, index, [claimed](Controller& state, Controller::Effects& effects) { state.complete(claimed, effects); });
          break;
        }
        default: {
          // The other way round: no level is in force before the mutation that made it can be seen.
          const vm::u64 in_force = inspect(controller, index, [source](const Controller& state) { return state.level_version[source]; });
          ASSERT_GE(inspect(receiver, index, [](const Receiver& state) { return state.version; }), in_force);
        }
      }
      restless.maybe_yield();
    }
  });
  const Attached attached(controller, first, second);
  const Controller end = inspect(controller, 0, [](const Controller& state) { return state; });
  EXPECT_EQ(end.regressions, 0u);
  EXPECT_EQ(line.regressions, 0u);
  EXPECT_EQ(line.sequence, end.sequence);
  EXPECT_EQ(line.high, end.pending != 0);
  for (ReceiverRegisters* receiver : {&first, &second}) {
    const Receiver last = inspect(*receiver, 0, [](const Receiver& state) { return state; });
    const vm::u32 source = receiver == &first ? 1 : 2;
    EXPECT_EQ(end.level_version[source], last.version);
    EXPECT_EQ((end.level >> source) & 1, last.held != 0 ? 1u : 0u);
  }
}

// A hart that has been told of an effect looks at the device and must find the mutation done. The Sink takes its time, so that there
// is a while in which the effects are out and mutate has not returned.
struct Announcer {
  std::atomic<vm::u64>* announced;
  void operator()(const Counter::Effects& effects) const {
    announced->store(effects.sequence);
    for (int i = 0; i < 4; ++i) sched_yield();
  }
};

TEST(device_registers, a_mutation_is_seen_once_its_effects_are) {
  std::atomic<vm::u64> announced{0};
  Registers<Counter, Announcer> device({.ports = 3}, {}, {&announced});
  std::atomic<bool> stop{false};
  together(3, [&](unsigned index) {
    const Attached attached(device);
    if (index == 0) {
      const auto end = vm::NativePlatform::now() + std::chrono::milliseconds(scaled(300));
      while (vm::NativePlatform::now() < end) {
        mutate(device, 0, [](Counter& state, Counter::Effects& effects) { return state.add(0, 1, effects); });
        std::this_thread::sleep_for(std::chrono::microseconds(300));
      }
      stop = true;
      return;
    }
    while (!stop) {
      const vm::u64 known = announced;
      ASSERT_GE(inspect(device, index, [](const Counter& state) { return state.sequence; }), known);
      sched_yield();  // or else readers that overlap keep a writer of std::shared_mutex out for seconds
    }
  });
}

}  // namespace
