// SPDX-License-Identifier: Apache-2.0
// A translated block: a straight run of decoded instructions from one physical page (an instruction that straddles two pages is a block
// of its own). It is an Object of the GC layer: slot 0 links to the block that follows, slot 1 to the branch target.
#pragma once
#include <memory>
#include <span>

#include "vm/hart/hart.hpp"

namespace vm {

inline constexpr unsigned block_slots = 2;

// The context of a block key: decoding and execution depend on nothing else of the hart.
//   bits 0..1 privilege | bit 2 translation on | bit 3 FS on
u32 block_context(const Hart& hart);

// Decodes a block into a private buffer, before its object is allocated.
class BlockBuilder {
 public:
  BlockBuilder();
  ~BlockBuilder();
  // Bytes of the instructions from `pc` on: `first` is host memory up to the end of pc's physical page, `second` the start of the next
  // virtual page's frame, or empty. False: the first instruction straddles, and `second` is needed.
  // Bytes that another hart may write meanwhile are read once each, by relaxed atomics.
  bool decode(u64 pc, u32 context, std::span<const u8> first, std::span<const u8> second);
  bool straddles() const;  // it used `second`
  u32 payload_bytes() const;
  void emit(Block& block) const;  // into an object with block_slots slots and payload_bytes() of payload; sets entry_cost

 private:
  struct Content;
  std::unique_ptr<Content> content_;
};

}  // namespace vm
