// SPDX-License-Identifier: Apache-2.0
// The few facts that a guest program wants from the flattened device tree.
#ifndef GUEST_DEVICE_TREE_H
#define GUEST_DEVICE_TREE_H

#include <stdbool.h>
#include <stdint.h>

enum { BOOTARGS_BYTES = 512 };

typedef struct {
  unsigned harts;           // nodes /cpus/cpu@*
  uint64_t memory_end;      // first address behind /memory's first range
  uint64_t supervisor_swi;  // registers of the ACLINT's SSWI device, or 0
  bool has_sstc;            // "sstc" in the first cpu's riscv,isa
  char bootargs[BOOTARGS_BYTES];
} DeviceTree;

// Set before program_main() and constant from then on.
extern DeviceTree machine_tree;

// Fails (the program) if `blob` is not a flattened device tree.
DeviceTree device_tree_scan(const void* blob);

#endif
