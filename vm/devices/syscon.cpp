// SPDX-License-Identifier: Apache-2.0
// Which values mean what.
#include "vm/devices/syscon.hpp"

namespace vm::devices {
namespace {
constexpr u32 fail = 0x3333;
constexpr u32 pass = 0x5555;
constexpr u32 restart_value = 0x7777;
}  // namespace

bool SysconState::accepts(u64 offset, u8 width) { return (width == 2 || width == 4) && aligned(offset, width); }

void SysconState::write(u64 offset, u8 width, u64 value, Effects& effects) {
  if (offset != 0) return;
  const u32 word = static_cast<u32>(width == 2 ? value & 0xffff : value);
  switch (word & 0xffff) {
    case pass: effects.power_off = true; break;
    case fail:
      effects.power_off = true;
      effects.code = static_cast<u16>(word >> 16);
      break;
    case restart_value: effects.restart = true; break;
    default: return;
  }
  last = word;
}

}  // namespace vm::devices
