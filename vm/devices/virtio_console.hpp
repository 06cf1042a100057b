// SPDX-License-Identifier: Apache-2.0
// virtio-console, one port: queue 0 receives, queue 1 transmits.
// Protocol: input bytes wait in the backend until the driver offers a buffer; whoever calls receive() then posts queue 0.
// Source:   VIRTIO 1.2, section 5.3.
#pragma once
#include <deque>
#include <functional>
#include <mutex>
#include <span>

#include "vm/devices/virtio_backend.hpp"
#include "vm/devices/virtqueue.hpp"

namespace vm::devices {

class VirtioConsole final : public VirtioBackend {
 public:
  static constexpr u32 receive_queue = 0;
  static constexpr u32 transmit_queue = 1;
  static constexpr std::size_t input_limit = 4096;  // bytes that wait for the driver

  // `transmit` gets what the guest writes, on the worker's thread.
  explicit VirtioConsole(std::function<void(std::span<const u8>)> transmit) : transmit_(std::move(transmit)) {}

  // Called on the worker's thread when the driver has taken input that receive() had no room behind. Set before the worker starts.
  void on_room(std::function<void()> freed) { room_freed_ = std::move(freed); }

  // Takes as many bytes as there is room for, and returns how many. Any thread; blocks for a short copy at most.
  std::size_t receive(std::span<const u8> bytes);

  VirtioMmioState registers() const override;
  Served serve(u32 queue, const QueueLayout& layout, GuestMemory& memory) override;

 private:
  Served serve_receive(const QueueLayout& layout, GuestMemory& memory);
  Served serve_transmit(const QueueLayout& layout, GuestMemory& memory);

  std::function<void(std::span<const u8>)> transmit_;
  std::function<void()> room_freed_;
  std::mutex mutex_;  // guards input_: held for a copy of at most input_limit bytes, never across a suspension
  std::deque<u8> input_;
  Virtqueue queues_[virtio_queues];
  Chain chain_;
};

}  // namespace vm::devices
