// SPDX-License-Identifier: Apache-2.0
// Halves and wholes of the 64-bit registers, and which hart an offset means.
#include "vm/devices/aclint.hpp"

#include <algorithm>
#include <iterator>

namespace vm::devices {
namespace {

constexpr u64 mtimecmp_end = AclintState::mtimecmp_offset + 8 * max_harts;

// The part of `whole` that an access of `width` bytes at `offset` of an 8-byte register sees.
u64 part(u64 whole, u64 offset, u8 width) {
  if (width == 8) return whole;
  return whole >> (8 * (offset & 4)) & 0xffff'ffff;
}

u64 with_part(u64 whole, u64 offset, u8 width, u64 value) {
  if (width == 8) return value;
  const unsigned shift = 8 * (offset & 4);
  return (whole & ~(u64{0xffff'ffff} << shift)) | (value & 0xffff'ffff) << shift;
}

bool is_mtimecmp(u64 offset) { return offset >= AclintState::mtimecmp_offset && offset < mtimecmp_end; }
u64 hart_of_mtimecmp(u64 offset) { return (offset - AclintState::mtimecmp_offset) / 8; }
bool is_mtime(u64 offset) { return (offset & ~u64{7}) == AclintState::mtime_offset; }

}  // namespace

AclintState AclintState::make(u32 harts) {
  AclintState state;
  state.harts = std::min(harts, max_harts);
  std::fill(std::begin(state.mtimecmp), std::end(state.mtimecmp), ~u64{0});
  return state;
}

bool AclintState::accepts(u64 offset, u8 width) {
  return aligned(offset, width) && (width == 4 || (width == 8 && offset >= mtimecmp_offset));
}

u64 AclintState::read(u64 offset, u8 width, const Inputs& inputs) const {
  if (is_mtime(offset)) return part(inputs.mtime_ticks, offset, width);
  if (is_mtimecmp(offset)) {
    const u64 hart = hart_of_mtimecmp(offset);
    return hart < harts ? part(mtimecmp[hart], offset, width) : 0;
  }
  const u64 hart = offset / 4;
  return hart < harts ? msip >> hart & 1 : 0;
}

void AclintState::write(u64 offset, u8 width, u64 value, const Inputs& inputs, Effects& effects) {
  if (is_mtime(offset)) {
    effects.clock_set = true;
    effects.clock_ticks = with_part(inputs.mtime_ticks, offset, width, value);
    return;
  }
  if (is_mtimecmp(offset)) {
    const u64 hart = hart_of_mtimecmp(offset);
    if (hart >= harts) return;
    mtimecmp[hart] = with_part(mtimecmp[hart], offset, width, value);
    effects.hart = static_cast<u32>(hart);
    effects.deadline_changed = true;
    effects.deadline = mtimecmp[hart];
    return;
  }
  const u64 hart = offset / 4;
  if (hart >= harts) return;
  const u64 bit = u64{1} << hart;
  const u64 after = (value & 1) != 0 ? msip | bit : msip & ~bit;
  if (after == msip) return;
  msip = after;
  effects.hart = static_cast<u32>(hart);
  effects.software.set((value & 1) != 0);
}

}  // namespace vm::devices
