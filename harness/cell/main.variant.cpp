// SPDX-License-Identifier: Apache-2.0
// interlock-cell: the process of one variant. `interlock` starts it; it can be run by hand.
//   describe   what the layers are, as JSON
//   layer      one layer workload, as JSON
//   guest      one bare-metal program on a machine, as JSON
//   run        a machine on this terminal
#include <sys/prctl.h>

#include <csignal>
#include <cstdio>
#include <cstring>

#include "harness/cell/run.hpp"
#include "harness/cell/verbs.hpp"

int main(int argc, char** argv) {
  if (argc >= 2) {
    if (std::strcmp(argv[1], "run") == 0) return harness::run_on_terminal(argc - 1, argv + 1);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a cell does not outlive a sweep that was killed
    if (std::strcmp(argv[1], "describe") == 0) return harness::describe();
    if (std::strcmp(argv[1], "layer") == 0) return harness::layer_cell(argc - 1, argv + 1);
    if (std::strcmp(argv[1], "guest") == 0) return harness::guest_cell(argc - 1, argv + 1);
  }
  std::fputs("usage: interlock-cell describe | layer OPTIONS | guest OPTIONS | run OPTIONS (each takes --help)\n", stderr);
  return 2;
}
