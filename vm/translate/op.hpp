// SPDX-License-Identifier: Apache-2.0
// What a block's payload holds: a head, and one Op for each instruction, in order, so that an Op's place is its instruction's number.
// A block that ends without a jump has one Op more (fall). A fused pair keeps both Ops: the first one's handler does the work of both.
//
// A block is found by its physical address, so the same block serves every virtual page that its bytes are mapped to: all distances
// are counted from the start of the page, and the engine adds the virtual page that it runs in.
#pragma once
#include "vm/translate/block.hpp"
#include "vm/translate/handlers.hpp"

namespace vm {

struct Op {
  const void* handler;
  u8 rd;  // 32 instead of x0, where the handler writes an x register
  u8 rs1;
  u8 rs2;
  u8 offset;  // of the instruction, in halfwords from the block's start
  // The operand: the immediate; a jump's target and pc_add's addend, in bytes from the page's start; the instruction's bits where the
  // handler reads fields of its own from them (csr, system, atomic, floating, illegal).
  i32 immediate;
  u32 bits() const { return static_cast<u32>(immediate); }
};
static_assert(sizeof(Op) == 16);

inline constexpr unsigned block_instructions = 64;  // at most
inline constexpr u8 x_sink = 32;

struct BlockBody {
  u32 start;  // of the first instruction, in bytes from its page's start
  u32 end;    // after the last one, likewise
  u32 instructions;
  u32 context;
  Op* ops() { return reinterpret_cast<Op*>(this + 1); }
  const Op* ops() const { return reinterpret_cast<const Op*>(this + 1); }
};
static_assert(sizeof(BlockBody) == 16);

// Block::payload() for the number of slots that all blocks have.
[[gnu::always_inline]] inline BlockBody& body_of(Block* block) {
  return *reinterpret_cast<BlockBody*>(reinterpret_cast<std::byte*>(block + 1) + Block::slot_bytes(block_slots));
}

}  // namespace vm
