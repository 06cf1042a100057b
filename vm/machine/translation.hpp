// SPDX-License-Identifier: Apache-2.0
// The parts of serving an Exit that ask no layer: what to translate, what a leaf permits, where a block is, what the micro-TLB may hold.
// Source: RISC-V Privileged 1.12, sections 3.7 (PMP), 4.3.2 (translation), 4.2.1 (sfence.vma).
#pragma once
#include <optional>
#include <span>

#include "vm/hart/hart.hpp"
#include "vm/hart/trap.hpp"
#include "vm/memory/guest_memory.hpp"

namespace vm {

// One access being translated.
struct Translation {
  u64 address = 0;          // virtual
  Vpn page;
  Access access = Access::load;
  u8 width = 1;             // bytes that the PMP is asked for
  Regime regime = Regime::machine;
  bool paged = false;       // satp's mode applies
  std::optional<Leaf> leaf;
  std::optional<Cause> fault;
};

Translation begin_translation(const Hart& hart, u64 address, Access access, u8 width);
// Is there a leaf, does it permit the access, and are its A and D bits as the access needs them?
bool permitted(const Hart& hart, const Translation& translation);
// Walks the page table: sets the leaf or the fault. Returns the page of the table that the walk wrote an A or D bit to, or no_page.
Ppn walk_into(Hart& hart, Translation& translation);
// Fills the micro-TLB, or a transient slot where that cannot keep it, with what the leaf, the PMP and the page's state allow; may find an access fault.
void install(Hart& hart, Translation& translation);

// Where the block at hart.pc is.
struct BlockSite {
  bool missing = false;       // a fetch translation is missing
  u64 missing_address = 0;
  std::optional<Cause> fault; // an access fault at hart.pc
  BlockKey key;
  bool narrow = false;        // the PMP splits the page: one instruction, in a private block
  u8 first_length = 0;        // with narrow: bytes of it in the first page
  std::span<const u8> first_bytes(const GuestMemory& memory) const;
  std::span<const u8> second_bytes(const GuestMemory& memory) const;
};
BlockSite find_site(const Hart& hart, const GuestMemory& memory);

// sfence.vma on the hart's own micro-TLB.
void apply_fence(Hart& hart, const Scope& scope);
// After a store to a page that was tracked: let the micro-TLB write to it directly, once the page has cooled.
void retain_store_permission(Hart& hart, GuestMemory& memory, const Exit& exit);

}  // namespace vm
