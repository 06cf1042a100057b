// SPDX-License-Identifier: Apache-2.0
// Why the engine stopped. The engine never calls a layer: whatever needs one is an Exit, and the vCPU loop does it.
//
//   kind          | what the loop does                                       | then
//   translate     | translates `address` for `access`, fills micro-TLB/slot  | the instruction restarts
//   block         | finds or builds the block at hart.pc, links it           | it is entered
//   device        | performs the access once                                 | complete_access() retires the instruction
//   code_written  | invalidates the tracked pages that the retired store hit | execution goes on at hart.pc
//   reserve       | makes `address`'s line tracked for LR/SC (a handshake)   | the instruction restarts
//   fence_i       | waits until older code is gone for this hart             | execution goes on at hart.pc
//   fence_vma     | invalidates `scope` in the TLB layer                     | execution goes on at hart.pc
//   wait          | blocks until an interrupt is pending (WFI)               | execution goes on at hart.pc
//   safepoint     | serves hart.attention                                    | execution goes on at hart.pc
#pragma once
#include "vm/layers/tlb.hpp"
#include "vm/platform/types.hpp"

namespace vm {

enum class Access : u8 { fetch, load, store };

enum class ExitKind : u8 { translate, block, device, code_written, reserve, fence_i, fence_vma, wait, safepoint };

struct Exit {
  ExitKind kind = ExitKind::safepoint;
  Access access = Access::load;
  u8 width = 0;              // bytes
  u8 length = 0;             // device: bytes of the instruction
  u8 destination = 0;        // of a device load: x register, or f register if `floating`
  bool sign_extend = false;
  bool floating = false;
  u64 address = 0;           // translate: virtual; device, reserve: guest physical
  u64 virtual_address = 0;   // device, code_written: of the access, for a trap's tval
  u64 value = 0;             // of a device store
  Ppn pages[2] = {Ppn{~u64{0}}, Ppn{~u64{0}}};  // code_written
  Scope scope;               // fence_vma
};

}  // namespace vm
