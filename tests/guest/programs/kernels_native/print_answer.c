// SPDX-License-Identifier: Apache-2.0
// For the build machine: what one pass of the kernel returns, and whether a second pass over used memory agrees.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../kernels/shared/kernel.h"

int main(void) {
  void* memory = calloc(1, kernel.bytes + 1);
  uint64_t first = kernel.pass(memory);
  uint64_t second = kernel.pass(memory);
  printf("%s 0x%016" PRIx64 " stored 0x%016" PRIx64 "%s\n", kernel.name, first, kernel.answer,
         first == second && first == kernel.answer ? "" : " MISMATCH");
  return first == second && first == kernel.answer ? 0 : 1;
}
