// SPDX-License-Identifier: Apache-2.0
// G5: the limit, what is evicted at it, and exhaustion as an ordinary result.
#include "tests/contract/gc_ledger.hpp"

namespace gc_contract {
namespace {

constexpr vm::u64 heap_bytes = 256 << 10;

struct OneHart {
  Ledger ledger{200000};
  std::unique_ptr<Gc> gc = std::make_unique<Gc>(vm::GcConfig{heap_bytes, 1}, ledger.finalizer());
  const Attached attached{*gc};
  Mutator& mutator = gc->mutator({0}, {});

  Object* publish(const vm::BlockKey& key, vm::u32 extra = 0) { return publish_new(*gc, mutator, ledger, key, 2, extra); }
  Object* find(const vm::BlockKey& key) { return vm::complete(gc->find(mutator, key)); }
  void collect() { vm::complete(gc->collect(mutator)); }
};

TEST(gc, code_cache_churns_within_its_limit) {
  OneHart hart;
  {
    const Running running(*hart.gc, hart.mutator);
    for (vm::u64 i = 0; i < 20000; ++i) {
      ASSERT_NE(hart.publish(block_key(i, 0), 200), nullptr) << "block " << i << ": a cache of blocks is never full";
      ASSERT_NE(hart.find(block_key(i, 0)), nullptr);
      if (i % 100 == 0) {
        ASSERT_LE(hart.gc->statistics().live_bytes, heap_bytes);
      }
    }
  }
  const vm::GcStatistics statistics = hart.gc->statistics();
  EXPECT_GT(statistics.evicted, 0u);
  EXPECT_GE(statistics.retired, statistics.evicted);
  EXPECT_GT(statistics.reclaimed, 19000u);
  EXPECT_LE(statistics.live_bytes, heap_bytes);
  hart.gc.reset();
  hart.ledger.expect_each_finalized_once();
}

// Blocks that are executed in each period outlive a stream of others that are not, many times the heap.
TEST(gc, blocks_not_executed_go_first) {
  OneHart hart;
  const Running running(*hart.gc, hart.mutator);
  constexpr vm::u64 hot = 200;
  const auto execute_hot = [&] {
    vm::u64 there = 0;
    for (vm::u64 i = 0; i < hot; ++i) {
      Object* block = hart.find(block_key(i, 0));
      there += block != nullptr && canary(*block).id == i;  // the same object as at first, not one built again
    }
    return there;
  };
  for (vm::u64 i = 0; i < hot; ++i) ASSERT_NE(hart.publish(block_key(i, 0)), nullptr);
  for (vm::u64 i = 0; i < 10000; ++i) {
    ASSERT_NE(hart.publish(block_key(hot + i, 0)), nullptr);
    if (i % 50 == 0) {
      ASSERT_EQ(execute_hot(), hot) << "after " << i << " others";
    }
  }
  EXPECT_GT(hart.gc->statistics().evicted, 5000u);
}

// The engine's own mark: entering a block warms it, without any call of the layer.
TEST(gc, entering_a_block_keeps_it) {
  OneHart hart;
  const Running running(*hart.gc, hart.mutator);
  const vm::u64 bytes = Object::total_bytes(2, sizeof(Canary) + 1000);
  const vm::u64 blocks = heap_bytes * 9 / 10 / bytes;
  for (vm::u64 i = 0; i < blocks; ++i) {
    ASSERT_NE(hart.publish(block_key(i, 0), 1000), nullptr);
    for (vm::u64 before = 0; before < i; ++before) ASSERT_NE(hart.find(block_key(before, 0)), nullptr);
  }
  for (vm::u64 i = 0; i + 1 < blocks; ++i) {
    Object* chained = hart.find(block_key(i + 1, 0));
    hart.gc->link(hart.mutator, *hart.find(block_key(i, 0)), 0, chained);
  }
  Object* head = hart.find(block_key(0, 0));
  vm::complete(hart.gc->collect(hart.mutator));  // all have been executed: none goes, all are chilled
  EXPECT_EQ(hart.gc->statistics().evicted, 0u);
  head = hart.find(block_key(0, 0));
  for (vm::u64 i = 0; i < blocks / 2; ++i, head = follow(*head, 0)) {
    ASSERT_NE(head, nullptr);
    ASSERT_TRUE(enter(*head));
  }
  hart.collect();
  hart.collect();
  for (vm::u64 i = 0; i < blocks; ++i) {
    EXPECT_EQ(hart.find(block_key(i, 0)) != nullptr, i < blocks / 2) << "block " << i << " of " << blocks;
  }
}

TEST(gc, below_the_limit_nothing_is_evicted) {
  OneHart hart;
  const Running running(*hart.gc, hart.mutator);
  for (vm::u64 i = 0; i < 100; ++i) ASSERT_NE(hart.publish(block_key(i, 0)), nullptr);
  for (int i = 0; i < 5; ++i) hart.collect();
  for (vm::u64 i = 0; i < 100; ++i) EXPECT_NE(hart.find(block_key(i, 0)), nullptr);
  EXPECT_EQ(hart.gc->statistics().evicted, 0u);
  EXPECT_EQ(hart.gc->statistics().collections, 5u);
}

TEST(gc, exhaustion_is_an_ordinary_result) {
  OneHart hart;
  {
    const Running running(*hart.gc, hart.mutator);
    vm::u64 roots = 0;
    while (hart.publish(plain_key(roots)) != nullptr) ++roots;
    EXPECT_EQ(roots, heap_bytes / Object::total_bytes(2, sizeof(Canary))) << "the whole limit is used, headers included";
    EXPECT_EQ(vm::complete(hart.gc->allocate(hart.mutator, vm::ObjectKind::block, 2, sizeof(Canary))), nullptr);
    for (vm::u64 i = 0; i < roots; ++i) ASSERT_NE(hart.find(plain_key(i)), nullptr) << "a reachable plain object is never evicted";
    for (vm::u64 i = 0; i < roots; i += 2) ASSERT_TRUE(vm::complete(hart.gc->erase(hart.mutator, plain_key(i))));
    for (vm::u64 i = 0; i < roots; i += 2) ASSERT_NE(hart.publish(plain_key(roots + i)), nullptr) << "room again";
  }
  EXPECT_LE(hart.gc->statistics().live_bytes, heap_bytes);
  hart.gc.reset();
  hart.ledger.expect_each_finalized_once();
}

TEST(gc, object_larger_than_the_heap_is_refused) {
  OneHart hart;
  const Running running(*hart.gc, hart.mutator);
  ASSERT_NE(hart.publish(block_key(1, 0)), nullptr);
  EXPECT_EQ(vm::complete(hart.gc->allocate(hart.mutator, vm::ObjectKind::block, 0, heap_bytes)), nullptr);
  EXPECT_EQ(vm::complete(hart.gc->allocate(hart.mutator, vm::ObjectKind::plain, 0, 0xffff'fff0)), nullptr);
  EXPECT_NE(hart.find(block_key(1, 0)), nullptr) << "a request that cannot be met costs nobody his place";
}

// An object of half the heap displaces blocks although the heap is not yet three quarters full.
TEST(gc, large_object_displaces_blocks) {
  OneHart hart;
  const Running running(*hart.gc, hart.mutator);
  while (hart.gc->statistics().live_bytes < heap_bytes * 6 / 10) ASSERT_NE(hart.publish(block_key(hart.ledger.issued(), 0)), nullptr);
  EXPECT_NE(hart.publish(plain_key(1), heap_bytes / 2), nullptr);
}

TEST(gc, invalidated_blocks_give_their_room_back) {
  OneHart hart;
  {
    const Running running(*hart.gc, hart.mutator);
    for (vm::u64 i = 0; i < 20000; ++i) {
      ASSERT_NE(hart.publish(block_key(3, 2 * (i % 64)), 200), nullptr);
      vm::complete(hart.gc->invalidate({3}));
    }
    hart.collect();
    hart.collect();
    EXPECT_EQ(hart.ledger.reclaimed(), 20000u);
    const vm::GcStatistics statistics = hart.gc->statistics();
    EXPECT_EQ(statistics.live_bytes, 0u);
    EXPECT_EQ(statistics.deferred, 0u);
    EXPECT_EQ(statistics.retired, 20000u);
    EXPECT_EQ(statistics.evicted, 0u);
  }
  hart.gc.reset();
  hart.ledger.expect_each_finalized_once();
}

}  // namespace
}  // namespace gc_contract
