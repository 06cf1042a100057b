// SPDX-License-Identifier: Apache-2.0
// An edge leaves nothing behind in the register.
#include "vm/devices/sswi.hpp"

#include <algorithm>

namespace vm::devices {

SswiState SswiState::make(u32 harts) {
  SswiState state;
  state.harts = std::min(harts, max_harts);
  return state;
}

bool SswiState::accepts(u64 offset, u8 width) { return width == 4 && aligned(offset, width); }

void SswiState::write(u64 offset, u8, u64 value, Effects& effects) {
  const u64 hart = offset / 4;
  if (hart >= harts || (value & 1) == 0) return;
  ++edges;
  effects.set_ssip = true;
  effects.hart = static_cast<u32>(hart);
}

}  // namespace vm::devices
