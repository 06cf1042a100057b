// SPDX-License-Identifier: Apache-2.0
// Register numbers, the status machine, and which writes a queue still takes.
#include "vm/devices/virtio_mmio.hpp"

#include <algorithm>
#include <bit>

namespace vm::devices {
namespace {

enum Register : u64 {
  magic_value = 0x000,
  version = 0x004,
  device_id_register = 0x008,
  vendor_id = 0x00c,
  device_features = 0x010,
  device_features_sel = 0x014,
  driver_features = 0x020,
  driver_features_sel = 0x024,
  queue_sel = 0x030,
  queue_num_max = 0x034,
  queue_num = 0x038,
  queue_ready = 0x044,
  queue_notify = 0x050,
  interrupt_status_register = 0x060,
  interrupt_ack = 0x064,
  status_register = 0x070,
  queue_desc_low = 0x080,
  queue_desc_high = 0x084,
  queue_driver_low = 0x090,
  queue_driver_high = 0x094,
  queue_device_low = 0x0a0,
  queue_device_high = 0x0a4,
  shm_len_low = 0x0b0,
  shm_base_high = 0x0bc,
  config_generation = 0x0fc,
  config = 0x100,
};

constexpr u32 magic = 0x7472'6976;   // "virt"
constexpr u32 vendor = 0x4b4c'5449;  // "ITLK"
constexpr u8 used_buffer = 1;
constexpr u8 configuration_change = 2;
constexpr u8 driver_bits = virtio::acknowledge | virtio::driver | virtio::driver_ok | virtio::features_ok | virtio::failed;

u32 half(u64 value, u32 select) { return select > 1 ? 0 : static_cast<u32>(value >> (32 * select)); }
void set_half(u64& value, u32 select, u32 part) {
  if (select <= 1) value = (value & ~(u64{0xffff'ffff} << (32 * select))) | u64{part} << (32 * select);
}

}  // namespace

VirtioMmioState VirtioMmioState::make(u32 id, u64 features, u32 queues, u16 limit) {
  VirtioMmioState state;
  state.device_id = id;
  state.offered = features | virtio::version_1;
  state.queue_count = std::min(queues, virtio_queues);
  state.queue_limit = limit;
  return state;
}

bool VirtioMmioState::accepts(u64 offset, u8 width) { return aligned(offset, width) && (width == 4 || (offset >= config && width < 4)); }

u64 VirtioMmioState::read(u64 offset, u8 width) const {
  if (offset >= config) {
    u64 value = 0;
    for (u8 i = 0; i < width; ++i) {
      const u64 at = offset - config + i;
      value |= u64{at < configuration_bytes ? configuration[at] : u8{0}} << (8 * i);
    }
    return value;
  }
  return read_register(offset);
}

u64 VirtioMmioState::read_register(u64 offset) const {
  switch (offset) {
    case magic_value: return magic;
    case version: return 2;
    case device_id_register: return device_id;
    case vendor_id: return vendor;
    default: break;
  }
  if (device_id == 0) return 0;
  const bool selected = queue_select < queue_count;
  switch (offset) {
    case device_features: return half(offered, device_features_select);
    case queue_num_max: return selected ? queue_limit : 0;
    case queue_ready: return selected ? queues[queue_select].ready : 0;
    case interrupt_status_register: return interrupt_status;
    case status_register: return status;
    case config_generation: return configuration_generation;
    default: break;
  }
  // No shared memory region exists: length and base read as all ones.
  return offset >= shm_len_low && offset <= shm_base_high ? 0xffff'ffff : 0;
}

void VirtioMmioState::write(u64 offset, u8, u64 value, Effects& effects) {
  if (device_id == 0 || offset >= config) return;  // none of our devices has a writable configuration space
  const u32 word = static_cast<u32>(value);
  switch (offset) {
    case device_features_sel: device_features_select = word; return;
    case driver_features_sel: driver_features_select = word; return;
    case driver_features:
      if ((status & virtio::features_ok) == 0) set_half(accepted, driver_features_select, word);
      return;
    case queue_sel: queue_select = word; return;
    case queue_notify:
      if (word < queue_count && layout(word).live) effects.notify |= u32{1} << word;
      return;
    case interrupt_ack:
      interrupt_status &= static_cast<u8>(~word);
      update(effects);
      return;
    case status_register: write_status(static_cast<u8>(word), effects); return;
    default: write_queue(offset, word, effects); return;
  }
}

void VirtioMmioState::write_status(u8 value, Effects& effects) {
  if (value == 0) {
    reset(effects);
    return;
  }
  // The driver may set bits and never clears one; it cannot set DEVICE_NEEDS_RESET.
  u8 next = static_cast<u8>(status | (value & driver_bits));
  const bool negotiated = (accepted & ~offered) == 0 && (accepted & virtio::version_1) != 0;
  if ((status & virtio::features_ok) == 0 && !negotiated) next &= static_cast<u8>(~virtio::features_ok);
  if ((next & virtio::features_ok) == 0) next &= static_cast<u8>(~virtio::driver_ok);
  effects.driver_ok |= (next & ~status & virtio::driver_ok) != 0;
  status = next;
}

void VirtioMmioState::write_queue(u64 offset, u32 value, Effects& effects) {
  if (queue_select >= queue_count) return;
  Queue& queue = queues[queue_select];
  if (offset == queue_ready) {
    if ((value & 1) == 0) {
      effects.reset |= queue.ready;
      queue.ready = false;
      return;
    }
    if (queue.ready) return;
    const bool sound = std::has_single_bit(queue.size) && queue.size <= queue_limit && queue.descriptors % 16 == 0 &&
                       queue.available % 2 == 0 && queue.used % 4 == 0;
    if (sound) {
      queue.ready = true;
      ++queue.set_up;
    } else {
      fail(generation, effects);
    }
    return;
  }
  if (queue.ready) return;  // its layout is fixed while it is in use
  switch (offset) {
    case queue_num: queue.size = value <= 0xffff ? static_cast<u16>(value) : u16{0}; return;
    case queue_desc_low: set_half(queue.descriptors, 0, value); return;
    case queue_desc_high: set_half(queue.descriptors, 1, value); return;
    case queue_driver_low: set_half(queue.available, 0, value); return;
    case queue_driver_high: set_half(queue.available, 1, value); return;
    case queue_device_low: set_half(queue.used, 0, value); return;
    case queue_device_high: set_half(queue.used, 1, value); return;
    default: return;
  }
}

QueueLayout VirtioMmioState::layout(u32 queue) const {
  if (queue >= queue_count) return {};
  const Queue& from = queues[queue];
  const bool live = from.ready && (status & virtio::driver_ok) != 0 && (status & (virtio::needs_reset | virtio::failed)) == 0;
  return {live, from.size, from.descriptors, from.available, from.used, accepted, generation, from.set_up};
}

void VirtioMmioState::raise_used(u32 of_generation, Effects& effects) {
  if (of_generation == generation) interrupt(used_buffer, effects);
}

void VirtioMmioState::fail(u32 of_generation, Effects& effects) {
  if (of_generation != generation || device_id == 0) return;
  status |= virtio::needs_reset;
  // Before DRIVER_OK the driver polls the status; an interrupt would find no handler.
  if ((status & virtio::driver_ok) != 0) interrupt(configuration_change, effects);
}

void VirtioMmioState::set_configuration(u32 offset, u32 value, Effects& effects) {
  if (offset > configuration_bytes - 4) return;
  for (u32 i = 0; i < 4; ++i) configuration[offset + i] = static_cast<u8>(value >> (8 * i));
  ++configuration_generation;
  if ((status & virtio::driver_ok) != 0) interrupt(configuration_change, effects);
}

void VirtioMmioState::interrupt(u8 cause, Effects& effects) {
  interrupt_status |= cause;
  update(effects);
}

void VirtioMmioState::update(Effects& effects) {
  const bool now = interrupt_status != 0;
  if (now == interrupt_level) return;
  interrupt_level = now;
  effects.interrupt.set(now);
}

void VirtioMmioState::reset(Effects& effects) {
  status = 0;
  interrupt_status = 0;
  accepted = 0;
  device_features_select = driver_features_select = queue_select = 0;
  for (Queue& queue : queues) queue = {.set_up = queue.set_up};
  ++generation;
  effects.reset = true;
  update(effects);
}

}  // namespace vm::devices
