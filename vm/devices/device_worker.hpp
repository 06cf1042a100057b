// SPDX-License-Identifier: Apache-2.0
// The machine's device thread: serves virtio queues, and sounds the real-time clock's alarm.
//
// A request is a (slot, queue) pair and asks for one pass over the queue, so two equal requests are one: the queue of requests is a
// word with a bit for each pair, bounded by construction, and post() never blocks and never fails.
//
//   requests_, bit          | meaning
//   0..15  slot*2 + queue   | a pass over that queue is wanted
//   16     recheck          | the alarm changed
//   17     stop             | the thread is to end
//   18     parked           | the thread sleeps, or is about to: whoever adds a bit wakes it
//
//   active_, bits           | meaning
//   0..7   slot + 1         | the slot being served; 0 none
//   8      awaited          | someone waits for it: whoever clears it wakes them
//
// Progress: post is lock-free (one read-modify-write, and a futex call if the thread is parked); wait_idle blocks for at most one pass.
// Proof:    tests/unit/devices/device_worker.cpp
#pragma once
#include <array>
#include <chrono>
#include <thread>

#include "vm/devices/memory_map.hpp"
#include "vm/devices/virtio_backend.hpp"
#include "vm/platform/native.hpp"

namespace vm::devices {

// What the worker asks of the machine, on its own thread: accesses to device registers through the layer, with a Port of its own.
class WorkerHost {
 public:
  virtual ~WorkerHost() = default;
  virtual void worker_started() {}                                  // first call on the thread: attach it to the layers
  virtual void worker_stopping() {}                                 // last call on the thread
  virtual void worker_idle() {}                                     // about to sleep
  virtual void worker_busy() {}                                     // awake again
  virtual QueueLayout queue_layout(u32 slot, u32 queue) = 0;        // VirtioMmioState::layout, under inspect
  virtual void raise_used_interrupt(u32 slot, u32 generation) = 0;  // VirtioMmioState::raise_used, under mutate
  virtual void fail_device(u32 slot, u32 generation) = 0;           // VirtioMmioState::fail, under mutate
  virtual void alarm() {}                                           // RtcState::expire, under mutate
};

class DeviceWorker {
 public:
  DeviceWorker(GuestMemory& memory, WorkerHost& host) : memory_(memory), host_(host) {}
  ~DeviceWorker() { stop(); }
  DeviceWorker(const DeviceWorker&) = delete;
  DeviceWorker& operator=(const DeviceWorker&) = delete;

  // Before start(). The backend outlives the worker.
  void attach(u32 slot, VirtioBackend& backend) { backends_[slot] = &backend; }
  void start();
  // Ends the thread after the pass in progress; requests that still wait are dropped. May be called twice.
  void stop();

  // Asks for a pass over a queue. Any thread, in a Sink too.
  void post(u32 slot, u32 queue) { add(u32{1} << (slot * virtio_queues + queue)); }
  // After a reset of the slot's registers: returns when no pass that began before it is running. Not from a Sink.
  void wait_idle(u32 slot);
  // Calls WorkerHost::alarm() once at `deadline` (monotonic, as NativePlatform::now), unless it is changed before. Any thread.
  void set_alarm(std::chrono::nanoseconds deadline);
  void clear_alarm() { set_alarm(std::chrono::nanoseconds::max()); }

 private:
  static constexpr u32 recheck = 1 << 16;
  static constexpr u32 stop_bit = 1 << 17;
  static constexpr u32 parked = 1 << 18;
  static constexpr u32 awaited = 1 << 8;

  void add(u32 bits);
  void run();
  u32 take();
  void serve(u32 slot, u32 queue);

  GuestMemory& memory_;
  WorkerHost& host_;
  std::array<VirtioBackend*, virtio_slots> backends_{};
  NativePlatform::atomic<u32> requests_{0};
  NativePlatform::atomic<u32> active_{0};
  NativePlatform::atomic<i64> alarm_{std::chrono::nanoseconds::max().count()};
  std::thread thread_;
};

}  // namespace vm::devices
