// SPDX-License-Identifier: Apache-2.0
// The execution engine: threaded dispatch over decoded blocks. It never calls a layer; what needs one is an Exit (vm/hart/exit.hpp).
//
// Budget. The engine takes slices of `slice_instructions`; each block entry subtracts Object::entry_cost. When the slice is spent it
// looks at Signals::attention, now and then at the timers, and goes on, or leaves with a safepoint Exit. A running hart therefore
// reaches a safepoint within slice_instructions plus one block, and a retired block is never entered after one.
#pragma once
#include "vm/hart/hart.hpp"

namespace vm {

inline constexpr i32 slice_instructions = 256;
inline constexpr unsigned timer_poll_slices = 16;  // the timers are looked at every 4096 instructions

// Runs the hart until it needs the loop. `entry` is the block at hart.pc, or nullptr: then it goes on inside hart.resume_block, or finds
// the block by the jump cache, or asks for it by a block Exit. Takes traps and pending interrupts itself.
Exit run(Hart& hart, Block* entry);

// Retires the instruction of a device Exit: writes `value` (of a load, zero-extended from the access width) to its destination.
void complete_access(Hart& hart, const Exit& exit, u64 value);

// Remembers in the jump cache, for the hart's present generation, that `block` is the one at `pc`. No effect with 0 micro-TLB entries.
// The pending link (hart.link_from) is the caller's to make, wherever the block is: the engine asks again about the mapping before it
// follows a link to another page.
void remember_block(Hart& hart, u64 pc, Block* block);

}  // namespace vm
