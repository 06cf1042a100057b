// SPDX-License-Identifier: Apache-2.0
// The request word, and the two store-load pairs that keep a pass away from rings that a reset took back.
#include "vm/devices/device_worker.hpp"

namespace vm::devices {

using P = NativePlatform;

void DeviceWorker::start() {
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

void DeviceWorker::stop() {
  if (!thread_.joinable()) return;
  add(stop_bit);
  thread_.join();
}

void DeviceWorker::add(u32 bits) {
  // request_before_take: what the poster did before (guest stores to a ring, set_alarm's deadline) is visible to the pass that the bit asks
  // for.
  //   pairs with take_before_pass. Without it the pass may find the ring empty, and the request is spent.
  const u32 before = requests_.fetch_or(bits, release, "request_before_take");
  // The futex rechecks the word, so a wake between the worker's marking and its sleep is not lost.
  if ((before & parked) != 0) P::unpark_one(requests_);
}

u32 DeviceWorker::take() {
  // take_before_pass: pairs with request_before_take.
  return requests_.exchange(0, acquire, "take_before_pass") & ~parked;
}

void DeviceWorker::set_alarm(std::chrono::nanoseconds deadline) {
  alarm_.store(deadline.count(), relaxed);  // request_before_take makes it visible
  add(recheck);
}

void DeviceWorker::run() {
  host_.worker_started();
  constexpr i64 never = std::chrono::nanoseconds::max().count();
  for (;;) {
    const u32 wanted = take();
    if ((wanted & stop_bit) != 0) break;
    for (u32 slot = 0; slot < virtio_slots; ++slot) {
      for (u32 queue = 0; queue < virtio_queues; ++queue) {
        if ((wanted >> (slot * virtio_queues + queue) & 1) != 0) serve(slot, queue);
      }
    }
    i64 deadline = alarm_.load(relaxed);
    // Spends the alarm; a compare-exchange, so that one set meanwhile is kept.
    if (deadline <= P::now().count() && alarm_.compare_exchange(deadline, never, relaxed, relaxed)) host_.alarm();
    deadline = alarm_.load(relaxed);
    u32 none = 0;
    if (!requests_.compare_exchange(none, parked, relaxed, relaxed)) continue;
    host_.worker_idle();
    if (deadline == never) {
      P::park(requests_, parked);
    } else {
      P::park_for(requests_, parked, std::chrono::nanoseconds{deadline} - P::now());
    }
    host_.worker_busy();
  }
  host_.worker_stopping();
}

void DeviceWorker::serve(u32 slot, u32 queue) {
  VirtioBackend* backend = backends_[slot];
  if (backend == nullptr) return;
  active_.store(slot + 1, relaxed);
  // active_before_layout: store-load pair. That we serve the slot is visible before we read its registers.
  //   pairs with reset_before_active in wait_idle: either we see the reset, or it sees us and waits. Without it a pass writes to rings
  //   that the driver has taken back.
  P::fence(seq_cst, "active_before_layout");
  const QueueLayout layout = host_.queue_layout(slot, queue);
  Served served;
  if (layout.live) served = backend->serve(queue, layout, memory_);
  // pass_before_idle: the pass's guest accesses happen before the reset's caller goes on. Pairs with idle_before_reuse. Without it the
  //   driver may see a byte of a finished reset change.
  const u32 before = active_.exchange(0, release, "pass_before_idle");
  if ((before & awaited) != 0) P::unpark_all(active_);
  // After a reset these are dropped: they carry the generation that they belong to.
  if (served.interrupt) host_.raise_used_interrupt(slot, layout.generation);
  if (served.broken) host_.fail_device(slot, layout.generation);
  if (served.again) post(slot, queue);
}

void DeviceWorker::wait_idle(u32 slot) {
  // reset_before_active: store-load pair, see active_before_layout.
  P::fence(seq_cst, "reset_before_active");
  for (;;) {
    // idle_before_reuse: pairs with pass_before_idle.
    u32 active = active_.load(acquire, "idle_before_reuse");
    if ((active & ~awaited) != slot + 1) return;
    if ((active & awaited) != 0 || active_.compare_exchange(active, active | awaited, relaxed, relaxed))
      P::park(active_, (slot + 1) | awaited);
  }
}

}  // namespace vm::devices
