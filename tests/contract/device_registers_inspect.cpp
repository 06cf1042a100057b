// SPDX-License-Identifier: Apache-2.0
// R1: inspect is linearizable and never sees half of a State.
#include <gtest/gtest.h>

#include "tests/contract/register_files.hpp"

namespace {

using namespace tests;
using CounterRegisters = Registers<Counter, IgnoreEffects>;

TEST(device_registers, inspect_sees_the_initial_state) {
  Counter initial;
  initial.total = 41;
  CounterRegisters device({.ports = 2}, initial, {});
  const Attached attached(device);
  EXPECT_EQ(inspect(device, 1, [](const Counter& state) { return state.total; }), 41u);
}

TEST(device_registers, inspect_sees_every_mutation_that_returned) {
  CounterRegisters device({.ports = 3}, {}, {});
  const Attached attached(device);
  for (vm::u64 i = 1; i <= scaled(2'000); ++i) {
    mutate(device, i % 2, [](Counter& state, Counter::Effects& effects) { return state.add(0, 1, effects); });
    ASSERT_EQ(inspect(device, 2, [](const Counter& state) { return state.sequence; }), i);
  }
}

// A variant may serve reads from a place of their own and leave it while nobody reads: long runs of writes, then of reads.
TEST(device_registers, inspect_is_exact_after_bursts_of_writes) {
  CounterRegisters device({.ports = 2}, {}, {});
  const Attached attached(device);
  Restless restless(1);
  vm::u64 expected = 0;
  for (vm::u64 burst = 0; burst < scaled(60); ++burst) {
    for (vm::u64 i = restless.below(1'500); i != 0; --i) {
      expected = mutate(device, 0, [](Counter& state, Counter::Effects& effects) { return state.add(0, 1, effects); });
    }
    for (vm::u64 i = restless.below(12); i != 0; --i) {
      ASSERT_EQ(inspect(device, 1, [](const Counter& state) { return state.sequence; }), expected);
    }
    if (restless.below(8) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(15));  // longer than a grace period
  }
}

// Real-time order, between threads: what one thread has written or seen, and said so, no other may unsee.
TEST(device_registers, inspect_never_goes_back) {
  const unsigned threads = crowd();
  CounterRegisters device({.ports = threads}, {}, {});
  std::atomic<vm::u64> known{0};  // a sequence number that some completed operation has made or seen
  together(threads, [&](unsigned index) {
    const Attached attached(device);
    Restless restless(index);
    vm::u64 mine = 0;
    for (vm::u64 i = 0; i < scaled(50'000); ++i) {
      const vm::u64 floor = known.load(std::memory_order_acquire);
      vm::u64 seen = 0;
      if (restless.below(index % 2 == 0 ? 4 : 64) == 0) {
        seen = mutate(device, index, [index](Counter& state, Counter::Effects& effects) { return state.add(index, 1, effects); });
        ++mine;
        ASSERT_GT(seen, floor);
      } else {
        struct Sight {
          vm::u64 sequence;
          vm::u64 by_me;
        };
        const Sight sight = inspect(device, index, [index](const Counter& state) { return Sight{state.sequence, state.by[index]}; });
        seen = sight.sequence;
        ASSERT_GE(seen, floor);
        ASSERT_EQ(sight.by_me, mine);
      }
      vm::u64 last = floor;
      while (last < seen && !known.compare_exchange_weak(last, seen, std::memory_order_release, std::memory_order_relaxed)) {
      }
      restless.maybe_yield();
    }
  });
}

template <unsigned Words>
void never_torn() {
  using State = Wide<Words>;
  Registers<State, IgnoreEffects> device({.ports = crowd()}, {}, {});
  together(crowd(), [&](unsigned index) {
    const Attached attached(device);
    Restless restless(index);
    for (vm::u64 i = 0; i < scaled(12'000); ++i) {
      const bool stumble = restless.below(64) == 0;  // loses the processor in the middle of a transition
      if (restless.below(3) == 0) {
        const vm::u64 torn = mutate(device, index, [stumble](State& state, typename State::Effects& effects) -> vm::u64 {
          const bool whole = state.whole();
          effects.version = ++state.version;
          for (unsigned word = 0; word < Words; ++word) {
            if (stumble && word == Words / 2) sched_yield();
            state.words[word] = State::mix(state.version, word);
          }
          return whole ? 0 : state.version;
        });
        ASSERT_EQ(torn, 0u);
      } else {
        const bool whole = inspect(device, index, [stumble](const State& state) {
          const bool before = state.whole();
          if (stumble) sched_yield();
          return before && state.whole();
        });
        ASSERT_TRUE(whole);
      }
      restless.maybe_yield();
    }
  });
}

TEST(device_registers, inspect_never_tears_two_lines) { never_torn<15>(); }
TEST(device_registers, inspect_never_tears_many_lines) { never_torn<383>(); }

}  // namespace
