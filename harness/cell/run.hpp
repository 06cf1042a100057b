// SPDX-License-Identifier: Apache-2.0
// The verb `run` of interlock-cell: a machine on this terminal.
#pragma once

namespace harness {

// Arguments as of `interlock run`. Returns the process's exit status.
int run_on_terminal(int argc, char** argv);

}  // namespace harness
