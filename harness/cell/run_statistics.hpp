// SPDX-License-Identifier: Apache-2.0
// What `interlock run --stats` prints.
#pragma once
#include "vm/machine/machine.hpp"

namespace harness {

// To standard error.
void print_statistics(const vm::MachineReport& report);

}  // namespace harness
