// SPDX-License-Identifier: Apache-2.0
// Cutting instruction words into fields.
#pragma once
#include "vm/platform/types.hpp"

namespace vm {

// Bits [low, low + count) of `bits`, moved to `to`. count < 32.
constexpr u32 bit_field(u32 bits, unsigned low, unsigned count, unsigned to = 0) { return ((bits >> low) & ((u32{1} << count) - 1)) << to; }

// The low `width` bits as a signed number.
constexpr i32 sign_extend(u32 value, unsigned width) { return static_cast<i32>(value << (32 - width)) >> (32 - width); }

}  // namespace vm
