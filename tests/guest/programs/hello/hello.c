// SPDX-License-Identifier: Apache-2.0
// The smallest program: each hart in turn says what it is. Shows that boot, the device tree, the UART and syscon work.
#include "barrier.h"
#include "board.h"
#include "console.h"
#include "device_tree.h"
#include "parameters.h"

static unsigned turn;

void program_main(Hart* self) {
  if (self->id == 0) {
    print("HELLO harts=%u memory_end=0x%lx sstc=%d sswi=0x%lx iterations=%lu\n", hart_count, machine_tree.memory_end, machine_tree.has_sstc,
          machine_tree.supervisor_swi, parameter("iterations", 0));
  }
  spin_until(__atomic_load_n(&turn, __ATOMIC_ACQUIRE) == self->id);
  check_equal("mhartid", csr_read(mhartid), self->id);
  print("HELLO hart=%lu misa=0x%lx\n", self->id, csr_read(misa));
  __atomic_store_n(&turn, turn + 1, __ATOMIC_RELEASE);
}
