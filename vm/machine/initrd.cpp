// SPDX-License-Identifier: Apache-2.0
// From the top down: device tree, information page, initrd.
#include "vm/machine/initrd.hpp"

namespace vm {
namespace {
// Linux maps 2 MiB pieces: a tree at the start of one takes a single early mapping.
constexpr u64 tree_alignment = u64{2} << 20;
constexpr u64 down(u64 value, u64 alignment) { return value & ~(alignment - 1); }
constexpr u64 up(u64 value, u64 alignment) { return down(value + alignment - 1, alignment); }
}  // namespace

Result<TopOfRam> place_at_top(PhysicalRange ram, u64 occupied, u64 initrd_bytes) {
  const u64 initrd_room = up(initrd_bytes, page_bytes);
  const u64 needed = initrd_room + page_bytes + device_tree_room;
  const u64 bottom = up(occupied, page_bytes);
  if (initrd_bytes > file_limit || bottom > ram.end || needed > ram.end - bottom) {
    return Error{"RAM of " + hexadecimal(ram.end - ram.first) + " bytes ends at " + hexadecimal(ram.end) + ", and programs take it up to " +
                 hexadecimal(occupied) + ": no room for an initrd of " + hexadecimal(initrd_bytes) +
                 " bytes and the device tree; give the machine at least " +
                 std::to_string(up(bottom - ram.first + needed, u64{1} << 20) >> 20) + " MiB"};
  }
  TopOfRam top;
  const u64 aligned = down(ram.end - device_tree_room, tree_alignment);
  const bool roomy = aligned >= bottom && aligned - bottom >= initrd_room + page_bytes;
  top.device_tree = roomy ? aligned : down(ram.end - device_tree_room, page_bytes);
  top.dynamic_information = top.device_tree - page_bytes;
  top.initrd = {top.dynamic_information - initrd_room, top.dynamic_information - initrd_room + initrd_bytes};
  return top;
}

}  // namespace vm
