// SPDX-License-Identifier: Apache-2.0
// The device's side of a split virtqueue in guest memory, written for a hostile driver.
//
// Protocol:  pop() takes the next chain from the available ring; the backend reads and writes it through its ranges; push() returns it
//            in the used ring; publish() makes what was pushed visible and says whether the driver wants an interrupt.
// Invariant: every index, address, length and flag is checked before use. Guest bytes are read once, and only what was read is
//            checked and used. A chain has at most `size` descriptors, and a pass takes at most `size` chains: nothing runs for ever.
//            After the first broken rule the queue answers `broken` until it is rebuilt, and touches guest memory no more.
// Progress:  wait-free; called by one thread at a time.
// Source:    VIRTIO 1.2, section 2.7 (split virtqueues), with indirect descriptors and event index.
// Proof:     tests/unit/devices/virtqueue_hostile.cpp
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "vm/devices/virtio_mmio.hpp"
#include "vm/memory/guest_memory.hpp"

namespace vm::devices {

inline constexpr u64 chain_bytes_limit = u64{1} << 26;  // the largest request served, each direction: 64 MiB

struct GuestRange {
  u64 address = 0;  // guest physical; the whole range is RAM
  u32 length = 0;   // bytes
};

// One request: what the driver lets the device read, then what it lets it write.
struct Chain {
  u16 head = 0;
  std::vector<GuestRange> readable;
  std::vector<GuestRange> writable;
  u64 readable_bytes = 0;
  u64 writable_bytes = 0;
};

class Virtqueue {
 public:
  enum class Pop { chain, empty, broken };

  // Takes up a live queue, or goes on with it if the driver has not set it up anew since.
  void follow(const QueueLayout& layout);
  bool broken() const { return broken_; }

  // The next chain, into `chain`, whose vectors are reused.
  Pop pop(const GuestMemory& memory, Chain& chain);
  // Returns a chain of which the device wrote the first `written` writable bytes.
  void push(GuestMemory& memory, u16 head, u32 written);
  // Makes the pushed chains visible. True: the driver wants an interrupt for them.
  bool publish(GuestMemory& memory);
  // The ring was found empty: asks to be notified of the next chain. True: one arrived meanwhile, so pop again.
  bool rearm(GuestMemory& memory);

 private:
  bool rings_in_memory(const GuestMemory& memory) const;
  bool walk(const GuestMemory& memory, u64 table, u32 count, u32 first, bool indirect, Chain& chain);
  Pop break_queue();

  QueueLayout layout_;
  bool broken_ = false;
  u16 next_available_ = 0;  // free-running, as the rings' own
  u16 next_used_ = 0;       // pushed
  u16 published_ = 0;       // visible to the driver
};

// Copy between a chain's ranges and host bytes, from byte `offset` of the ranges on. False: the ranges end too early, or are no RAM.
bool copy_from(const GuestMemory& memory, std::span<const GuestRange> ranges, u64 offset, std::span<std::byte> into);
bool copy_to(GuestMemory& memory, std::span<const GuestRange> ranges, u64 offset, std::span<const std::byte> from);

}  // namespace vm::devices
