// SPDX-License-Identifier: Apache-2.0
// The registers of one virtio-mmio slot, version 2 (modern): features, up to two queues, status, configuration space.
//
// Protocol:  a write to QueueNotify of a live queue becomes Effects::notify, which the machine posts to its DeviceWorker. The worker
//            reads layout() under inspect, serves the ring in guest memory, and raises the interrupt through raise_used under mutate.
//            A reset counts `generation`; work that was begun under an older one is dropped, and the machine lets the hart whose
//            write reset the device go on only when DeviceWorker::wait_idle has returned.
// Invariant: a queue is live only with a power-of-two size, aligned rings, accepted features and DRIVER_OK.
// Source:    Virtual I/O Device (VIRTIO) 1.2, sections 2.1 to 2.4, 3.1 and 4.2.
#pragma once
#include "vm/devices/device.hpp"

namespace vm::devices {

inline constexpr u32 virtio_queues = 2;

namespace virtio {
inline constexpr u32 block_id = 2;
inline constexpr u32 console_id = 3;
inline constexpr u32 entropy_id = 4;

inline constexpr u64 indirect_descriptors = u64{1} << 28;
inline constexpr u64 event_index = u64{1} << 29;
inline constexpr u64 version_1 = u64{1} << 32;

inline constexpr u8 acknowledge = 1;
inline constexpr u8 driver = 2;
inline constexpr u8 driver_ok = 4;
inline constexpr u8 features_ok = 8;
inline constexpr u8 needs_reset = 64;
inline constexpr u8 failed = 128;
}  // namespace virtio

// What serving a queue needs to know of it. Addresses are guest physical.
struct QueueLayout {
  bool live = false;    // the driver has set the queue and the device up: it may be served
  u16 size = 0;         // in descriptors, a power of two
  u64 descriptors = 0;  // 16-byte aligned
  u64 available = 0;    // the driver's ring, 2-byte aligned
  u64 used = 0;         // the device's ring, 4-byte aligned
  u64 features = 0;     // those that the driver accepted
  u32 generation = 0;   // resets of the device so far: interrupts asked for under another one are dropped
  u32 set_up = 0;       // how often the driver has set this queue up: rings of another set-up are gone
};

struct VirtioMmioState {
  static constexpr bool uses_clock = false;
  static constexpr u32 configuration_bytes = 64;

  struct Effects {
    u32 notify = 0;  // a bit for each queue that has something to serve
    LevelChange interrupt;
    bool reset = false;      // the driver reset the device, or took a queue back: wait for the worker before the hart goes on
    bool driver_ok = false;  // the driver finished the set-up
  };

  struct Queue {
    u64 descriptors = 0;
    u64 available = 0;
    u64 used = 0;
    u32 set_up = 0;  // times that `ready` became true; survives a reset
    u16 size = 0;
    bool ready = false;
  };

  // An empty slot: it has its magic number, version, and device id 0.
  static VirtioMmioState empty() { return {}; }
  // `features` are offered besides VERSION_1; `queue_limit` is a power of two, at most 32768.
  static VirtioMmioState make(u32 id, u64 features, u32 queues, u16 queue_limit);

  static bool accepts(u64 offset, u8 width);
  static bool read_is_pure(u64, u8) { return true; }
  u64 read(u64 offset, u8 width) const;
  u64 read_effect(u64 offset, u8 width, Effects&) { return read(offset, width); }
  void write(u64 offset, u8 width, u64 value, Effects& effects);

  // The device's side. Each is ignored if the device was reset since `generation`.
  QueueLayout layout(u32 queue) const;
  void raise_used(u32 of_generation, Effects& effects);
  // The driver broke a ring: DEVICE_NEEDS_RESET, and a configuration interrupt.
  void fail(u32 of_generation, Effects& effects);
  // The configuration space changed.
  void set_configuration(u32 offset, u32 value, Effects& effects);

  u32 device_id = 0;
  u32 queue_count = 0;
  u16 queue_limit = 0;
  u8 status = 0;
  u8 interrupt_status = 0;  // bit 0 used buffer, bit 1 configuration change
  bool interrupt_level = false;
  u32 device_features_select = 0;
  u32 driver_features_select = 0;
  u32 queue_select = 0;
  u32 configuration_generation = 0;
  u32 generation = 0;
  u64 offered = 0;
  u64 accepted = 0;
  Queue queues[virtio_queues] = {};
  u8 configuration[configuration_bytes] = {};

 private:
  u64 read_register(u64 offset) const;
  void write_status(u8 value, Effects& effects);
  void write_queue(u64 offset, u32 value, Effects& effects);
  void interrupt(u8 cause, Effects& effects);
  void update(Effects& effects);
  void reset(Effects& effects);
};
static_assert(Device<VirtioMmioState>);

}  // namespace vm::devices
