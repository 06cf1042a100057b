// SPDX-License-Identifier: Apache-2.0
// Bytes between chains and the host, bounded for each pass.
#include "vm/devices/virtio_console.hpp"

#include <algorithm>

namespace vm::devices {
namespace {
constexpr u16 queue_limit = 128;
constexpr std::size_t piece = 4096;
}  // namespace

VirtioMmioState VirtioConsole::registers() const {
  return VirtioMmioState::make(virtio::console_id, virtio::indirect_descriptors | virtio::event_index, 2, queue_limit);
}

std::size_t VirtioConsole::receive(std::span<const u8> bytes) {
  const std::lock_guard lock(mutex_);
  const std::size_t taken = std::min(bytes.size(), input_limit - input_.size());
  input_.insert(input_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
  return taken;
}

Served VirtioConsole::serve(u32 queue, const QueueLayout& layout, GuestMemory& memory) {
  if (queue >= virtio_queues) return {};
  queues_[queue].follow(layout);
  return queue == receive_queue ? serve_receive(layout, memory) : serve_transmit(layout, memory);
}

// Input is taken out of `input_` only when a buffer for it has been found.
Served VirtioConsole::serve_receive(const QueueLayout& layout, GuestMemory& memory) {
  Virtqueue& queue = queues_[receive_queue];
  u32 budget = layout.size;
  for (; budget != 0; --budget) {
    {
      const std::lock_guard lock(mutex_);
      if (input_.empty()) break;
    }
    Virtqueue::Pop pop = queue.pop(memory, chain_);
    if (pop == Virtqueue::Pop::empty && queue.rearm(memory)) pop = queue.pop(memory, chain_);  // once: another arrival notifies
    if (pop == Virtqueue::Pop::broken) return {.broken = true};
    if (pop == Virtqueue::Pop::empty) break;
    std::vector<std::byte> bytes;
    bool was_full = false;
    {
      const std::lock_guard lock(mutex_);
      was_full = input_.size() == input_limit;
      const std::size_t count = std::min<u64>(input_.size(), chain_.writable_bytes);
      bytes.reserve(count);
      for (std::size_t i = 0; i < count; ++i) bytes.push_back(std::byte{input_[i]});
      input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    copy_to(memory, chain_.writable, 0, bytes);
    queue.push(memory, chain_.head, static_cast<u32>(bytes.size()));
    if (was_full && !bytes.empty() && room_freed_) room_freed_();
  }
  return {queue.publish(memory), queue.broken(), budget == 0};
}

Served VirtioConsole::serve_transmit(const QueueLayout& layout, GuestMemory& memory) {
  Virtqueue& queue = queues_[transmit_queue];
  u8 bytes[piece];
  u32 budget = layout.size;
  do {
    while (budget != 0) {
      const Virtqueue::Pop pop = queue.pop(memory, chain_);
      if (pop == Virtqueue::Pop::broken) return {.broken = true};
      if (pop == Virtqueue::Pop::empty) break;
      --budget;
      for (u64 offset = 0; offset < chain_.readable_bytes; offset += piece) {
        const std::span<u8> part{bytes, std::min<u64>(piece, chain_.readable_bytes - offset)};
        if (!copy_from(memory, chain_.readable, offset, std::as_writable_bytes(part))) break;
        transmit_(part);
      }
      queue.push(memory, chain_.head, 0);
    }
  } while (budget != 0 && queue.rearm(memory));
  return {queue.publish(memory), false, budget == 0};
}

}  // namespace vm::devices
