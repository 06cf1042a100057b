// SPDX-License-Identifier: Apache-2.0
// virtio-mmio registers: identity, negotiation, queue set-up, interrupts, reset (VIRTIO 1.2, 2.1 and 4.2.2).
#include "vm/devices/virtio_mmio.hpp"

#include <gtest/gtest.h>

namespace {

using namespace vm::devices;
using vm::u32;
using vm::u64;
using vm::u8;

constexpr u64 feature = u64{1} << 9;

struct Bench {
  VirtioMmioState state = VirtioMmioState::make(virtio::block_id, feature | virtio::event_index, 2, 256);
  VirtioMmioState::Effects effects;
  bool line = false;

  void write(u64 offset, u32 value) {
    effects = {};
    state.write(offset, 4, value, effects);
    apply();
  }
  void apply() {
    if (effects.interrupt.changed) {
      EXPECT_NE(line, effects.interrupt.level);
      line = effects.interrupt.level;
    }
  }
  u32 read(u64 offset) const { return static_cast<u32>(state.read(offset, 4)); }

  void accept(u64 features) {
    write(0x070, virtio::acknowledge);
    write(0x070, virtio::acknowledge | virtio::driver);
    for (u32 half = 0; half < 2; ++half) {
      write(0x024, half);
      write(0x020, static_cast<u32>(features >> (32 * half)));
    }
    write(0x070, virtio::acknowledge | virtio::driver | virtio::features_ok);
  }
  void set_up_queue(u32 queue, u32 size, u64 descriptors = 0x8000'1000, u64 available = 0x8000'2000, u64 used = 0x8000'3000) {
    write(0x030, queue);
    write(0x038, size);
    for (const auto& [low, address] : {std::pair{0x080, descriptors}, {0x090, available}, {0x0a0, used}}) {
      write(static_cast<u64>(low), static_cast<u32>(address));
      write(static_cast<u64>(low) + 4, static_cast<u32>(address >> 32));
    }
    write(0x044, 1);
  }
  void go() { write(0x070, virtio::acknowledge | virtio::driver | virtio::features_ok | virtio::driver_ok); }
};

TEST(devices_virtio, identity) {
  const Bench bench;
  EXPECT_EQ(bench.read(0x000), 0x7472'6976u);
  EXPECT_EQ(bench.read(0x004), 2u);
  EXPECT_EQ(bench.read(0x008), virtio::block_id);
  EXPECT_EQ(bench.read(0x034), 256u);
  EXPECT_EQ(bench.read(0x0b0), 0xffff'ffffu) << "no shared memory";
}

TEST(devices_virtio, an_empty_slot_is_device_0_and_deaf) {
  VirtioMmioState state = VirtioMmioState::empty();
  VirtioMmioState::Effects effects;
  EXPECT_EQ(state.read(0x000, 4), 0x7472'6976u);
  EXPECT_EQ(state.read(0x004, 4), 2u);
  EXPECT_EQ(state.read(0x008, 4), 0u);
  for (u64 offset = 0x010; offset < 0x200; offset += 4) {
    state.write(offset, 4, 0xffff'ffff, effects);
    EXPECT_EQ(state.read(offset, 4), 0u) << std::hex << offset;
  }
  EXPECT_FALSE(effects.notify != 0 || effects.interrupt.changed || effects.reset || effects.driver_ok);
}

TEST(devices_virtio, features_are_offered_in_halves) {
  Bench bench;
  EXPECT_EQ(bench.read(0x010), static_cast<u32>(feature | virtio::event_index));
  bench.write(0x014, 1);
  EXPECT_EQ(bench.read(0x010), 1u) << "VERSION_1";
  bench.write(0x014, 2);
  EXPECT_EQ(bench.read(0x010), 0u);
}

TEST(devices_virtio, features_ok_stays_clear_unless_the_choice_is_offered_and_modern) {
  struct Case {
    u64 features;
    bool good;
  };
  for (const Case& c : {Case{virtio::version_1, true}, Case{virtio::version_1 | feature, true}, Case{feature, false}, Case{0, false},
                        Case{virtio::version_1 | u64{1} << 40, false}, Case{virtio::version_1 | 1, false}}) {
    Bench bench;
    bench.accept(c.features);
    EXPECT_EQ((bench.read(0x070) & virtio::features_ok) != 0, c.good) << std::hex << c.features;
    bench.go();
    EXPECT_EQ((bench.read(0x070) & virtio::driver_ok) != 0, c.good) << "DRIVER_OK needs FEATURES_OK";
  }
}

TEST(devices_virtio, accepted_features_are_final_after_features_ok) {
  Bench bench;
  bench.accept(virtio::version_1);
  bench.write(0x024, 0);
  bench.write(0x020, static_cast<u32>(feature));
  EXPECT_EQ(bench.state.accepted, virtio::version_1);
}

TEST(devices_virtio, a_queue_goes_live_with_driver_ok_and_then_takes_notifications) {
  Bench bench;
  bench.accept(virtio::version_1);
  bench.set_up_queue(1, 8);
  EXPECT_EQ(bench.read(0x044), 1u);
  bench.write(0x050, 1);
  EXPECT_EQ(bench.effects.notify, 0u) << "before DRIVER_OK";
  EXPECT_FALSE(bench.state.layout(1).live);
  bench.go();
  EXPECT_TRUE(bench.effects.driver_ok);
  bench.write(0x050, 1);
  EXPECT_EQ(bench.effects.notify, 2u);
  bench.write(0x050, 0);
  EXPECT_EQ(bench.effects.notify, 0u) << "queue 0 was not set up";
  bench.write(0x050, 2);
  bench.write(0x050, 0xffff'ffff);
  EXPECT_EQ(bench.effects.notify, 0u);
  const QueueLayout layout = bench.state.layout(1);
  EXPECT_TRUE(layout.live);
  EXPECT_EQ(layout.size, 8u);
  EXPECT_EQ(layout.descriptors, 0x8000'1000u);
  EXPECT_EQ(layout.available, 0x8000'2000u);
  EXPECT_EQ(layout.used, 0x8000'3000u);
}

TEST(devices_virtio, the_layout_of_a_ready_queue_is_fixed) {
  Bench bench;
  bench.accept(virtio::version_1);
  bench.set_up_queue(0, 8);
  bench.write(0x038, 16);
  bench.write(0x080, 0);
  bench.go();
  EXPECT_EQ(bench.state.layout(0).size, 8u);
  EXPECT_EQ(bench.state.layout(0).descriptors, 0x8000'1000u);
}

TEST(devices_virtio, unsound_queues_break_the_device) {
  struct Case {
    u32 size;
    u64 descriptors, available, used;
  };
  for (const Case& c : {Case{0, 0, 0, 0}, Case{7, 0, 0, 0}, Case{512, 0, 0, 0}, Case{0x1'0008, 0, 0, 0}, Case{8, 8, 0, 0}, Case{8, 0, 1, 0},
                        Case{8, 0, 0, 2}}) {
    Bench bench;
    bench.accept(virtio::version_1);
    bench.set_up_queue(0, c.size, c.descriptors, c.available, c.used);
    EXPECT_EQ(bench.read(0x044), 0u);
    EXPECT_NE(bench.read(0x070) & virtio::needs_reset, 0u);
    bench.go();
    EXPECT_FALSE(bench.state.layout(0).live);
  }
}

TEST(devices_virtio, queues_beyond_the_device_are_absent) {
  Bench bench;
  bench.write(0x030, 2);
  EXPECT_EQ(bench.read(0x034), 0u);
  bench.write(0x038, 8);
  bench.write(0x044, 1);
  EXPECT_EQ(bench.read(0x044), 0u);
}

TEST(devices_virtio, interrupts_are_raised_and_acknowledged_by_cause) {
  Bench bench;
  bench.accept(virtio::version_1);
  bench.set_up_queue(0, 8);
  bench.go();
  bench.effects = {};
  bench.state.raise_used(0, bench.effects);
  bench.apply();
  EXPECT_TRUE(bench.line);
  bench.effects = {};
  bench.state.set_configuration(0, 77, bench.effects);
  bench.apply();
  EXPECT_EQ(bench.read(0x060), 3u);
  EXPECT_EQ(bench.read(0x0fc), 1u);
  EXPECT_EQ(bench.read(0x100), 77u);
  bench.write(0x064, 1);
  EXPECT_TRUE(bench.line);
  bench.write(0x064, 2);
  EXPECT_FALSE(bench.line);
}

TEST(devices_virtio, reset_forgets_everything_and_voids_older_work) {
  Bench bench;
  bench.accept(virtio::version_1);
  bench.set_up_queue(0, 8);
  bench.go();
  const QueueLayout old = bench.state.layout(0);
  bench.effects = {};
  bench.state.raise_used(old.generation, bench.effects);
  bench.apply();
  bench.write(0x070, 0);
  EXPECT_TRUE(bench.effects.reset);
  EXPECT_FALSE(bench.line);
  for (const u64 offset : {0x044, 0x060, 0x070}) EXPECT_EQ(bench.read(offset), 0u) << offset;
  EXPECT_FALSE(bench.state.layout(0).live);
  bench.effects = {};
  bench.state.raise_used(old.generation, bench.effects);
  bench.state.fail(old.generation, bench.effects);
  EXPECT_EQ(bench.read(0x060), 0u);
  EXPECT_EQ(bench.read(0x070), 0u);
  bench.accept(virtio::version_1);
  bench.set_up_queue(0, 8);
  bench.go();
  EXPECT_NE(bench.state.layout(0).set_up, old.set_up) << "the backend must begin anew";
}

TEST(devices_virtio, taking_a_queue_back_waits_for_the_worker_too) {
  Bench bench;
  bench.accept(virtio::version_1);
  bench.set_up_queue(0, 8);
  bench.go();
  bench.write(0x044, 0);
  EXPECT_TRUE(bench.effects.reset);
  bench.write(0x044, 0);
  EXPECT_FALSE(bench.effects.reset);
}

TEST(devices_virtio, a_failed_device_serves_nothing_until_reset) {
  Bench bench;
  bench.accept(virtio::version_1);
  bench.set_up_queue(0, 8);
  bench.go();
  bench.effects = {};
  bench.state.fail(0, bench.effects);
  bench.apply();
  EXPECT_TRUE(bench.line);
  EXPECT_EQ(bench.read(0x060), 2u);
  bench.write(0x050, 0);
  EXPECT_EQ(bench.effects.notify, 0u);
  bench.write(0x070, 0xff);
  EXPECT_NE(bench.read(0x070) & virtio::needs_reset, 0u) << "the driver cannot clear it but by reset";
  bench.write(0x070, 0);
  EXPECT_EQ(bench.read(0x070), 0u);
}

TEST(devices_virtio, configuration_space_is_read_by_any_width_to_four) {
  VirtioMmioState state = VirtioMmioState::make(virtio::block_id, 0, 1, 8);
  for (u32 i = 0; i < VirtioMmioState::configuration_bytes; ++i) state.configuration[i] = static_cast<u8>(i + 1);
  EXPECT_EQ(state.read(0x100, 1), 0x01u);
  EXPECT_EQ(state.read(0x102, 2), 0x0403u);
  EXPECT_EQ(state.read(0x104, 4), 0x0807'0605u);
  EXPECT_EQ(state.read(0x100 + VirtioMmioState::configuration_bytes, 4), 0u);
  EXPECT_TRUE(VirtioMmioState::accepts(0x101, 1));
  EXPECT_FALSE(VirtioMmioState::accepts(0x070, 1));
  EXPECT_FALSE(VirtioMmioState::accepts(0x100, 8));
}

}  // namespace
