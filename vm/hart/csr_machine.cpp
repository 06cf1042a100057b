// SPDX-License-Identifier: Apache-2.0
// There are no triggers: tselect and tdata1 to tdata3 read as zero, which says so (Debug 0.13.2, section 5.2.2).
#include "vm/hart/csr_groups.hpp"
#include "vm/hart/pmp.hpp"
#include "vm/hart/trap.hpp"

namespace vm {

namespace {

constexpr u64 extensions(const char* letters) {
  u64 bits = 0;
  for (; *letters != 0; ++letters) bits |= u64{1} << (*letters - 'A');
  return bits;
}
constexpr u64 misa = u64{2} << 62 | extensions("IMAFDCSU");

constexpr u64 mstatus_writable = mstatus::sie | mstatus::mie | mstatus::spie | mstatus::mpie | mstatus::spp | mstatus::mpp | mstatus::fs |
                                 mstatus::mprv | mstatus::sum | mstatus::mxr | mstatus::tvm | mstatus::tw | mstatus::tsr;
constexpr u64 medeleg_writable = 0xb3ff;            // every standard cause but the environment call from machine mode
constexpr u64 menvcfg_writable = menvcfg_stce | 1;  // FIOM; A and D are always updated by hardware, so ADUE has nothing to switch
constexpr u64 tinfo_no_trigger = 1;

bool is_pmp_address(u16 number) { return number >= csr_pmpaddr0 && number <= csr_pmpaddr15; }

}  // namespace

bool read_machine_csr(Hart& hart, u16 number, u64& value) {
  const Csrs& csr = hart.csr;
  switch (number) {
    case csr_mstatus: value = status_with_sd(csr); return true;
    case csr_misa: value = misa; return true;
    case csr_medeleg: value = csr.medeleg; return true;
    case csr_mideleg: value = csr.mideleg; return true;
    case csr_mie: value = csr.mie; return true;
    case csr_mtvec: value = csr.mtvec; return true;
    case csr_mcounteren: value = csr.mcounteren; return true;
    case csr_menvcfg: value = csr.menvcfg; return true;
    case csr_mscratch: value = csr.mscratch; return true;
    case csr_mepc: value = csr.mepc; return true;
    case csr_mcause: value = csr.mcause; return true;
    case csr_mtval: value = csr.mtval; return true;
    case csr_mip: value = observe_pending_bits(hart); return true;
    case csr_pmpcfg0:
    case csr_pmpcfg2: value = pmp_config_read(hart, number - csr_pmpcfg0); return true;
    case csr_mhartid: value = hart.id.value; return true;
    case csr_mvendorid:
    case csr_marchid:
    case csr_mimpid:
    case csr_mconfigptr:
    case csr_tselect:
    case csr_tdata1:
    case csr_tdata1 + 1:
    case csr_tdata3: value = 0; return true;
    case csr_tinfo: value = tinfo_no_trigger; return true;
    default: break;
  }
  if (!is_pmp_address(number)) return false;
  value = csr.pmp_address[number - csr_pmpaddr0];
  return true;
}

bool write_machine_csr(Hart& hart, u16 number, u64 value) {
  Csrs& csr = hart.csr;
  switch (number) {
    case csr_mstatus: write_status(hart, value, mstatus_writable); return true;
    case csr_medeleg: csr.medeleg = value & medeleg_writable; return true;
    case csr_mideleg:
      csr.mideleg = value & interrupt::supervisor;
      raise_if_deliverable(hart);
      return true;
    case csr_mie:
      csr.mie = value & (interrupt::supervisor | interrupt::machine);
      raise_if_deliverable(hart);
      return true;
    case csr_mtvec: write_vector(csr.mtvec, value); return true;
    case csr_mcounteren: csr.mcounteren = static_cast<u32>(value); return true;
    case csr_menvcfg:
      csr.menvcfg = value & menvcfg_writable;
      poll_timers(hart);
      return true;
    case csr_mscratch: csr.mscratch = value; return true;
    case csr_mepc: csr.mepc = value & ~u64{1}; return true;
    case csr_mcause: csr.mcause = value; return true;
    case csr_mtval: csr.mtval = value; return true;
    case csr_mip: {
      const u64 writable = writable_pending(hart, csr_mip);
      u64 ignored = 0;
      write_pending(hart, value & writable, ~value & writable, ignored);
      return true;
    }
    case csr_pmpcfg0:
    case csr_pmpcfg2: pmp_config_write(hart, number - csr_pmpcfg0, value); return true;
    case csr_misa:
    case csr_tselect:
    case csr_tdata1:
    case csr_tdata1 + 1:
    case csr_tdata3:
    case csr_tinfo: return true;  // what they hold cannot be changed
    default: break;
  }
  if (!is_pmp_address(number)) return false;
  pmp_address_write(hart, number - csr_pmpaddr0, value);
  return true;
}

}  // namespace vm
