// SPDX-License-Identifier: Apache-2.0
// What stands behind a virtio slot: it serves the slot's queues, on the DeviceWorker's thread.
#pragma once
#include "vm/devices/virtio_mmio.hpp"
#include "vm/memory/guest_memory.hpp"

namespace vm::devices {

struct Served {
  bool interrupt = false;  // raise the used-buffer interrupt
  bool broken = false;     // the driver broke the ring: the device needs a reset
  bool again = false;      // chains may be left: the pass ended at its bound. Post the queue once more
};

class VirtioBackend {
 public:
  virtual ~VirtioBackend() = default;
  // The slot's registers at power-on: identity, features, queues, configuration space.
  virtual VirtioMmioState registers() const = 0;
  // One pass over a live queue: serves what it finds. Called by one thread at a time.
  virtual Served serve(u32 queue, const QueueLayout& layout, GuestMemory& memory) = 0;
};

}  // namespace vm::devices
