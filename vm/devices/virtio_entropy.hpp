// SPDX-License-Identifier: Apache-2.0
// virtio-rng: fills the driver's buffers with random bytes, from the host's getrandom(2) or, for repeatable runs, from a seed.
// Source: VIRTIO 1.2, section 5.4; for the seeded stream Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
#pragma once
#include <optional>

#include "vm/devices/virtio_backend.hpp"
#include "vm/devices/virtqueue.hpp"

namespace vm::devices {

class VirtioEntropy final : public VirtioBackend {
 public:
  static constexpr u32 chain_limit = 4096;  // bytes given to one request; a driver asks again for more

  explicit VirtioEntropy(std::optional<u64> seed = {}) : seed_(seed) {}
  VirtioMmioState registers() const override;
  Served serve(u32 queue, const QueueLayout& layout, GuestMemory& memory) override;

 private:
  bool fill(std::span<std::byte> bytes);

  std::optional<u64> seed_;
  Virtqueue queue_;
  Chain chain_;
};

}  // namespace vm::devices
