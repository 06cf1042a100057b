// SPDX-License-Identifier: Apache-2.0
// Virtqueue input: the first bytes choose size, features and ring addresses, the rest is guest RAM. A pass over it ends, gives only
// ranges inside RAM, and never more chains than the ring holds.
#include <algorithm>
#include <cstring>

#include "vm/devices/virtqueue.hpp"
#include "vm/platform/invariant.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size);

namespace {
constexpr vm::u64 ram_bytes = 1 << 16;

struct Head {
  vm::u8 size_log2, features;
  vm::u16 descriptors, available, used, available_index;
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  static const std::unique_ptr<vm::GuestMemory> memory = [] {
    auto created = vm::GuestMemory::create(ram_bytes);
    INTERLOCK_INVARIANT(static_cast<bool>(created), "%s", created.error().message.c_str());
    return std::move(*created);
  }();
  Head head{};
  if (size < sizeof head) return 0;
  std::memcpy(&head, input, sizeof head);
  const std::size_t bytes = std::min<std::size_t>(size - sizeof head, ram_bytes);
  (void)memory->write(vm::ram_base, {reinterpret_cast<const std::byte*>(input) + sizeof head, bytes});

  vm::devices::QueueLayout layout;
  layout.live = true;
  layout.set_up = 1;
  layout.size = static_cast<vm::u16>(1 << head.size_log2 % 9);
  layout.features = vm::devices::virtio::version_1 | ((head.features & 1) != 0 ? vm::devices::virtio::indirect_descriptors : 0) |
                    ((head.features & 2) != 0 ? vm::devices::virtio::event_index : 0);
  layout.descriptors = vm::ram_base + (head.descriptors & ~vm::u64{15});
  layout.available = vm::ram_base + (head.available & ~vm::u64{1});
  layout.used = vm::ram_base + (head.used & ~vm::u64{3});
  const vm::u16 index = static_cast<vm::u16>(head.available_index % (layout.size + 1u));
  (void)memory->write(layout.available + 2, std::as_bytes(std::span{&index, 1}));

  vm::devices::Virtqueue queue;
  vm::devices::Chain chain;
  queue.follow(layout);
  for (vm::u32 pops = 0;; ++pops) {
    // The used ring may lie on the available ring, so that pushing changes the index: still no more than `size` chains are waiting.
    if (pops == layout.size || queue.pop(*memory, chain) != vm::devices::Virtqueue::Pop::chain) break;
    INTERLOCK_INVARIANT(chain.readable.size() + chain.writable.size() <= 2u * layout.size, "a chain longer than its tables");
    for (const auto* ranges : {&chain.readable, &chain.writable}) {
      for (const auto& range : *ranges) INTERLOCK_INVARIANT(memory->contains(range.address, range.length), "a range outside RAM");
    }
    queue.push(*memory, chain.head, 1);
  }
  (void)queue.publish(*memory);
  (void)queue.rearm(*memory);
  return 0;
}
