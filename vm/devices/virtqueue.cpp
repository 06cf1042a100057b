// SPDX-License-Identifier: Apache-2.0
// Walking chains, the used ring, and the orderings between device and driver.
#include "vm/devices/virtqueue.hpp"

#include <algorithm>

#include "vm/platform/native.hpp"

namespace vm::devices {
namespace {

using P = NativePlatform;

struct Descriptor {
  u64 address;
  u32 length;
  u16 flags;
  u16 next;
};
static_assert(sizeof(Descriptor) == 16);

constexpr u16 descriptor_next = 1;
constexpr u16 descriptor_write = 2;
constexpr u16 descriptor_indirect = 4;

constexpr u64 ring_flags = 0;
constexpr u64 ring_index = 2;
constexpr u64 ring_entries = 4;
constexpr u16 available_no_interrupt = 1;

struct UsedElement {
  u32 id;
  u32 length;
};

template <class T>
bool load(const GuestMemory& memory, u64 address, T& value) {
  return memory.read(address, std::as_writable_bytes(std::span{&value, 1}));
}
template <class T>
bool store(GuestMemory& memory, u64 address, const T& value) {
  return memory.write(address, std::as_bytes(std::span{&value, 1}));
}

}  // namespace

void Virtqueue::follow(const QueueLayout& layout) {
  if (layout_.live && layout_.set_up == layout.set_up) return;
  layout_ = layout;
  broken_ = false;
  next_available_ = next_used_ = published_ = 0;
}

bool Virtqueue::rings_in_memory(const GuestMemory& memory) const {
  const u64 size = layout_.size;
  return memory.contains(layout_.descriptors, sizeof(Descriptor) * size) &&
         memory.contains(layout_.available, ring_entries + 2 * size + 2) &&
         memory.contains(layout_.used, ring_entries + sizeof(UsedElement) * size + 2);
}

Virtqueue::Pop Virtqueue::break_queue() {
  broken_ = true;
  return Pop::broken;
}

Virtqueue::Pop Virtqueue::pop(const GuestMemory& memory, Chain& chain) {
  if (broken_ || !rings_in_memory(memory)) return break_queue();
  u16 index = 0;
  load(memory, layout_.available + ring_index, index);
  const u16 waiting = static_cast<u16>(index - next_available_);
  if (waiting == 0) return Pop::empty;
  if (waiting > layout_.size) return break_queue();
  // index_before_entry: the driver's index is read before the entry and the descriptors that it announces.
  //   pairs with the driver's barrier between filling the entry and raising the index (VIRTIO 1.2, 2.7.13.3). Without it the device
  //   serves the entry of an earlier round.
  P::fence(acquire, "index_before_entry");
  const u64 mask = layout_.size - 1;
  u16 head = 0;
  load(memory, layout_.available + ring_entries + 2 * (next_available_ & mask), head);
  if (head >= layout_.size) return break_queue();
  chain.head = head;
  chain.readable.clear();
  chain.writable.clear();
  chain.readable_bytes = chain.writable_bytes = 0;
  if (!walk(memory, layout_.descriptors, layout_.size, head, false, chain)) return break_queue();
  ++next_available_;
  return Pop::chain;
}

bool Virtqueue::walk(const GuestMemory& memory, u64 table, u32 count, u32 first, bool indirect, Chain& chain) {
  u32 at = first;
  for (u32 steps = 0; steps < count; ++steps) {
    Descriptor descriptor{};
    if (at >= count || !load(memory, table + sizeof(Descriptor) * u64{at}, descriptor)) return false;
    if ((descriptor.flags & descriptor_indirect) != 0) {
      const u32 entries = descriptor.length / sizeof(Descriptor);
      const bool allowed = !indirect && (layout_.features & virtio::indirect_descriptors) != 0 && (descriptor.flags & descriptor_next) == 0;
      // A table may not be longer than the queue (2.7.5.3.1), which also bounds this walk.
      if (!allowed || entries == 0 || entries > layout_.size || descriptor.length % sizeof(Descriptor) != 0) return false;
      if (!memory.contains(descriptor.address, descriptor.length)) return false;
      return walk(memory, descriptor.address, entries, 0, true, chain);
    }
    if (!memory.contains(descriptor.address, descriptor.length)) return false;
    if ((descriptor.flags & descriptor_write) != 0) {
      chain.writable.push_back({descriptor.address, descriptor.length});
      chain.writable_bytes += descriptor.length;
    } else {
      if (!chain.writable.empty()) return false;  // what the device reads comes first (2.7.4.2)
      chain.readable.push_back({descriptor.address, descriptor.length});
      chain.readable_bytes += descriptor.length;
    }
    if (chain.readable_bytes > chain_bytes_limit || chain.writable_bytes > chain_bytes_limit) return false;
    if ((descriptor.flags & descriptor_next) == 0) return true;
    at = descriptor.next;
  }
  return false;  // more steps than descriptors: a loop
}

void Virtqueue::push(GuestMemory& memory, u16 head, u32 written) {
  if (broken_) return;
  const u64 mask = layout_.size - 1;
  store(memory, layout_.used + ring_entries + sizeof(UsedElement) * (next_used_ & mask), UsedElement{head, written});
  ++next_used_;
}

bool Virtqueue::publish(GuestMemory& memory) {
  if (broken_ || published_ == next_used_) return false;
  // entries_before_index: the used entries and the bytes written for them become visible before the index that announces them.
  //   pairs with the driver's barrier between reading the index and the entry. Without it the driver completes a request too early.
  P::fence(release, "entries_before_index");
  store(memory, layout_.used + ring_index, next_used_);
  const u16 before = published_;
  published_ = next_used_;
  // index_before_wish: store-load pair. Our index is visible before we read whether the driver wants an interrupt.
  //   pairs with the driver's: wish for an interrupt, then look at the index again. Without it both miss each other, and the driver
  //   sleeps on a finished request.
  P::fence(seq_cst, "index_before_wish");
  if ((layout_.features & virtio::event_index) != 0) {
    u16 event = 0;
    load(memory, layout_.available + ring_entries + 2 * u64{layout_.size}, event);
    // Wanted if the index went past `event`: event is one of before .. published - 1.
    return static_cast<u16>(published_ - event - 1) < static_cast<u16>(published_ - before);
  }
  u16 flags = 0;
  load(memory, layout_.available + ring_flags, flags);
  return (flags & available_no_interrupt) == 0;
}

bool Virtqueue::rearm(GuestMemory& memory) {
  if (broken_ || (layout_.features & virtio::event_index) == 0) return false;
  store(memory, layout_.used + ring_entries + sizeof(UsedElement) * u64{layout_.size}, next_available_);
  // wish_before_index: store-load pair. Our wish to be notified is visible before we look for one more chain.
  //   pairs with the driver's: raise the index, then read the wish. Without it a chain waits for a notification that nobody sends.
  P::fence(seq_cst, "wish_before_index");
  u16 index = 0;
  load(memory, layout_.available + ring_index, index);
  return index != next_available_;
}

bool copy_from(const GuestMemory& memory, std::span<const GuestRange> ranges, u64 offset, std::span<std::byte> into) {
  for (const GuestRange& range : ranges) {
    if (into.empty()) break;
    if (offset >= range.length) {
      offset -= range.length;
      continue;
    }
    const std::size_t count = std::min<u64>(range.length - offset, into.size());
    if (!memory.read(range.address + offset, into.first(count))) return false;
    into = into.subspan(count);
    offset = 0;
  }
  return into.empty();
}

bool copy_to(GuestMemory& memory, std::span<const GuestRange> ranges, u64 offset, std::span<const std::byte> from) {
  for (const GuestRange& range : ranges) {
    if (from.empty()) break;
    if (offset >= range.length) {
      offset -= range.length;
      continue;
    }
    const std::size_t count = std::min<u64>(range.length - offset, from.size());
    if (!memory.write(range.address + offset, from.first(count))) return false;
    from = from.subspan(count);
    offset = 0;
  }
  return from.empty();
}

}  // namespace vm::devices
