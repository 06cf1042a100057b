// SPDX-License-Identifier: Apache-2.0
// A driver's side of one split virtqueue, for tests: it lays the rings out in guest RAM, offers chains, and takes used ones.
#pragma once
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "vm/devices/virtio_mmio.hpp"
#include "vm/memory/guest_memory.hpp"

namespace tests {

using vm::u16;
using vm::u32;
using vm::u64;
using vm::u8;

inline std::unique_ptr<vm::GuestMemory> ram(u64 bytes = u64{1} << 20) {
  auto memory = vm::GuestMemory::create(bytes);
  if (!memory) {
    ADD_FAILURE() << memory.error().message;
    std::abort();
  }
  return std::move(*memory);
}

struct Descriptor {
  u64 address = 0;
  u32 length = 0;
  u16 flags = 0;
  u16 next = 0;
};
inline constexpr u16 flag_next = 1, flag_write = 2, flag_indirect = 4;

struct Used {
  u32 id = 0;
  u32 length = 0;
};

class DriverRing {
 public:
  DriverRing(vm::GuestMemory& memory, u16 size, u64 base = vm::ram_base + 0x1000) : memory_(memory), size_(size) {
    layout.live = true;
    layout.size = size;
    layout.descriptors = base;
    layout.available = base + 16 * u64{size};
    layout.used = (layout.available + 6 + 2 * u64{size} + 3) & ~u64{3};
    layout.features = vm::devices::virtio::version_1;
    layout.set_up = 1;
  }

  template <class T>
  void put(u64 address, const T& value) {
    ASSERT_TRUE(memory_.write(address, std::as_bytes(std::span{&value, 1})));
  }
  template <class T>
  T get(u64 address) const {
    T value{};
    EXPECT_TRUE(memory_.read(address, std::as_writable_bytes(std::span{&value, 1})));
    return value;
  }

  void describe(u16 index, const Descriptor& descriptor) { put(layout.descriptors + 16 * u64{index}, descriptor); }
  // Descriptors first, first + 1, ...: chained, each with its own flags besides.
  void chain(u16 first, std::span<const Descriptor> parts) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      Descriptor part = parts[i];
      if (i + 1 < parts.size()) {
        part.flags |= flag_next;
        part.next = static_cast<u16>(first + i + 1);
      }
      describe(static_cast<u16>(first + i), part);
    }
  }
  void offer(u16 head) {
    put<u16>(layout.available + 4 + 2 * (available_ % size_), head);
    put<u16>(layout.available + 2, ++available_);
  }
  void set_available_index(u16 index) { put<u16>(layout.available + 2, available_ = index); }
  void set_flags(u16 flags) { put<u16>(layout.available, flags); }
  void set_used_event(u16 index) { put<u16>(layout.available + 4 + 2 * u64{size_}, index); }
  u16 available_event() const { return get<u16>(layout.used + 4 + 8 * u64{size_}); }
  u16 used_index() const { return get<u16>(layout.used + 2); }
  std::optional<Used> take() {
    if (taken_ == used_index()) return {};
    const u64 slot = taken_++ % size_;
    return get<Used>(layout.used + 4 + 8 * slot);
  }

  vm::devices::QueueLayout layout;

 private:
  vm::GuestMemory& memory_;
  u16 size_;
  u16 available_ = 0;
  u16 taken_ = 0;
};

}  // namespace tests
