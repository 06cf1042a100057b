// SPDX-License-Identifier: Apache-2.0
// medeleg and mideleg: which traps S mode takes itself, and in which order.
// Source: RISC-V privileged specification 1.12, section 3.1.8 (delegation), 3.1.9 (mip, mie, priority), 4.1.3 (sip, sie).
#include "check_privilege.h"

#define SUPERVISOR_INTERRUPTS \
  (INTERRUPT_BIT(INTERRUPT_SUPERVISOR_SOFTWARE) | INTERRUPT_BIT(INTERRUPT_SUPERVISOR_TIMER) | INTERRUPT_BIT(INTERRUPT_SUPERVISOR_EXTERNAL))

SNIPPET(call, "ecall");
SNIPPET(undefined, ".word 0xffffffff");
SNIPPET(stop, "ebreak");
SNIPPET(pass, "nop\n nop\n nop\n nop");
SNIPPET(with_interrupts, "csrsi sstatus, 2\n nop\n nop\n nop\n nop\n csrci sstatus, 2\n");

static TrapFrame taken;  // the last trap that S mode took
static unsigned taken_count;
static uint64_t taken_order[4];

// Leaves S mode for the caller of privilege_try(); the S trap stack is set up anew by put_back().
static void leave_for_machine(Hart* self, TrapFrame* frame) {
  (void)self;
  taken = *frame;
  ++taken_count;
  __asm__ volatile("li a7, %0\n ecall" ::"i"(PRIVILEGE_EXIT) : "a7", "memory");
}

static void expect_delegated(const char* what, unsigned mode, const char* snippet, uint64_t wanted) {
  taken_count = 0;
  taken.cause = NO_TRAP;
  trap_in_supervisor = leave_for_machine;
  uint64_t escaped = privilege_try(mode, (uint64_t)snippet, 0, 0);
  trap_install(hart_self());
  check_equal(what, escaped, NO_TRAP);
  check_equal(what, taken.cause, wanted);
  check_equal("scause", csr_read(scause), wanted);
  check_equal("sepc", csr_read(sepc), (uint64_t)snippet);
  check_equal("SPP", (csr_read(sstatus) & STATUS_SPP) != 0, mode == MODE_SUPERVISOR);
  check_equal("SIE in the handler", csr_read(sstatus) & STATUS_SIE, 0);
}

void exception_delegation(Hart* self) {
  (void)self;
  csr_write(medeleg, 1u << CAUSE_ECALL_USER | 1u << CAUSE_ILLEGAL);
  expect_delegated("delegated ecall", MODE_USER, snippet_call, CAUSE_ECALL_USER);
  expect_delegated("delegated illegal instruction", MODE_USER, snippet_undefined, CAUSE_ILLEGAL);
  expect_delegated("delegated illegal instruction", MODE_SUPERVISOR, snippet_undefined, CAUSE_ILLEGAL);
  // Not delegated: breakpoint. Traps in M mode never go down.
  expect_in("ebreak, not delegated", MODE_USER, snippet_stop, CAUSE_BREAKPOINT);
  expect_in("ecall from S mode, not delegated", MODE_SUPERVISOR, snippet_call, CAUSE_ECALL_SUPERVISOR);
  uint64_t cause = PROBE(".word 0xffffffff", , "r"(0));
  check_equal("illegal instruction in M mode", cause, CAUSE_ILLEGAL);
}

// Counts the interrupt, and disables it, since S mode cannot clear STIP and SEIP.
static void note_interrupt(Hart* self, TrapFrame* frame) {
  (void)self;
  taken = *frame;
  if (taken_count < 4) taken_order[taken_count] = frame->cause & 0xff;
  ++taken_count;
  csr_clear(sie, INTERRUPT_BIT(frame->cause & 0xff));
}

static unsigned interrupts_taken(unsigned mode, const char* snippet) {
  taken_count = 0;
  check_equal("cause", privilege_try(mode, (uint64_t)snippet, 0, 0), NO_TRAP);
  return taken_count;
}

