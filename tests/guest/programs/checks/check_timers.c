// SPDX-License-Identifier: Apache-2.0
// Time and its comparators: mtime, mtimecmp, the time CSR, and stimecmp where Sstc is there.
// Parameters: iterations= rounds.
// Source:     RISC-V privileged specification 1.12, section 3.2.1; Sstc extension 1.0.0 (stimecmp, menvcfg.STCE);
//             unprivileged specification, section 10.1 (the harts' time is the same to within a tick).
#include "board.h"
#include "checks/shared/checks.h"
#include "device_tree.h"
#include "privilege.h"
#include "probe.h"
#include "random.h"
#include "timer.h"
#include "trap.h"

#define MTIP INTERRUPT_BIT(INTERRUPT_MACHINE_TIMER)
#define STIP INTERRUPT_BIT(INTERRUPT_SUPERVISOR_TIMER)

static bool machine_pending(void) { return csr_read(mip) & MTIP; }

static void time_goes_on(Hart* self) {
  (void)self;
  uint64_t previous = 0;
  for (uint64_t i = 0; i < parameter("iterations", 500) * 10; ++i) {
    uint64_t before = read_time();
    uint64_t mtime = timer_now();
    uint64_t after = read_time();
    check(previous <= before && before <= mtime + 1 && mtime <= after + 1, "time", "csr 0x%lx, mtime 0x%lx, csr 0x%lx", before, mtime,
          after);
    previous = after;
  }
}

static void compare(Hart* self) {
  for (uint64_t i = 0; i < parameter("iterations", 500); ++i) {
    timer_off(self);
    spin_until(!machine_pending());
    uint64_t when = timer_now() + 50 + random_below(self, 200);
    timer_set(self, when);
    bool seen = machine_pending();
    check(!seen || timer_now() >= when, "mtimecmp", "pending before its time");
    spin_until(machine_pending());
    check(timer_now() >= when, "mtimecmp", "pending before its time");
    // Pending is a level: it stays until the comparator moves into the future, and mip.MTIP cannot be written.
    csr_clear(mip, MTIP);
    check(machine_pending(), "mtip", "was cleared by a write to mip");
    timer_set(self, when - 1);
    spin_until(machine_pending());
  }
  timer_off(self);
  spin_until(!machine_pending());
}

// The two halves of mtimecmp can be written apart, as a 32-bit driver does.
static void halves(Hart* self) {
  uint64_t low = ACLINT_MTIMECMP(self->id), high = low + 4;
  write_32(high, 0x7fffffff);
  write_32(low, 0x12345678);
  check_equal("mtimecmp in halves", read_64(low), 0x7fffffff12345678ull);
  write_32(high, 0);
  write_32(low, 0);
  spin_until(machine_pending());
  write_32(high, ~0u);
  spin_until(!machine_pending());
  check_equal("upper half of mtimecmp", read_32(high), ~0u);
  uint64_t whole = timer_now();
  uint64_t upper = read_32(ACLINT_MTIME + 4);
  check(upper >= whole >> 32 && upper <= (whole >> 32) + 1, "mtime", "upper half 0x%lx, whole 0x%lx", upper, whole);
  timer_off(self);
}

static uint64_t message __attribute__((aligned(64)));

// A time that travels with a message is never in the receiver's future.
static void harts_agree(Hart* self) {
  uint64_t rounds = parameter("iterations", 500);
  for (uint64_t i = 0; i < rounds; ++i) {
    if (i % hart_count == self->id) {
      // time_before_message: the reading of the clock comes first; fence so that it is not late.
      uint64_t now = read_time();
      fence_io();
      __atomic_store_n(&message, now | 1ull << 63, __ATOMIC_RELEASE);
    } else {
      uint64_t sent;
      spin_until((sent = __atomic_load_n(&message, __ATOMIC_ACQUIRE)) >> 63);
      fence_io();
      uint64_t now = read_time();
      check(now + 1 >= (sent & ~(1ull << 63)), "time", "hart %lu is 0x%lx, a message came from 0x%lx", self->id, now, sent);
    }
    barrier_all();
    if (self->id == 0) message = 0;
    barrier_all();
  }
}

