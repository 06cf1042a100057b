// SPDX-License-Identifier: Apache-2.0
// The verbs of interlock-cell that answer in JSON, one object on standard output. Each returns the process's exit status: 0; 1 if the
// answer was wrong (the object has `error`); 2 for wrong usage.
#pragma once

namespace harness {

int describe();
int layer_cell(int argc, char** argv);
int guest_cell(int argc, char** argv);

}  // namespace harness
