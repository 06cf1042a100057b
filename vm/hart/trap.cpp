// SPDX-License-Identifier: Apache-2.0
#include "vm/hart/trap.hpp"

namespace vm {

namespace {

constexpr u64 interrupt_bit = u64{1} << 63;

u64 handler(u64 vector, u64 code, bool is_interrupt) {
  const u64 base = vector & ~u64{3};
  return is_interrupt && (vector & 1) != 0 ? base + 4 * code : base;
}

// The privilege has changed, and the hart goes on at another pc.
void redirect(Hart& hart, u64 pc) {
  hart.pc = pc;
  hart.resume_block = nullptr;
  hart.resume_op = nullptr;
  hart.link_from = nullptr;
  hart.slots.drop();
  update_regime(hart);
}

void enter(Hart& hart, u64 code, bool is_interrupt, u64 tval) {
  Csrs& csr = hart.csr;
  const u64 delegated = is_interrupt ? csr.mideleg : csr.medeleg;
  const u64 cause = is_interrupt ? interrupt_bit | code : code;
  const u64 from = static_cast<u64>(csr.privilege);
  u64& status = csr.mstatus;
  if (csr.privilege != Privilege::machine && ((delegated >> code) & 1) != 0) {
    csr.scause = cause;
    csr.sepc = hart.pc;
    csr.stval = tval;
    const u64 pie = (status & mstatus::sie) != 0 ? mstatus::spie : 0;
    const u64 pp = from != 0 ? mstatus::spp : 0;
    status = (status & ~(mstatus::sie | mstatus::spie | mstatus::spp)) | pie | pp;
    csr.privilege = Privilege::supervisor;
    redirect(hart, handler(csr.stvec, code, is_interrupt));
  } else {
    csr.mcause = cause;
    csr.mepc = hart.pc;
    csr.mtval = tval;
    const u64 pie = (status & mstatus::mie) != 0 ? mstatus::mpie : 0;
    status = (status & ~(mstatus::mie | mstatus::mpie | mstatus::mpp)) | pie | (from << mstatus::mpp_shift);
    csr.privilege = Privilege::machine;
    redirect(hart, handler(csr.mtvec, code, is_interrupt));
  }
}

}  // namespace

void take_trap(Hart& hart, Cause cause, u64 tval) {
  ++hart.counts.traps;
  enter(hart, static_cast<u64>(cause), false, tval);
}

bool take_pending_interrupt(Hart& hart) {
  if (deliverable_bits(hart, ~u64{0}) == 0) return false;  // closed: the clock need not be read
  const u64 pending = pending_bits(hart);
  hart.csr.timer_pending = pending & (interrupt::mtip | (hart.csr.menvcfg & menvcfg_stce ? interrupt::stip : 0));
  const u64 ready = deliverable_bits(hart, pending);
  if (ready == 0) return false;
  // The order of section 3.1.9.
  for (const u64 code : {11, 3, 7, 9, 1, 5}) {
    if (((ready >> code) & 1) == 0) continue;
    enter(hart, code, true, 0);
    return true;
  }
  return false;
}

bool return_from_machine(Hart& hart) {
  Csrs& csr = hart.csr;
  if (csr.privilege != Privilege::machine) return false;
  u64& status = csr.mstatus;
  csr.privilege = csr.previous_privilege();
  const u64 ie = (status & mstatus::mpie) != 0 ? mstatus::mie : 0;
  status = (status & ~(mstatus::mie | mstatus::mpp)) | ie | mstatus::mpie;
  if (csr.privilege != Privilege::machine) status &= ~mstatus::mprv;
  redirect(hart, csr.mepc);
  raise_if_deliverable(hart);
  return true;
}

bool return_from_supervisor(Hart& hart) {
  Csrs& csr = hart.csr;
  u64& status = csr.mstatus;
  if (csr.privilege == Privilege::user || (csr.privilege == Privilege::supervisor && (status & mstatus::tsr) != 0)) return false;
  csr.privilege = (status & mstatus::spp) != 0 ? Privilege::supervisor : Privilege::user;
  const u64 ie = (status & mstatus::spie) != 0 ? mstatus::sie : 0;
  status = (status & ~(mstatus::sie | mstatus::spp | mstatus::mprv)) | ie | mstatus::spie;
  redirect(hart, csr.sepc);
  raise_if_deliverable(hart);
  return true;
}

bool may_wait(const Hart& hart) {
  if (hart.csr.privilege == Privilege::machine) return true;
  return hart.csr.privilege == Privilege::supervisor && (hart.csr.mstatus & mstatus::tw) == 0;
}

bool may_fence_vma(const Hart& hart) {
  if (hart.csr.privilege == Privilege::machine) return true;
  return hart.csr.privilege == Privilege::supervisor && (hart.csr.mstatus & mstatus::tvm) == 0;
}

u32 code_context(const Hart& hart) {
  return static_cast<u32>(hart.csr.privilege) | (hart.csr.translation_on() ? 4u : 0u) | (hart.csr.fs_off() ? 0u : 8u);
}

void update_regime(Hart& hart) {
  const auto regime_of = [&](Privilege privilege, bool sum) {
    switch (privilege) {
      case Privilege::user: return Regime::user;
      case Privilege::supervisor: return sum ? Regime::supervisor_sum : Regime::supervisor;
      case Privilege::machine: break;
    }
    return Regime::machine;
  };
  hart.fetch_regime = regime_of(hart.csr.privilege, false);
  hart.data_regime = regime_of(hart.csr.data_privilege(), hart.csr.sum());
  hart.data_table = hart.micro_tlb.data(hart.data_regime);
  hart.data_mask = hart.micro_tlb.index_mask();
  hart.jump_generation = (hart.jump_generation & ~u64{15}) | code_context(hart);
}

void code_context_changed(Hart& hart) { hart.jump_generation = (((hart.jump_generation >> 4) + 1) << 4) | code_context(hart); }

}  // namespace vm