static uint64_t supervisor_ticks;

static void on_supervisor_timer(Hart* self, TrapFrame* frame) {
  (void)self;
  check_equal("scause of stimecmp", frame->cause, CAUSE_INTERRUPT | INTERRUPT_SUPERVISOR_TIMER);
  ++supervisor_ticks;
  csr_write(CSR_STIMECMP, ~0ull);
}

static uint64_t supervisor_timer_body(uint64_t rounds) {
  csr_set(sie, STIP);
  csr_set(sstatus, STATUS_SIE);
  for (uint64_t i = 0; i < rounds; ++i) {
    uint64_t when = read_time() + 50;
    csr_write(CSR_STIMECMP, when);
    spin_until(__atomic_load_n(&supervisor_ticks, __ATOMIC_RELAXED) == i + 1);
    check(read_time() >= when, "stimecmp", "came before its time");
  }
  csr_clear(sstatus, STATUS_SIE);
  return 0;
}

static void supervisor_timer(Hart* self) {
  (void)self;
  if (!machine_tree.has_sstc) {
    print("NOTE no Sstc in riscv,isa: stimecmp is not checked\n");
    return;
  }
  csr_clear(CSR_MENVCFG, MENVCFG_STCE);
  uint64_t value = 0;
  csr_write(satp, 0);
  csr_set(CSR_MENVCFG, MENVCFG_STCE);
  check(csr_read(CSR_MENVCFG) & MENVCFG_STCE, "menvcfg.STCE", "cannot be set although the device tree names sstc");
  csr_write(CSR_STIMECMP, ~0ull);
  spin_until(!(csr_read(mip) & STIP));
  csr_write(CSR_STIMECMP, 0);
  spin_until(csr_read(mip) & STIP);
  csr_clear(mip, STIP);
  check(csr_read(mip) & STIP, "mip.STIP", "was cleared by a write although stimecmp drives it");
  csr_write(CSR_STIMECMP, ~0ull);
  csr_write(mideleg, STIP);
  trap_in_supervisor = on_supervisor_timer;
  privilege_call(MODE_SUPERVISOR, supervisor_timer_body, parameter("iterations", 500));
  // Without STCE the CSR is M mode's only.
  csr_clear(CSR_MENVCFG, MENVCFG_STCE);
  extern char snippet_read_stimecmp[];
  uint64_t cause = privilege_try(MODE_SUPERVISOR, (uint64_t)snippet_read_stimecmp, 0, &value);
  check_equal("stimecmp with STCE = 0", cause, CAUSE_ILLEGAL);
}
SNIPPET(read_stimecmp, "csrr a0, 0x14d");

// Supervisor software interrupts by register, where the board has the device.
static void supervisor_software_device(Hart* self) {
  if (machine_tree.supervisor_swi == 0) {
    print("NOTE no SSWI device: it is not checked\n");
    return;
  }
  uint64_t ssip = INTERRUPT_BIT(INTERRUPT_SUPERVISOR_SOFTWARE);
  csr_clear(mip, ssip);
  write_32(machine_tree.supervisor_swi + 4 * self->id, 1);
  spin_until(csr_read(mip) & ssip);
  check_equal("SETSSIP reads as zero", read_32(machine_tree.supervisor_swi + 4 * self->id), 0);
  csr_clear(mip, ssip);
  check_equal("SSIP stays clear", csr_read(mip) & ssip, 0);
}

static const Check checks[] = {{"time_goes_on", time_goes_on, 0},
                               {"compare", compare, 0},
                               {"halves", halves, 1},
                               {"harts_agree", harts_agree, 0},
                               {"supervisor_timer", supervisor_timer, 1},
                               {"supervisor_software_device", supervisor_software_device, 1}};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
