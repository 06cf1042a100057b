// SPDX-License-Identifier: Apache-2.0
// The compressed half of the decoder: each short instruction is the spelling of a long one.
// Thread-safe, wait-free. Source: RISC-V Unprivileged 20191213, chapter 16.
#pragma once
#include "vm/isa/decode.hpp"

namespace vm {

Instruction decode_compressed(u16 bits);

}  // namespace vm
