// SPDX-License-Identifier: Apache-2.0
// The native side of Rcu<P>: grace periods, deferred callbacks, nested registration.
#include <gtest/gtest.h>

#include "tests/stress.hpp"
#include "variants/rcu/rcu.hpp"
#include "vm/platform/native.hpp"

namespace {

using P = vm::NativePlatform;
using Rcu = variants::rcu_variant::Rcu<P>;
using ReadSection = variants::rcu_variant::ReadSection<P>;

class Registered {
 public:
  Registered() { Rcu::register_thread(); }
  ~Registered() { Rcu::unregister_thread(); }
};

TEST(rcu, registration_nests) {
  const Registered outer;
  { const Registered inner; }
  // Still registered: a section of this thread must hold up a grace period.
  std::atomic<bool> over{false};
  Rcu::read_lock();
  std::thread waiter([&] {
    const Registered other;
    Rcu::synchronize();
    over = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_FALSE(over);
  Rcu::read_unlock();
  waiter.join();
  EXPECT_TRUE(over);
}

TEST(rcu, a_thread_that_ends_registered_holds_nothing_up) {
  std::thread([] { Rcu::register_thread(); }).join();
  const Registered here;
  Rcu::synchronize();
}

TEST(rcu, sections_nest) {
  const Registered here;
  EXPECT_FALSE(Rcu::reading());
  {
    const ReadSection outer;
    { const ReadSection inner; }
    EXPECT_TRUE(Rcu::reading());
  }
  EXPECT_FALSE(Rcu::reading());
}

TEST(rcu, deferred_callbacks_run_once_and_after_the_section) {
  const Registered here;
  static std::atomic<int> ran;
  ran = 0;
  {
    const ReadSection section;
    for (int i = 0; i < 100; ++i) Rcu::defer([](void*) { ++ran; }, nullptr);
    EXPECT_GE(Rcu::backlog(), 100u);
    std::this_thread::sleep_for(std::chrono::milliseconds(40));  // call_rcu's thread would long be through
    EXPECT_EQ(ran, 0);
  }
  Rcu::barrier();
  EXPECT_EQ(ran, 100);
  EXPECT_EQ(Rcu::backlog(), 0u);
}

// Readers follow one pointer; the writer replaces what it points to and poisons the old after a grace period, by both ways.
TEST(rcu, no_reader_sees_what_was_reclaimed) {
  struct Node {
    vm::u64 alive = 1;
  };
  std::atomic<Node*> published{new Node};
  std::atomic<bool> stop{false};
  static std::vector<Node*> graveyard;
  static std::mutex burying;
  graveyard.clear();
  tests::together(tests::crowd(), [&](unsigned index) {
    const Registered here;
    tests::Restless restless(index);
    if (index == 0) {
      for (vm::u64 i = 0; i < tests::scaled(3'000); ++i) {
        Node* old = published.exchange(new Node, std::memory_order_acq_rel);
        const auto poison = [](void* node) {
          static_cast<Node*>(node)->alive = 0;  // plain: a reader inside would race with it
          const std::lock_guard guard(burying);
          graveyard.push_back(static_cast<Node*>(node));
        };
        if (restless.below(4) == 0) {
          Rcu::synchronize();
          poison(old);
        } else {
          Rcu::defer(poison, old);
        }
      }
      stop = true;
      return;
    }
    while (!stop) {
      const ReadSection section;
      const Node* node = published.load(std::memory_order_acquire);
      ASSERT_EQ(node->alive, 1u);
      restless.maybe_yield();
      ASSERT_EQ(node->alive, 1u);
    }
  });
  const Registered here;
  Rcu::barrier();
  EXPECT_EQ(graveyard.size(), tests::scaled(3'000));
  for (Node* node : graveyard) delete node;
  delete published.load();
}

}  // namespace
