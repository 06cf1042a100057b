// SPDX-License-Identifier: Apache-2.0
// sstatus, sie and sip are views of mstatus, mie and mip.
#include "vm/hart/csr_groups.hpp"
#include "vm/hart/trap.hpp"

namespace vm {

namespace {

constexpr u64 sstatus_writable = mstatus::sie | mstatus::spie | mstatus::spp | mstatus::fs | mstatus::sum | mstatus::mxr;
constexpr u64 sstatus_fields = sstatus_writable | mstatus::uxl_64 | mstatus::sd;
constexpr u64 senvcfg_writable = 1;  // FIOM

bool has_mode(u64 satp) {
  const u64 mode = satp >> 60;
  return mode == 0 || (mode >= 8 && mode <= 10);  // Bare, Sv39, Sv48, Sv57
}

void write_satp(Hart& hart, u64 value) {
  if (!has_mode(value) || value == hart.csr.satp) return;
  hart.csr.satp = value;
  hart.micro_tlb.flush_translated();  // the manual asks for no flush, but the micro-TLB holds no ASID
  hart.slots.drop();
  update_regime(hart);
  code_context_changed(hart);
}

}  // namespace

bool read_supervisor_csr(Hart& hart, u16 number, u64& value) {
  const Csrs& csr = hart.csr;
  switch (number) {
    case csr_sstatus: value = status_with_sd(csr) & sstatus_fields; return true;
    case csr_sie: value = csr.mie & csr.mideleg; return true;
    case csr_stvec: value = csr.stvec; return true;
    case csr_scounteren: value = csr.scounteren; return true;
    case csr_senvcfg: value = csr.senvcfg; return true;
    case csr_sscratch: value = csr.sscratch; return true;
    case csr_sepc: value = csr.sepc; return true;
    case csr_scause: value = csr.scause; return true;
    case csr_stval: value = csr.stval; return true;
    case csr_sip: value = observe_pending_bits(hart) & csr.mideleg; return true;
    case csr_stimecmp: value = csr.stimecmp; return true;
    case csr_satp: value = csr.satp; return true;
    default: return false;
  }
}

bool write_supervisor_csr(Hart& hart, u16 number, u64 value) {
  Csrs& csr = hart.csr;
  switch (number) {
    case csr_sstatus: write_status(hart, value, sstatus_writable); return true;
    case csr_sie:
      csr.mie = (csr.mie & ~csr.mideleg) | (value & csr.mideleg);
      raise_if_deliverable(hart);
      return true;
    case csr_stvec: write_vector(csr.stvec, value); return true;
    case csr_scounteren: csr.scounteren = static_cast<u32>(value); return true;
    case csr_senvcfg: csr.senvcfg = value & senvcfg_writable; return true;
    case csr_sscratch: csr.sscratch = value; return true;
    case csr_sepc: csr.sepc = value & ~u64{1}; return true;
    case csr_scause: csr.scause = value; return true;
    case csr_stval: csr.stval = value; return true;
    case csr_sip: {
      const u64 writable = writable_pending(hart, csr_sip);
      u64 ignored = 0;
      write_pending(hart, value & writable, ~value & writable, ignored);
      return true;
    }
    case csr_stimecmp:
      csr.stimecmp = value;
      poll_timers(hart);
      return true;
    case csr_satp: write_satp(hart, value); return true;
    default: return false;
  }
}

}  // namespace vm
