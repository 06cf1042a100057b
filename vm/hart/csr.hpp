// SPDX-License-Identifier: Apache-2.0
// Reading and writing CSRs: legality, WARL, and what a write does beside.
//
// Every function returns false for an illegal instruction (no such CSR, privilege, mcounteren/scounteren, TVM, FS off, STCE, a write to
// a read-only CSR), with nothing changed. hart.retired counts the instructions before this one: what is written to mcycle or minstret
// is what the next instruction reads.
// A write does what follows from it: it computes the regime anew, flushes the micro-TLB (satp, PMP, MXR), drops the transient slots, calls
// code_context_changed(), and raises attention_interrupt for the hart itself if an interrupt has become deliverable. After it the engine
// goes on at another block, and looks at Signals::attention.
//
// csrrs and csrrc use csr_set and csr_clear: SEIP and SSIP are also changed by other threads, so reading them, modifying the value
// and writing it back would lose an interrupt, or would latch the external level of SEIP.
// Threads: the hart's own. Source: RISC-V Privileged 1.12, chapters 2, 3 and 4; Zicsr 2.0.
#pragma once
#include "vm/hart/hart.hpp"

namespace vm {

bool csr_read(Hart& hart, u16 number, u64& value);
bool csr_write(Hart& hart, u16 number, u64 value);
// Sets or clears the bits of `mask`, and gives the value before. With rs1 = x0 (or a zero immediate) it is csr_read that is meant.
bool csr_set(Hart& hart, u16 number, u64 mask, u64& before);
bool csr_clear(Hart& hart, u16 number, u64 mask, u64& before);
// csrrw with a destination: both at once, or neither.
bool csr_swap(Hart& hart, u16 number, u64 value, u64& before);

}  // namespace vm
