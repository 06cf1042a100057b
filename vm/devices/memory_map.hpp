// SPDX-License-Identifier: Apache-2.0
// Where the devices stand, and which PLIC source each one drives.
// Source: QEMU 7.2 `virt`, with aclint=on (hw/riscv/virt.c and the device tree that it dumps).
#pragma once
#include "vm/platform/types.hpp"

namespace vm::devices {

struct Window {
  u64 base;  // guest physical address
  u64 bytes;
  constexpr bool contains(u64 physical, u8 width) const {
    return physical >= base && physical - base < bytes && width <= bytes - (physical - base);
  }
};

inline constexpr Window syscon_window{0x10'0000, 0x1000};
inline constexpr Window rtc_window{0x10'1000, 0x1000};
inline constexpr Window aclint_window{0x200'0000, 0x1'0000};
inline constexpr Window sswi_window{0x2f0'0000, 0x4000};
inline constexpr Window plic_window{0xc00'0000, 0x60'0000};
inline constexpr Window uart_window{0x1000'0000, 0x100};

inline constexpr u32 virtio_slots = 8;
constexpr Window virtio_window(u32 slot) { return {0x1000'1000 + 0x1000 * u64{slot}, 0x1000}; }

inline constexpr u32 uart_source = 10;
inline constexpr u32 rtc_source = 11;
constexpr u32 virtio_source(u32 slot) { return 1 + slot; }

}  // namespace vm::devices
