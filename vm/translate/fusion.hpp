// SPDX-License-Identifier: Apache-2.0
// Fusing neighbours: constants that two instructions build together, and the pairs of INTERLOCK_PAIR_LIST.
// Both Ops stay where they are, so that an exit or a trap between them can name and resume the second one.
// Thread-safe: pure functions of their arguments.
#pragma once
#include <span>

#include "vm/translate/op.hpp"

namespace vm {

// Changes handlers (and the immediates of the first of two) in place. `handlers[i]` is that of ops[i].
void fuse(std::span<Handler> handlers, std::span<Op> ops);

}  // namespace vm
