// SPDX-License-Identifier: Apache-2.0
// The worker: no request is lost, a reset waits for the pass that runs, alarms sound once, stopping is clean.
#include "vm/devices/device_worker.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/stress.hpp"
#include "tests/unit/devices/driver_ring.hpp"

namespace {

using namespace vm::devices;
using vm::u32;
using vm::u64;

struct CountingBackend : VirtioBackend {
  VirtioMmioState registers() const override { return VirtioMmioState::make(virtio::entropy_id, 0, 2, 8); }
  Served serve(u32 queue, const QueueLayout&, vm::GuestMemory&) override {
    // Everything asked for before the pass is done by it.
    done[queue].store(asked[queue].load());
    if (on_serve) on_serve();
    ++passes;
    return {.interrupt = interrupts, .broken = broken, .again = again-- > 0};
  }
  std::atomic<u64> asked[2]{}, done[2]{}, passes{0};
  std::atomic<int> again{0};
  std::atomic<bool> interrupts{false}, broken{false};
  std::function<void()> on_serve;
};

struct Host : WorkerHost {
  void worker_started() override { ++started; }
  void worker_stopping() override { ++stopping; }
  void worker_idle() override { ++idles; }
  void worker_busy() override { ++busies; }
  QueueLayout queue_layout(u32, u32) override {
    QueueLayout layout;
    layout.live = live.load();
    layout.generation = generation.load();
    return layout;
  }
  void raise_used_interrupt(u32 slot, u32 of_generation) override {
    last_slot = slot;
    last_generation = of_generation;
    ++interrupts;
  }
  void fail_device(u32, u32) override { ++failures; }
  void alarm() override {
    alarm_at = vm::NativePlatform::now().count();
    ++alarms;
  }
  std::atomic<vm::i64> alarm_at{0};
  std::atomic<u32> started{0}, stopping{0}, idles{0}, busies{0}, interrupts{0}, failures{0}, alarms{0}, generation{0}, last_slot{99},
      last_generation{99};
  std::atomic<bool> live{true};
};

struct Bench {
  std::unique_ptr<vm::GuestMemory> memory = tests::ram();
  Host host;
  CountingBackend backend;
  DeviceWorker worker{*memory, host};
  Bench() { worker.attach(3, backend); }
};

TEST(devices_worker, every_request_is_served_under_contention) {
  Bench bench;
  bench.worker.start();
  const u64 rounds = tests::scaled(5'000);
  tests::together(4, [&](unsigned index) {
    tests::Restless restless(index);
    for (u64 i = 0; i < rounds; ++i) {
      const u32 queue = index % 2;
      const u64 mine = ++bench.backend.asked[queue];
      bench.worker.post(3, queue);
      restless.maybe_yield();
      if (i % 16 == 0) {
        while (bench.backend.done[queue].load() < mine) std::this_thread::yield();
      }
    }
  });
  EXPECT_TRUE(tests::eventually(
      [&] { return bench.backend.done[0] == bench.backend.asked[0] && bench.backend.done[1] == bench.backend.asked[1]; }));
  bench.worker.stop();
  EXPECT_EQ(bench.host.started, 1u);
  EXPECT_EQ(bench.host.stopping, 1u);
  EXPECT_EQ(bench.host.idles, bench.host.busies);
}

TEST(devices_worker, a_pass_that_wants_to_go_on_is_repeated) {
  Bench bench;
  bench.backend.again = 5;
  bench.worker.start();
  bench.worker.post(3, 0);
  EXPECT_TRUE(tests::eventually([&] { return bench.backend.passes == 6; }));
}

TEST(devices_worker, results_reach_the_host_with_the_generation_they_belong_to) {
  Bench bench;
  bench.backend.interrupts = true;
  bench.backend.broken = true;
  bench.host.generation = 7;
  bench.worker.start();
  bench.worker.post(3, 1);
  EXPECT_TRUE(tests::eventually([&] { return bench.host.failures == 1; }));
  EXPECT_EQ(bench.host.interrupts, 1u);
  EXPECT_EQ(bench.host.last_slot, 3u);
  EXPECT_EQ(bench.host.last_generation, 7u);
}

TEST(devices_worker, queues_that_are_not_live_and_empty_slots_are_left_alone) {
  Bench bench;
  bench.host.live = false;
  bench.worker.start();
  bench.worker.post(3, 0);
  bench.worker.post(0, 0);
  bench.worker.post(7, 1);
  bench.worker.stop();
  EXPECT_EQ(bench.backend.passes, 0u);
}

// A "driver" resets and reuses memory that a pass writes: after wait_idle no pass may touch it any more.
TEST(devices_worker, after_wait_idle_no_older_pass_runs) {
  Bench bench;
  std::atomic<bool> owned_by_driver{false};
  std::atomic<u64> trespasses{0};
  bench.backend.on_serve = [&] {
    for (int i = 0; i < 50; ++i) {
      if (owned_by_driver.load()) ++trespasses;
    }
  };
  bench.worker.start();
  tests::Restless restless(1);
  const u64 rounds = tests::scaled(3'000);
  for (u64 round = 0; round < rounds; ++round) {
    bench.worker.post(3, static_cast<u32>(round % 2));
    restless.maybe_yield();
    bench.host.live = false;  // the reset of the registers
    ++bench.host.generation;
    bench.worker.wait_idle(3);
    owned_by_driver = true;
    restless.maybe_yield();
    owned_by_driver = false;
    bench.host.live = true;
  }
  EXPECT_EQ(trespasses, 0u);
  bench.worker.wait_idle(0);
}

TEST(devices_worker, wait_idle_of_another_slot_does_not_wait) {
  Bench bench;
  std::atomic<bool> hold{true}, inside{false};
  bench.backend.on_serve = [&] {
    inside = true;
    while (hold) std::this_thread::yield();
  };
  bench.worker.start();
  bench.worker.post(3, 0);
  ASSERT_TRUE(tests::eventually([&] { return inside.load(); }));
  bench.worker.wait_idle(2);
  std::atomic<bool> returned{false};
  std::thread waiter([&] {
    bench.worker.wait_idle(3);
    returned = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(returned);
  hold = false;
  waiter.join();
  EXPECT_TRUE(returned);
}

TEST(devices_worker, an_alarm_sounds_once_and_not_before_its_time) {
  Bench bench;
  bench.worker.start();
  const auto deadline = vm::NativePlatform::now() + std::chrono::milliseconds(30);
  bench.worker.set_alarm(deadline);
  EXPECT_TRUE(tests::eventually([&] { return bench.host.alarms == 1; }));
  EXPECT_GE(bench.host.alarm_at, deadline.count());
  bench.worker.post(3, 0);
  EXPECT_TRUE(tests::eventually([&] { return bench.backend.passes == 1; }));
  EXPECT_EQ(bench.host.alarms, 1u);
  bench.worker.set_alarm(vm::NativePlatform::now() + std::chrono::hours(1));
  bench.worker.clear_alarm();
  bench.worker.set_alarm(vm::NativePlatform::now());
  EXPECT_TRUE(tests::eventually([&] { return bench.host.alarms == 2; })) << "the newest deadline counts";
}

TEST(devices_worker, stopping_is_clean_at_any_moment) {
  for (u64 round = 0; round < tests::scaled(200); ++round) {
    Bench bench;
    if (round % 3 != 0) bench.worker.start();
    for (u64 i = 0; i < round % 7; ++i) bench.worker.post(3, static_cast<u32>(i % 2));
    bench.worker.stop();
    bench.worker.stop();
  }
}

}  // namespace
