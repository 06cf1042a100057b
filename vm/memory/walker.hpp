// SPDX-License-Identifier: Apache-2.0
// The page-table walker: Sv39, Sv48 and Sv57, with A and D set by hardware. No Svnapot, no Svpbmt: their PTE bits are reserved.
// Protocol:  PTEs are read one by one; the leaf's A and D bits are set by compare-exchange, so that a PTE that the guest changes
//            meanwhile is never overwritten: the walk is made again.
// Invariant: a leaf that it returns grants the access, and stood in memory, A and D included, at one moment during the call.
// Progress:  lock-free: a retry means that another hart changed the PTE.
// Source:    RISC-V Privileged 1.12, sections 4.3 to 4.5.
#pragma once
#include <optional>

#include "vm/hart/trap.hpp"
#include "vm/layers/gc.hpp"

namespace vm {

enum class Permission : u8 { ok, fault, needs_update };  // needs_update: granted, but A, or D for a store, is not set yet

struct Walk {
  Leaf leaf;                   // valid if there is no fault
  std::optional<Cause> fault;  // a page fault, or an access fault: a PTE outside RAM, or where the PMP forbids it
  Ppn written = no_page;       // the page of the table in which an A or D bit was set, also if a fault came after it
};

// Translates `address` in `space`, whose mode must not be Bare, as an access by `privilege` (user or supervisor; loads and stores:
// Csrs::data_privilege). The hart gives memory and PMP; the PMP check of the translated address itself is the caller's.
Walk walk(Hart& hart, Space space, u64 address, Access access, Privilege privilege, bool sum, bool mxr);

// What a leaf, from a walk or from the TLB layer, grants.
Permission check_leaf(const Leaf& leaf, Access access, Privilege privilege, bool sum, bool mxr);

}  // namespace vm
