// SPDX-License-Identifier: Apache-2.0
// R2: mutations are linearizable, and the effects of each reach the Sink once, in that order.
#include <gtest/gtest.h>

#include "tests/contract/register_files.hpp"

namespace {

using namespace tests;

// What a Sink has been handed. Plain: the layer promises one call at a time.
struct Journal {
  vm::u64 last = 0;
  vm::u64 amount = 0;
  vm::u64 out_of_order = 0;
  std::array<vm::u64, 64> by_port{};
};
struct Journalist {
  Journal* journal;
  void operator()(vm::u32 port, const Counter::Effects& effects) const {
    if (effects.sequence != journal->last + 1) ++journal->out_of_order;
    journal->last = effects.sequence;
    journal->amount += effects.amount;
    ++journal->by_port[port];
  }
};

TEST(device_registers, mutations_take_effect_once_and_in_order) {
  const unsigned threads = crowd();
  Journal journal;
  Registers<Counter, Journalist> device({.ports = threads}, {}, {&journal});
  const vm::u64 rounds = scaled(50'000);
  std::vector<std::atomic<vm::u8>> given(rounds * threads + 1);
  std::vector<vm::u64> amounts(threads);
  together(threads, [&](unsigned index) {
    const Attached attached(device);
    Restless restless(index);
    vm::u64 last = 0;
    for (vm::u64 i = 0; i < rounds; ++i) {
      const vm::u64 amount = restless.below(1'000);
      amounts[index] += amount;
      const vm::u64 sequence =
          mutate(device, index, [index, amount](Counter& state, Counter::Effects& effects) { return state.add(index, amount, effects); });
      ASSERT_GT(sequence, last);
      ASSERT_LT(sequence, given.size());
      ASSERT_EQ(given[sequence].exchange(1), 0) << "two mutations were given place " << sequence;
      last = sequence;
      restless.maybe_yield();
    }
  });
  vm::u64 amount = 0;
  for (unsigned i = 0; i < threads; ++i) {
    amount += amounts[i];
    EXPECT_EQ(journal.by_port[i], rounds);
  }
  EXPECT_EQ(journal.out_of_order, 0u);
  EXPECT_EQ(journal.last, rounds * threads);
  EXPECT_EQ(journal.amount, amount);
  const Attached attached(device);
  const Counter end = inspect(device, 0, [](const Counter& state) { return state; });
  EXPECT_EQ(end.total, amount);
  EXPECT_EQ(end.sequence, rounds * threads);
}

// When mutate returns, its effects have been applied: a Sink that is only queued would be seen here.
TEST(device_registers, effects_are_applied_when_mutate_returns) {
  Journal journal;
  Registers<Counter, Journalist> device({.ports = 1}, {}, {&journal});
  const Attached attached(device);
  for (vm::u64 i = 1; i <= 2'000; ++i) {
    mutate(device, 0, [](Counter& state, Counter::Effects& effects) { return state.add(0, 3, effects); });
    ASSERT_EQ(journal.last, i);
    ASSERT_EQ(journal.amount, 3 * i);
  }
}

TEST(device_registers, a_claim_is_given_to_one_hart) {
  const unsigned threads = crowd();
  Registers<Controller, IgnoreEffects> device({.ports = threads}, {}, {});
  std::array<std::atomic<vm::u64>, Controller::sources> raised{};
  std::array<std::atomic<vm::u64>, Controller::sources> claimed{};
  std::array<std::atomic<bool>, Controller::sources> in_service{};
  const auto claim_and_complete = [&](unsigned index) {
    const vm::u32 source = mutate(device, index, [](Controller& state, Controller::Effects& effects) { return state.claim(effects); });
    if (source == Controller::sources) return false;
    EXPECT_FALSE(in_service[source].exchange(true)) << "source " << source << " is with two harts";
    ++claimed[source];
    in_service[source] = false;
    mutate(device, index, [source](Controller& state, Controller::Effects& effects) { state.complete(source, effects); });
    return true;
  };
  together(threads, [&](unsigned index) {
    const Attached attached(device);
    Restless restless(index);
    for (vm::u64 i = 0; i < scaled(50'000); ++i) {
      if (index % 2 == 0) {
        const auto source = static_cast<vm::u32>(restless.below(Controller::sources));
        const bool accepted =
            mutate(device, index, [source](Controller& state, Controller::Effects& effects) { return state.raise(source, effects); });
        if (accepted) ++raised[source];
      } else {
        claim_and_complete(index);
      }
      restless.maybe_yield();
    }
  });
  const Attached attached(device);
  while (claim_and_complete(0)) {
  }
  vm::u64 all = 0;
  for (vm::u32 source = 0; source < Controller::sources; ++source) {
    EXPECT_EQ(raised[source], claimed[source]) << "source " << source;
    all += raised[source];
  }
  EXPECT_GT(all, 0u);
}

TEST(device_registers, a_byte_leaves_once_and_in_order) {
  const unsigned threads = crowd();
  Registers<Receiver, IgnoreEffects> device({.ports = threads}, {}, {});
  const vm::u32 count = static_cast<vm::u32>(scaled(60'000));
  std::vector<std::atomic<vm::u8>> received(count + 1);
  std::atomic<vm::u32> left{count};
  together(threads, [&](unsigned index) {
    const Attached attached(device);
    Restless restless(index);
    if (index == 0) {
      for (vm::u32 byte = 1; byte <= count;) {
        if (mutate(device, 0, [byte](Receiver& state, Receiver::Effects& effects) { return state.push(byte, effects); })) {
          ++byte;
        } else {
          sched_yield();
        }
      }
      return;
    }
    for (vm::u32 last = 0; left != 0;) {
      const vm::u32 byte = mutate(device, index, [](Receiver& state, Receiver::Effects& effects) { return state.pop(effects); });
      if (byte == 0) {
        sched_yield();
        continue;
      }
      ASSERT_GT(byte, last);
      ASSERT_EQ(received[byte].exchange(1), 0) << "byte " << byte << " left twice";
      last = byte;
      --left;
    }
  });
  for (vm::u32 byte = 1; byte <= count; ++byte) ASSERT_EQ(received[byte], 1) << "byte " << byte << " is lost";
}

}  // namespace
