// SPDX-License-Identifier: Apache-2.0
// Where the initrd and the device tree go: at the top of RAM, out of the way of a kernel that grows upwards.
#pragma once
#include "vm/machine/loader_program.hpp"

namespace vm {

struct TopOfRam {
  PhysicalRange initrd;         // starts on a page of its own; empty without an initrd
  u64 dynamic_information = 0;  // a page of its own
  u64 device_tree = 0;          // 8-byte aligned, with `device_tree_room` behind it
};

inline constexpr u64 device_tree_room = 256 << 10;  // bytes kept for the device tree and for firmware that grows it

// `occupied` ends the programs at the bottom. Errors: they and `initrd_bytes` leave no room, with the amount of RAM that would do.
Result<TopOfRam> place_at_top(PhysicalRange ram, u64 occupied, u64 initrd_bytes);

}  // namespace vm
