// SPDX-License-Identifier: Apache-2.0
// Runs a user program on the engine, in user mode with bare translation, answering its Exits as an operating system would: the segments'
// permissions are enforced, blocks live in a plain map, an ecall ends the program if it is exit and otherwise returns 0.
//
// A fault of a program with a log is written to the log as its own signal handler would write it (see fault_program.hpp), so that both
// sides leave the same bytes.
#pragma once
#include <string>

#include "tests/isa/program.hpp"

namespace isa_fuzz {

struct Finished {
  std::string failure;   // empty: it exited
  std::vector<u8> data;  // the data segment then
};

// `micro_tlb_entries`: 0 or a power of two.
Finished run_on_engine(const Program& program, u32 micro_tlb_entries);

}  // namespace isa_fuzz
