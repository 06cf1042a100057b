// SPDX-License-Identifier: Apache-2.0
// What is pending, and what of it can be delivered (declared in vm/hart/trap.hpp).
// The clock costs some 20 ns a reading, so a timer that nobody armed is not compared, and raise_if_deliverable() goes by the timer bits
// of the last poll: a timer may be seen late by one polling interval, which the manual allows; it is never taken without being exact.
// Source: RISC-V Privileged 1.12, section 3.1.9; Sstc 1.0.
#include <algorithm>

#include "vm/hart/clock.hpp"
#include "vm/hart/trap.hpp"

namespace vm {

namespace {

constexpr u64 never = ~u64{0};

bool sstc_on(const Hart& hart) { return (hart.csr.menvcfg & menvcfg_stce) != 0; }

// mtimecmp is relaxed here and below: the value says all; its writer raises attention_interrupt after it.
u64 machine_deadline(const Hart& hart) { return hart.signals.mtimecmp.load(relaxed); }
u64 supervisor_deadline(const Hart& hart) { return sstc_on(hart) ? hart.csr.stimecmp : never; }

u64 timer_bits(const Hart& hart) {
  const u64 machine = machine_deadline(hart);
  const u64 supervisor = supervisor_deadline(hart);
  if (machine == never && supervisor == never) return 0;
  const u64 now = hart.clock.ticks();
  return (now >= machine ? interrupt::mtip : 0) | (now >= supervisor && sstc_on(hart) ? interrupt::stip : 0);
}

// All but the timers that are compared.
u64 steady_bits(const Hart& hart) {
  // sender_before_line: what a sender wrote before it raised the line is seen by the handler. pairs with the release in which the line is
  //   set. Without it the handler of an IPI could find its queue empty.
  const u64 lines = hart.signals.lines.load(acquire, "sender_before_line");
  const u64 software = sstc_on(hart) ? hart.csr.mip_software & ~interrupt::stip : hart.csr.mip_software;
  return lines | software;
}

void raise(Hart& hart) { hart.signals.attention.fetch_or(attention_interrupt, relaxed); }  // by the hart itself: program order is enough

}  // namespace

u64 pending_bits(const Hart& hart) { return steady_bits(hart) | timer_bits(hart); }

u64 deliverable_bits(const Hart& hart, u64 pending) {
  const Csrs& csr = hart.csr;
  const u64 enabled = pending & csr.mie;
  const bool machine_open = csr.privilege != Privilege::machine || (csr.mstatus & mstatus::mie) != 0;
  if (const u64 machine = enabled & ~csr.mideleg; machine != 0 && machine_open) return machine;
  const bool supervisor_open =
      csr.privilege == Privilege::user || (csr.privilege == Privilege::supervisor && (csr.mstatus & mstatus::sie) != 0);
  return supervisor_open ? enabled & csr.mideleg : 0;
}

u64 observe_pending_bits(Hart& hart) {
  const u64 timers = timer_bits(hart);
  hart.csr.timer_pending = timers;
  return steady_bits(hart) | timers;
}

bool interrupt_pending(const Hart& hart) {
  if (deliverable_bits(hart, steady_bits(hart)) != 0) return true;
  // Only now the clock, and only for a timer that would be delivered.
  if (deliverable_bits(hart, interrupt::mtip | interrupt::stip) == 0) return false;
  return deliverable_bits(hart, timer_bits(hart)) != 0;
}

bool wake_pending(const Hart& hart) { return (pending_bits(hart) & hart.csr.mie) != 0; }

u64 next_timer_ticks(const Hart& hart) {
  const u64 now = hart.clock.ticks();
  u64 next = never;
  const auto consider = [&](u64 enable, u64 deadline) {
    if ((hart.csr.mie & enable) != 0 && deadline > now) next = std::min(next, deadline);
  };
  consider(interrupt::mtip, machine_deadline(hart));
  consider(interrupt::stip, supervisor_deadline(hart));
  return next;
}

void poll_timers(Hart& hart) {
  hart.csr.timer_pending = timer_bits(hart);
  if (deliverable_bits(hart, hart.csr.timer_pending) != 0) raise(hart);
}

void raise_if_deliverable(Hart& hart) {
  if (deliverable_bits(hart, steady_bits(hart) | hart.csr.timer_pending) != 0) raise(hart);
}

}  // namespace vm
