// SPDX-License-Identifier: Apache-2.0
// Traps: entry, return, interrupts, and what follows from a change of privilege.
// Threads: all by the hart's own thread. Interrupt lines reach the hart through Signals (vm/hart/hart.hpp).
// Source: RISC-V Privileged 1.12, sections 3.1.6 to 3.1.9, 3.3, 4.1.1 to 4.1.3; Sstc 1.0.
#pragma once
#include "vm/hart/hart.hpp"

namespace vm {

enum class Cause : u64 {
  misaligned_fetch = 0,
  fetch_access_fault = 1,
  illegal_instruction = 2,
  breakpoint = 3,
  misaligned_load = 4,
  load_access_fault = 5,
  misaligned_store = 6,
  store_access_fault = 7,
  ecall_from_user = 8,
  ecall_from_supervisor = 9,
  ecall_from_machine = 11,
  fetch_page_fault = 12,
  load_page_fault = 13,
  store_page_fault = 15,
};

constexpr Cause access_fault_of(Access access) {
  return access == Access::fetch  ? Cause::fetch_access_fault
         : access == Access::load ? Cause::load_access_fault
                                  : Cause::store_access_fault;
}
constexpr Cause page_fault_of(Access access) {
  return access == Access::fetch ? Cause::fetch_page_fault : access == Access::load ? Cause::load_page_fault : Cause::store_page_fault;
}

// Enters the handler of an exception of the instruction at hart.pc. `tval` is the address, the instruction's bits, or 0.
void take_trap(Hart& hart, Cause cause, u64 tval);
// Enters the handler of the interrupt of highest priority, if one is deliverable now. hart.pc is the next instruction.
bool take_pending_interrupt(Hart& hart);

// mip as it reads now: the lines, the bits that software set, and the timers.
u64 pending_bits(const Hart& hart);
// The same for a program that reads mip or sip: what it has seen pending is delivered at its next write that opens the way (section 3.1.9).
u64 observe_pending_bits(Hart& hart);
// Those of `pending` that would be taken now: enabled in mie, and the global enable of their destination open. If any is for machine
// mode, only those.
u64 deliverable_bits(const Hart& hart, u64 pending);
// Is an interrupt deliverable now: pending, enabled in mie, and its destination's global enable open?
bool interrupt_pending(const Hart& hart);
// Is one pending and enabled in mie, whatever the global enables say? That ends a WFI.
bool wake_pending(const Hart& hart);
// The earliest deadline after now of a timer whose interrupt is enabled in mie, in ticks of 10 MHz; ~0: none.
u64 next_timer_ticks(const Hart& hart);
// Looks at the timers: raises attention_interrupt for the hart itself if one is pending and deliverable.
void poll_timers(Hart& hart);
// After the hart changed what interrupts depend on: raises attention_interrupt for itself if one is deliverable, timers as last polled.
void raise_if_deliverable(Hart& hart);

// mret and sret. False: illegal here, and nothing has changed.
bool return_from_machine(Hart& hart);
bool return_from_supervisor(Hart& hart);
// May the hart execute WFI (TW) or sfence.vma (TVM) in its present mode? If not they are illegal instructions.
bool may_wait(const Hart& hart);
bool may_fence_vma(const Hart& hart);

// data_table, data_mask, data_regime and fetch_regime from privilege, MPRV, MPP and SUM.
void update_regime(Hart& hart);
// What decides how bytes at a pc decode and execute: bits 0..1 privilege, bit 2 translation on, bit 3 FS on.
u32 code_context(const Hart& hart);
// Forgets every pc -> block pair: after a fence, a satp or PMP write, or when blocks were dropped.
//   jump_generation bits 0..3: code_context(); bits 4..63: how often pairs were forgotten.
// A change of privilege or FS alone keeps the pairs of both contexts: trap entry and return see to that themselves.
void code_context_changed(Hart& hart);

}  // namespace vm