void interrupt_delegation(Hart* self) {
  (void)self;
  static const unsigned kinds[] = {INTERRUPT_SUPERVISOR_SOFTWARE, INTERRUPT_SUPERVISOR_TIMER, INTERRUPT_SUPERVISOR_EXTERNAL};
  trap_in_supervisor = note_interrupt;
  csr_write(mideleg, SUPERVISOR_INTERRUPTS);
  check_equal("mideleg", csr_read(mideleg) & SUPERVISOR_INTERRUPTS, SUPERVISOR_INTERRUPTS);
  for (unsigned i = 0; i < 3; ++i) {
    uint64_t bit = INTERRUPT_BIT(kinds[i]);
    csr_clear(sstatus, STATUS_SIE);
    csr_set(mip, bit);
    csr_set(mie, bit);
    // M mode never takes a delegated interrupt, even if it has interrupts enabled.
    csr_set(mstatus, STATUS_MIE);
    csr_clear(mstatus, STATUS_MIE);
    check_equal("S mode, SIE = 0", interrupts_taken(MODE_SUPERVISOR, snippet_pass), 0);
    check_equal("S mode, SIE = 1", interrupts_taken(MODE_SUPERVISOR, snippet_with_interrupts), 1);
    check_equal("scause of the interrupt", taken.cause, CAUSE_INTERRUPT | kinds[i]);
    csr_set(mie, bit);
    check_equal("U mode, SIE = 0", interrupts_taken(MODE_USER, snippet_pass), 1);
    check_equal("sepc of the interrupt", taken.epc, (uint64_t)snippet_pass);
    csr_clear(mip, bit);
    csr_set(mie, bit);
    check_equal("no longer pending", interrupts_taken(MODE_SUPERVISOR, snippet_with_interrupts), 0);
    csr_clear(mie, bit);
  }
}

static unsigned machine_interrupts;
static void on_supervisor_software(Hart* self) {
  (void)self;
  ++machine_interrupts;
  csr_clear(mip, INTERRUPT_BIT(INTERRUPT_SUPERVISOR_SOFTWARE));
}

void interrupt_masks(Hart* self) {
  uint64_t software = INTERRUPT_BIT(INTERRUPT_SUPERVISOR_SOFTWARE);
  // Not delegated: the interrupt goes to M mode, at once if the hart runs below M mode, whatever SIE and MIE say.
  csr_write(mideleg, 0);
  csr_set(mip, software);
  check_equal("sip hides what is not delegated", csr_read(sip) & software, 0);
  csr_set(sie, software);
  check_equal("sie cannot set what is not delegated", csr_read(mie) & software, 0);
  interrupt_enable(self, INTERRUPT_SUPERVISOR_SOFTWARE, on_supervisor_software);
  expect_in("undelegated interrupt below M mode", MODE_SUPERVISOR, snippet_pass, NO_TRAP);
  check_equal("undelegated interrupts taken by M mode", machine_interrupts, 1);
  // Delegated: sip shows it, and S mode can clear SSIP itself.
  csr_write(mideleg, SUPERVISOR_INTERRUPTS);
  csr_set(mip, SUPERVISOR_INTERRUPTS);
  check_equal("sip shows what is delegated", csr_read(sip) & SUPERVISOR_INTERRUPTS, SUPERVISOR_INTERRUPTS);
  csr_write(sip, 0);
  uint64_t left = INTERRUPT_BIT(INTERRUPT_SUPERVISOR_TIMER) | INTERRUPT_BIT(INTERRUPT_SUPERVISOR_EXTERNAL);
  check_equal("sip writes SSIP only", csr_read(sip) & SUPERVISOR_INTERRUPTS, left);
  csr_set(sip, software);
  check_equal("sip sets SSIP", csr_read(mip) & software, software);
  csr_write(mip, 0);
  check_equal("mip writes", csr_read(mip) & SUPERVISOR_INTERRUPTS, 0);
}

void interrupt_priority(Hart* self) {
  (void)self;
  trap_in_supervisor = note_interrupt;
  csr_write(mideleg, SUPERVISOR_INTERRUPTS);
  csr_set(mip, SUPERVISOR_INTERRUPTS);
  csr_set(mie, SUPERVISOR_INTERRUPTS);
  check_equal("three interrupts", interrupts_taken(MODE_SUPERVISOR, snippet_with_interrupts), 3);
  check_equal("first interrupt", taken_order[0], INTERRUPT_SUPERVISOR_EXTERNAL);
  check_equal("second interrupt", taken_order[1], INTERRUPT_SUPERVISOR_SOFTWARE);
  check_equal("third interrupt", taken_order[2], INTERRUPT_SUPERVISOR_TIMER);
}
