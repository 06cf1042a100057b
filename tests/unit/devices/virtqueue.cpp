// SPDX-License-Identifier: Apache-2.0
// Split virtqueues with a well-behaved driver: order, wrap-around, indirect tables, interrupt wishes.
#include "vm/devices/virtqueue.hpp"

#include "tests/unit/devices/driver_ring.hpp"

namespace {

using namespace tests;
using vm::devices::Chain;
using vm::devices::GuestRange;
using vm::devices::Virtqueue;
namespace virtio = vm::devices::virtio;

constexpr u64 payload = vm::ram_base + 0x8000;

struct Bench {
  std::unique_ptr<vm::GuestMemory> memory = ram();
  DriverRing driver{*memory, 8};
  Virtqueue queue;
  Chain chain;
  Bench() { queue.follow(driver.layout); }
  void features(u64 bits) {
    driver.layout.features |= bits;
    ++driver.layout.set_up;
    queue.follow(driver.layout);
  }
};

TEST(devices_virtqueue, an_empty_ring_is_empty) {
  Bench bench;
  EXPECT_EQ(bench.queue.pop(*bench.memory, bench.chain), Virtqueue::Pop::empty);
  EXPECT_FALSE(bench.queue.publish(*bench.memory)) << "nothing was pushed";
}

TEST(devices_virtqueue, chains_come_in_order_with_their_ranges_and_go_back_once_over_many_laps) {
  Bench bench;
  for (u32 lap = 0; lap < 70'000; lap += 3) {  // past the 16-bit index
    const u16 head = static_cast<u16>(lap / 3 % 6);
    const Descriptor parts[] = {{payload, 16, 0, 0}, {payload + 16, 100, flag_write, 0}, {payload + 200, 1, flag_write, 0}};
    bench.driver.chain(head, parts);
    for (int copies = 0; copies < 3; ++copies) bench.driver.offer(head);
    for (int copies = 0; copies < 3; ++copies) {
      ASSERT_EQ(bench.queue.pop(*bench.memory, bench.chain), Virtqueue::Pop::chain);
      ASSERT_EQ(bench.chain.head, head);
      ASSERT_EQ(bench.chain.readable.size(), 1u);
      ASSERT_EQ(bench.chain.writable.size(), 2u);
      ASSERT_EQ(bench.chain.readable_bytes, 16u);
      ASSERT_EQ(bench.chain.writable_bytes, 101u);
      ASSERT_EQ(bench.chain.writable[1].address, payload + 200);
      bench.queue.push(*bench.memory, bench.chain.head, lap);
    }
    ASSERT_EQ(bench.queue.pop(*bench.memory, bench.chain), Virtqueue::Pop::empty);
    ASSERT_FALSE(bench.driver.take()) << "visible only when published";
    ASSERT_TRUE(bench.queue.publish(*bench.memory));
    for (int copies = 0; copies < 3; ++copies) {
      const auto used = bench.driver.take();
      ASSERT_TRUE(used);
      ASSERT_EQ(used->id, head);
      ASSERT_EQ(used->length, lap);
    }
    ASSERT_FALSE(bench.driver.take());
  }
}

TEST(devices_virtqueue, indirect_tables_stand_for_chains) {
  Bench bench;
  bench.features(virtio::indirect_descriptors);
  const u64 table = payload + 0x1000;
  bench.driver.put(table, Descriptor{payload, 16, flag_next, 2});
  bench.driver.put(table + 32, Descriptor{payload + 16, 512, flag_next | flag_write, 1});
  bench.driver.put(table + 16, Descriptor{payload + 600, 1, flag_write, 0});
  bench.driver.describe(5, {table, 48, flag_indirect, 0});
  bench.driver.offer(5);
  ASSERT_EQ(bench.queue.pop(*bench.memory, bench.chain), Virtqueue::Pop::chain);
  EXPECT_EQ(bench.chain.head, 5u);
  EXPECT_EQ(bench.chain.readable_bytes, 16u);
  EXPECT_EQ(bench.chain.writable_bytes, 513u);
}

TEST(devices_virtqueue, direct_descriptors_may_precede_an_indirect_table) {
  Bench bench;
  bench.features(virtio::indirect_descriptors);
  bench.driver.put(payload + 0x1000, Descriptor{payload, 7, flag_write, 0});
  bench.driver.describe(0, {payload, 16, flag_next, 1});
  bench.driver.describe(1, {payload + 0x1000, 16, flag_indirect, 0});
  bench.driver.offer(0);
  ASSERT_EQ(bench.queue.pop(*bench.memory, bench.chain), Virtqueue::Pop::chain);
  EXPECT_EQ(bench.chain.readable_bytes, 16u);
  EXPECT_EQ(bench.chain.writable_bytes, 7u);
}

TEST(devices_virtqueue, the_no_interrupt_flag_is_a_wish_that_is_heard) {
  Bench bench;
  bench.driver.describe(0, {payload, 1, 0, 0});
  for (const auto& [flags, wanted] : {std::pair{u16{0}, true}, {u16{1}, false}, {u16{0}, true}}) {
    bench.driver.set_flags(flags);
    bench.driver.offer(0);
    ASSERT_EQ(bench.queue.pop(*bench.memory, bench.chain), Virtqueue::Pop::chain);
    bench.queue.push(*bench.memory, 0, 0);
    EXPECT_EQ(bench.queue.publish(*bench.memory), wanted);
  }
}

// All positions of the wished index relative to a batch, over the wrap of the 16-bit index: the specification's own definition.
TEST(devices_virtqueue, event_index_interrupts_exactly_when_the_index_passes_the_wish) {
  Bench bench;
  bench.features(virtio::event_index);
  bench.driver.describe(0, {payload, 1, 0, 0});
  u16 published = 0;
  for (u32 round = 0; round < 20'000; ++round) {
    const u32 batch = 1 + round % 5;
    const u16 event = static_cast<u16>(published + round % 11 - 3);
    bench.driver.set_used_event(event);
    for (u32 i = 0; i < batch; ++i) {
      bench.driver.offer(0);
      ASSERT_EQ(bench.queue.pop(*bench.memory, bench.chain), Virtqueue::Pop::chain);
      bench.queue.push(*bench.memory, 0, 0);
    }
    bool passed = false;
    for (u32 i = 0; i < batch; ++i) passed |= static_cast<u16>(published + i) == event;
    ASSERT_EQ(bench.queue.publish(*bench.memory), passed) << "round " << round;
    published = static_cast<u16>(published + batch);
  }
}

TEST(devices_virtqueue, rearm_asks_for_the_next_chain_and_sees_one_that_came_meanwhile) {
  Bench bench;
  EXPECT_FALSE(bench.queue.rearm(*bench.memory)) << "without event index every chain is notified";
  bench.features(virtio::event_index);
  bench.driver.describe(0, {payload, 1, 0, 0});
  bench.driver.offer(0);
  ASSERT_EQ(bench.queue.pop(*bench.memory, bench.chain), Virtqueue::Pop::chain);
  EXPECT_FALSE(bench.queue.rearm(*bench.memory));
  EXPECT_EQ(bench.driver.available_event(), 1u);
  bench.driver.offer(0);
  EXPECT_TRUE(bench.queue.rearm(*bench.memory));
}

TEST(devices_virtqueue, a_new_set_up_begins_at_index_0_and_the_same_one_goes_on) {
  Bench bench;
  bench.driver.describe(0, {payload, 1, 0, 0});
  bench.driver.offer(0);
  ASSERT_EQ(bench.queue.pop(*bench.memory, bench.chain), Virtqueue::Pop::chain);
  bench.queue.follow(bench.driver.layout);
  EXPECT_EQ(bench.queue.pop(*bench.memory, bench.chain), Virtqueue::Pop::empty);
  ++bench.driver.layout.set_up;
  bench.queue.follow(bench.driver.layout);
  EXPECT_EQ(bench.queue.pop(*bench.memory, bench.chain), Virtqueue::Pop::chain);
}

TEST(devices_virtqueue, copies_run_across_ranges) {
  Bench bench;
  const GuestRange ranges[] = {{payload, 3}, {payload + 100, 0}, {payload + 200, 5}};
  const char text[] = "abcdefgh";
  EXPECT_TRUE(copy_to(*bench.memory, ranges, 0, std::as_bytes(std::span{text, 8})));
  char back[6]{};
  EXPECT_TRUE(copy_from(*bench.memory, ranges, 2, std::as_writable_bytes(std::span{back, 5})));
  EXPECT_STREQ(back, "cdefg");
  EXPECT_FALSE(copy_from(*bench.memory, ranges, 4, std::as_writable_bytes(std::span{back, 5}))) << "one byte too many";
  EXPECT_FALSE(copy_to(*bench.memory, ranges, 9, std::as_bytes(std::span{text, 1})));
}

}  // namespace
