// SPDX-License-Identifier: Apache-2.0
// interlock-cell: the process of one variant. `interlock` starts it; it can be run by hand.
#include <cstring>

#include "harness/cell/run.hpp"

int main(int argc, char** argv) {
  if (argc >= 2 && std::strcmp(argv[1], "run") == 0) return harness::run_on_terminal(argc - 1, argv + 1);
  return 2;
}
