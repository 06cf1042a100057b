// SPDX-License-Identifier: Apache-2.0
// From reset to program_main(): per-hart CSRs, then the machine's description on hart 0, then all harts together.
// Source: RISC-V privileged specification 1.12, sections 3.1.6 (mstatus), 3.1.11 (mcounteren), 3.7 (PMP).
#include <stddef.h>

#include "barrier.h"
#include "console.h"
#include "device_tree.h"
#include "hart.h"
#include "pages.h"
#include "parameters.h"
#include "pmp.h"
#include "probe.h"
#include "random.h"
#include "timer.h"
#include "trap.h"

Hart harts[HART_LIMIT];
unsigned hart_count;
static unsigned machine_described;

extern void park(void) __attribute__((noreturn));
void boot_hart(uint64_t id, const void* device_tree) __attribute__((noreturn));

static void set_up_csrs(Hart* self) {
  trap_install(self);
  timer_off(self);
  csr_write(mideleg, 0);
  csr_write(medeleg, 0);
  csr_write(mcounteren, 7);
  csr_write(scounteren, 7);
  csr_clear(mstatus, STATUS_FS | STATUS_MPRV | STATUS_SUM | STATUS_MXR | STATUS_TVM | STATUS_TW | STATUS_TSR);
  csr_set(mstatus, STATUS_FS_INITIAL);
  csr_write(fcsr, 0);
  pmp_allow_everything();
  // menvcfg exists since 1.12; where ADUE exists, ask for A and D bits set by hardware.
  PROBE("csrs 0x30a, %[bits]", , [bits] "r"(MENVCFG_ADUE));
}

void boot_hart(uint64_t id, const void* device_tree) {
  Hart* self = &harts[id];
  __asm__ volatile("mv tp, %0" ::"r"(self));
  self->id = id;
  random_seed(self, id);
  set_up_csrs(self);
  if (id == 0) {
    DeviceTree tree = device_tree_scan(device_tree);
    hart_count = tree.harts;
    parameters_set(tree.bootargs);
    pages_set_limit(tree.memory_end, (uint64_t)device_tree);
    machine_tree = tree;
    __atomic_store_n(&machine_described, 1, __ATOMIC_RELEASE);
  } else {
    while (!__atomic_load_n(&machine_described, __ATOMIC_ACQUIRE)) cpu_pause();
  }
  if (id >= hart_count) park();
  barrier_all();
  program_main(self);
  csr_clear(mstatus, STATUS_MIE);
  csr_write(mie, 0);
  barrier_all();
  if (id == 0) {
    print("DONE\n");
    finish_pass();
  }
  park();
}
