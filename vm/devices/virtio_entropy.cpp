// SPDX-License-Identifier: Apache-2.0
// Each chain gets up to chain_limit bytes.
#include "vm/devices/virtio_entropy.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace vm::devices {

VirtioMmioState VirtioEntropy::registers() const {
  return VirtioMmioState::make(virtio::entropy_id, virtio::indirect_descriptors | virtio::event_index, 1, 64);
}

bool VirtioEntropy::fill(std::span<std::byte> bytes) {
  if (!seed_) {
    while (!bytes.empty()) {
      const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
    return true;
  }
  while (!bytes.empty()) {
    u64 word = (*seed_ += 0x9e37'79b9'7f4a'7c15);
    word = (word ^ word >> 30) * 0xbf58'476d'1ce4'e5b9;
    word = (word ^ word >> 27) * 0x94d0'49bb'1331'11eb;
    word ^= word >> 31;
    const std::size_t count = std::min(bytes.size(), sizeof word);
    std::memcpy(bytes.data(), &word, count);
    bytes = bytes.subspan(count);
  }
  return true;
}

Served VirtioEntropy::serve(u32, const QueueLayout& layout, GuestMemory& memory) {
  queue_.follow(layout);
  std::byte bytes[chain_limit];
  u32 budget = layout.size;
  do {
    while (budget != 0) {
      const Virtqueue::Pop pop = queue_.pop(memory, chain_);
      if (pop == Virtqueue::Pop::broken) return {.broken = true};
      if (pop == Virtqueue::Pop::empty) break;
      --budget;
      const std::span<std::byte> part{bytes, std::min<u64>(chain_.writable_bytes, chain_limit)};
      const bool given = fill(part) && copy_to(memory, chain_.writable, 0, part);
      queue_.push(memory, chain_.head, given ? static_cast<u32>(part.size()) : 0);
    }
  } while (budget != 0 && queue_.rearm(memory));
  return {queue_.publish(memory), false, budget == 0};
}

}  // namespace vm::devices
