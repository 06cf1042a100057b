// SPDX-License-Identifier: Apache-2.0
#include "vm/hart/csr.hpp"

#include "vm/hart/csr_groups.hpp"

namespace vm {

namespace {

constexpr u32 counter_time = 1 << 1;  // the TM bit of mcounteren

bool legal(const Hart& hart, u16 number, bool writes) {
  const Csrs& csr = hart.csr;
  const unsigned lowest = (number >> 8) & 3;
  const bool read_only = (number >> 10) == 3;
  if (static_cast<unsigned>(csr.privilege) < lowest || (writes && read_only)) return false;
  switch (number) {
    case csr_fflags:
    case csr_frm:
    case csr_fcsr: return !csr.fs_off();
    case csr_satp: return csr.privilege == Privilege::machine || (csr.mstatus & mstatus::tvm) == 0;
    case csr_stimecmp:
      return csr.privilege == Privilege::machine || ((csr.menvcfg & menvcfg_stce) != 0 && (csr.mcounteren & counter_time) != 0);
    default: return number < csr_cycle || number > csr_hpmcounter31 || counter_enabled(hart, number);
  }
}

bool read_floating_csr(const Csrs& csr, u16 number, u64& value) {
  switch (number) {
    case csr_fflags: value = csr.fflags; return true;
    case csr_frm: value = csr.frm; return true;
    case csr_fcsr: value = static_cast<u64>(csr.frm) << 5 | csr.fflags; return true;
    default: return false;
  }
}

bool write_floating_csr(Csrs& csr, u16 number, u64 value) {
  switch (number) {
    case csr_fflags: csr.fflags = value & 31; break;
    case csr_frm: csr.frm = value & 7; break;
    case csr_fcsr:
      csr.fflags = value & 31;
      csr.frm = (value >> 5) & 7;
      break;
    default: return false;
  }
  csr.set_fs_dirty();
  return true;
}

bool read_register(Hart& hart, u16 number, u64& value) {
  return read_floating_csr(hart.csr, number, value) || read_supervisor_csr(hart, number, value) || read_counter_csr(hart, number, value) ||
         read_machine_csr(hart, number, value);
}

bool write_register(Hart& hart, u16 number, u64 value) {
  return write_floating_csr(hart.csr, number, value) || write_supervisor_csr(hart, number, value) ||
         write_counter_csr(hart, number, value) || write_machine_csr(hart, number, value);
}

// csrrs, csrrc, and csrrw, which sets its ones and clears its zeros. Bits of mip that others may change meanwhile are changed in place.
bool modify(Hart& hart, u16 number, u64 set, u64 clear, u64& before) {
  u64 value = 0;
  if (!legal(hart, number, true) || !read_register(hart, number, value)) return false;
  if (number == csr_mip || number == csr_sip) {
    const u64 writable = writable_pending(hart, number);
    write_pending(hart, set & writable, clear & writable, value);
  } else if (!write_register(hart, number, (value | set) & ~clear)) {
    return false;
  }
  before = value;
  return true;
}

}  // namespace

bool csr_read(Hart& hart, u16 number, u64& value) { return legal(hart, number, false) && read_register(hart, number, value); }

bool csr_write(Hart& hart, u16 number, u64 value) { return legal(hart, number, true) && write_register(hart, number, value); }

bool csr_set(Hart& hart, u16 number, u64 mask, u64& before) { return modify(hart, number, mask, 0, before); }

bool csr_clear(Hart& hart, u16 number, u64 mask, u64& before) { return modify(hart, number, 0, mask, before); }

bool csr_swap(Hart& hart, u16 number, u64 value, u64& before) { return modify(hart, number, value, ~value, before); }

}  // namespace vm
