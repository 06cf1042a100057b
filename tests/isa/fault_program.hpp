// SPDX-License-Identifier: Apache-2.0
// Programs of instructions that fault, or may: cells of 16 bytes, each aligned and left at its end.
//
// The program installs one handler for SIGILL, SIGTRAP, SIGBUS and SIGSEGV. It writes a record to the log and goes on at the next cell;
// if the pc is outside the text (a jump to where nothing can be fetched) at the cell behind x1's.
#pragma once
#include "tests/isa/program.hpp"

namespace isa_fuzz {

inline constexpr u64 cell_bytes = 16;

struct FaultRecord {
  u64 signal;
  u64 address;  // si_addr
  u64 pc;
};

struct FaultBatch {
  Program program;
  u64 cells_address = 0;
  u32 cells = 0;
  u64 log = 0;           // offset in the data
  u64 registers = 0;     // offset in the data: x0..x31, then f0..f31, fcsr
  u64 shared_bytes = 0;  // of the data, before the signal stack: QEMU leaves its frames there, and the engine has none
};

FaultBatch make_fault_batch(u64 seed, u32 cells);

}  // namespace isa_fuzz
