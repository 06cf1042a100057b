// SPDX-License-Identifier: Apache-2.0
#include "vm/hart/csr_groups.hpp"
#include "vm/hart/trap.hpp"

namespace vm {

u64 status_with_sd(const Csrs& csr) { return csr.mstatus | ((csr.mstatus & mstatus::fs) == mstatus::fs ? mstatus::sd : 0); }

void write_status(Hart& hart, u64 value, u64 mask) {
  u64& status = hart.csr.mstatus;
  if ((value & mstatus::mpp) == u64{2} << mstatus::mpp_shift) mask &= ~mstatus::mpp;
  const u64 before = status;
  status = (status & ~mask) | (value & mask);
  const u64 changed = before ^ status;
  if ((changed & mstatus::mxr) != 0) hart.micro_tlb.flush_translated();  // entries hold what MXR let them read
  if ((changed & (mstatus::mprv | mstatus::mpp | mstatus::sum | mstatus::mxr)) != 0) hart.slots.drop();
  update_regime(hart);
  raise_if_deliverable(hart);
}

u64 writable_pending(const Hart& hart, u16 number) {
  if (number == csr_sip) return interrupt::ssip & hart.csr.mideleg;
  const bool compared = (hart.csr.menvcfg & menvcfg_stce) != 0;
  return compared ? interrupt::ssip | interrupt::seip : interrupt::supervisor;
}

void write_pending(Hart& hart, u64 set, u64 clear, u64& before) {
  if (((set | clear) & interrupt::ssip) != 0) {
    // clear_sees_sender: acquire: a sender whose SSIP this clears has written its message before. pairs with the release in which the latch
    //   is set (sender_before_line in vm/hart/interrupts.cpp), which setting it here does as well. Without it the handler, which looks for
    //   messages after it cleared the latch, could miss one, and no interrupt would tell.
    const u64 lines = (set & interrupt::ssip) != 0 ? hart.signals.lines.fetch_or(interrupt::ssip, release, "sender_before_line")
                                                   : hart.signals.lines.fetch_and(~interrupt::ssip, acquire, "clear_sees_sender");
    before = (before & ~interrupt::ssip) | (lines & interrupt::ssip);
  }
  constexpr u64 own = interrupt::stip | interrupt::seip;
  hart.csr.mip_software = (hart.csr.mip_software | (set & own)) & ~(clear & own);
  raise_if_deliverable(hart);
}

void write_vector(u64& vector, u64 value) {
  if ((value & 2) == 0) vector = value;
}

}  // namespace vm
