// SPDX-License-Identifier: Apache-2.0
// Safepoints: idle mutators hold up nobody, running ones are asked for their attention, collectors do not wait for each other in a
// circle, and pauses are counted (G6).
#include <future>

#include "tests/contract/gc_ledger.hpp"

namespace gc_contract {
namespace {

// Runs f on a thread of its own; a test that hangs says so.
template <class F>
void must_finish(const char* what, F f) {
  std::future<void> done = std::async(std::launch::async, f);
  if (done.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
    std::fprintf(stderr, "hangs: %s\n", what);
    std::abort();
  }
  done.get();
}

struct Asked {
  vm::NativeAtomic<vm::u32> word{0};
  vm::Attention<P> attention() { return {&word, 4}; }
  bool raised() const { return (word.load(vm::relaxed) & 4) != 0; }
};

TEST(gc, idle_mutators_never_hold_up_a_collection) {
  Ledger ledger(100);
  Gc gc({1 << 20, 4}, ledger.finalizer());
  for (vm::u32 hart = 0; hart < 4; ++hart) gc.mutator({hart}, {});
  // Mutator 1 has been busy, on a thread that still exists and does nothing; 2 on one that is gone; 3 never.
  std::promise<void> has_run;
  std::promise<void> may_end;
  std::thread waiting([&] {
    const Attached attached(gc);
    { const Running running(gc, gc.mutator({1}, {})); }
    has_run.set_value();
    may_end.get_future().wait();
  });
  has_run.get_future().wait();
  std::thread([&] {
    const Attached attached(gc);
    const Running running(gc, gc.mutator({2}, {}));
    publish_new(gc, gc.mutator({2}, {}), ledger, plain_key(1));
  }).join();
  must_finish("a collection beside idle mutators", [&] {
    const Attached attached(gc);
    Mutator& mutator = gc.mutator({0}, {});
    const Running running(gc, mutator);
    for (int i = 0; i < 20; ++i) vm::complete(gc.collect(mutator));
  });
  EXPECT_EQ(gc.statistics().collections, 20u);
  EXPECT_EQ(ledger.reclaimed(), 0u) << "an index entry is a root whoever made it";
  may_end.set_value();
  waiting.join();
}

// The other mutator comes to a safepoint only when its attention is raised.
TEST(gc, running_mutator_is_asked_for_its_attention) {
  Ledger ledger(100);
  Gc gc({1 << 20, 2}, ledger.finalizer());
  Asked asked;
  Mutator& other = gc.mutator({1}, asked.attention());
  Mutator& collector = gc.mutator({0}, {});
  std::atomic<bool> runs{false};
  std::atomic<bool> stop{false};
  std::thread running_hart([&] {
    const Attached attached(gc);
    const Running running(gc, other);
    runs = true;
    while (!stop) {
      if (asked.raised()) {
        gc.safepoint(other);
        gc.drops_cached_objects(other);
      }
      std::this_thread::yield();
    }
  });
  while (!runs) std::this_thread::yield();
  must_finish("a collection beside a running mutator", [&] {
    const Attached attached(gc);
    const Running running(gc, collector);
    for (int i = 0; i < 50; ++i) vm::complete(gc.collect(collector));
  });
  stop = true;
  running_hart.join();
  EXPECT_EQ(gc.statistics().collections, 50u);
}

TEST(gc, safepoint_takes_back_the_attention) {
  Ledger ledger(100);
  Gc gc({1 << 20, 1}, ledger.finalizer());
  const Attached attached(gc);
  Asked asked;
  Mutator& mutator = gc.mutator({0}, asked.attention());
  const Running running(gc, mutator);
  for (int i = 0; i < 3; ++i) {
    vm::complete(gc.collect(mutator));
    gc.safepoint(mutator);
    EXPECT_FALSE(asked.raised()) << "a hart whose attention stays raised leaves its blocks for ever";
  }
}

TEST(gc, mutators_may_collect_at_once) {
  constexpr unsigned harts = 4;
  Ledger ledger(10000 * stress());
  auto gc = std::make_unique<Gc>(vm::GcConfig{1 << 20, harts}, ledger.finalizer());
  for (vm::u32 hart = 0; hart < harts; ++hart) gc->mutator({hart}, {});
  must_finish("collections by all mutators at once", [&] {
    std::vector<std::thread> threads;
    for (vm::u32 hart = 0; hart < harts; ++hart) {
      threads.emplace_back([&, hart] {
        const Attached attached(*gc);
        Mutator& mutator = gc->mutator({hart}, {});
        const Running running(*gc, mutator);
        for (unsigned i = 0; i < 100 * stress(); ++i) {
          EXPECT_NE(publish_new(*gc, mutator, ledger, plain_key(hart)), nullptr);
          EXPECT_TRUE(vm::complete(gc->erase(mutator, plain_key(hart))));
          const vm::u64 before = ledger.reclaimed();
          vm::complete(gc->collect(mutator));
          vm::complete(gc->collect(mutator));
          EXPECT_GT(ledger.reclaimed(), before) << "what was unreachable when its mutator collected is gone after it";
          gc->safepoint(mutator);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  EXPECT_EQ(ledger.reclaimed(), harts * 100u * stress());
  gc.reset();
  ledger.expect_each_finalized_once();
}

TEST(gc, cached_objects_are_void_after_a_collection) {
  Ledger ledger(100);
  Gc gc({1 << 20, 1}, ledger.finalizer());
  const Attached attached(gc);
  Mutator& mutator = gc.mutator({0}, {});
  const Running running(gc, mutator);
  EXPECT_TRUE(gc.drops_cached_objects(mutator)) << "busy enters with no cached pointer";
  gc.safepoint(mutator);
  vm::complete(gc.collect(mutator));
  EXPECT_TRUE(gc.drops_cached_objects(mutator));
  EXPECT_TRUE(gc.drops_cached_objects(mutator)) << "until the next safepoint";
  gc.safepoint(mutator);
  vm::complete(gc.collect(mutator));
  gc.safepoint(mutator);
  EXPECT_TRUE(gc.drops_cached_objects(mutator)) << "an answer that nobody asked for is not lost";
}

TEST(gc, pauses_are_declared_and_counted) {
  static_assert(Gc::pause_kind == vm::PauseKind::stop_the_world || Gc::pause_kind == vm::PauseKind::handshake ||
                Gc::pause_kind == vm::PauseKind::concurrent || Gc::pause_kind == vm::PauseKind::incremental);
  Ledger ledger(10000);
  Gc gc({4 << 20, 2}, ledger.finalizer());
  Mutator& first = gc.mutator({0}, {});
  Asked asked;
  Mutator& second = gc.mutator({1}, asked.attention());
  std::atomic<int> phase{0};
  std::thread other([&] {
    const Attached attached(gc);
    const Running running(gc, second);
    phase = 1;
    while (phase != 2) {
      if (asked.raised()) gc.safepoint(second);
      std::this_thread::yield();
    }
  });
  while (phase != 1) std::this_thread::yield();
  {
    const Attached attached(gc);
    const Running running(gc, first);
    for (vm::u64 i = 0; i < 2000; ++i) ASSERT_NE(publish_new(gc, first, ledger, plain_key(i)), nullptr);
    const vm::GcStatistics before = gc.statistics();
    EXPECT_EQ(before.collections, 0u);
    EXPECT_EQ(before.pause_nanoseconds_total, 0u) << "nobody has been held yet";
    vm::u64 longest = 0;
    vm::u64 sum = 0;
    for (int i = 0; i < 5; ++i) {
      const auto begun = P::now();
      vm::complete(gc.collect(first));
      const auto took = static_cast<vm::u64>((P::now() - begun).count());
      longest = std::max(longest, took);
      sum += took;
    }
    const vm::GcStatistics after = gc.statistics();
    EXPECT_EQ(after.collections, 5u);
    EXPECT_GT(after.pause_nanoseconds_max, 1000u) << "2000 objects cannot be marked in a microsecond";
    EXPECT_GE(after.pause_nanoseconds_total, after.pause_nanoseconds_max);
    EXPECT_LE(after.pause_nanoseconds_total, 2 * sum + 1'000'000'000) << "two mutators cannot be held for longer than that";
  }
  phase = 2;
  other.join();
}

TEST(gc, statistics_count_what_was_done) {
  Ledger ledger(100);
  Gc gc({1 << 20, 1}, ledger.finalizer());
  const Attached attached(gc);
  Mutator& mutator = gc.mutator({0}, {});
  const Running running(gc, mutator);
  Object* block = publish_new(gc, mutator, ledger, block_key(1, 0), 2, 100);
  gc.link(mutator, *block, 0, block);
  gc.link(mutator, *block, 1, nullptr);
  EXPECT_EQ(vm::complete(gc.find(mutator, block_key(1, 0))), block);
  EXPECT_EQ(vm::complete(gc.find(mutator, block_key(2, 0))), nullptr);
  EXPECT_EQ(gc.statistics().live_bytes, Object::total_bytes(2, sizeof(Canary) + 100));
  vm::complete(gc.invalidate({1}));
  gc.safepoint(mutator);
  vm::GcStatistics statistics = gc.statistics();
  EXPECT_EQ(statistics.finds, 2u);
  EXPECT_EQ(statistics.found, 1u);
  EXPECT_EQ(statistics.allocated, 1u);
  EXPECT_EQ(statistics.published, 1u);
  EXPECT_EQ(statistics.links, 2u);
  EXPECT_EQ(statistics.invalidates, 1u);
  EXPECT_EQ(statistics.retired, 1u);
  EXPECT_EQ(statistics.deferred, 1u);
  EXPECT_EQ(statistics.reclaimed, 0u);
  vm::complete(gc.collect(mutator));
  statistics = gc.statistics();
  EXPECT_EQ(statistics.deferred, 0u);
  EXPECT_EQ(statistics.reclaimed, 1u);
  EXPECT_EQ(statistics.collections, 1u);
  EXPECT_EQ(statistics.live_bytes, 0u);
}

}  // namespace
}  // namespace gc_contract
