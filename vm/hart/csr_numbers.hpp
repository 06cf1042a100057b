// SPDX-License-Identifier: Apache-2.0
// CSR addresses. Bits 11..10 are 3 for a read-only CSR; bits 9..8 are the lowest privilege that may use it.
// Source: RISC-V Privileged 1.12, tables 2.2 to 2.6; Sstc 1.0; Debug 0.13.2, table 5.2.
#pragma once
#include "vm/platform/types.hpp"

namespace vm {

enum CsrNumber : u16 {
  csr_fflags = 0x001,
  csr_frm = 0x002,
  csr_fcsr = 0x003,

  csr_cycle = 0xc00,
  csr_time = 0xc01,
  csr_instret = 0xc02,
  csr_hpmcounter3 = 0xc03,
  csr_hpmcounter31 = 0xc1f,

  csr_sstatus = 0x100,
  csr_sie = 0x104,
  csr_stvec = 0x105,
  csr_scounteren = 0x106,
  csr_senvcfg = 0x10a,
  csr_sscratch = 0x140,
  csr_sepc = 0x141,
  csr_scause = 0x142,
  csr_stval = 0x143,
  csr_sip = 0x144,
  csr_stimecmp = 0x14d,
  csr_satp = 0x180,

  csr_mstatus = 0x300,
  csr_misa = 0x301,
  csr_medeleg = 0x302,
  csr_mideleg = 0x303,
  csr_mie = 0x304,
  csr_mtvec = 0x305,
  csr_mcounteren = 0x306,
  csr_menvcfg = 0x30a,
  csr_mcountinhibit = 0x320,
  csr_mhpmevent3 = 0x323,
  csr_mhpmevent31 = 0x33f,
  csr_mscratch = 0x340,
  csr_mepc = 0x341,
  csr_mcause = 0x342,
  csr_mtval = 0x343,
  csr_mip = 0x344,
  csr_pmpcfg0 = 0x3a0,
  csr_pmpcfg2 = 0x3a2,
  csr_pmpaddr0 = 0x3b0,
  csr_pmpaddr15 = 0x3bf,
  csr_tselect = 0x7a0,
  csr_tdata1 = 0x7a1,
  csr_tdata3 = 0x7a3,
  csr_tinfo = 0x7a4,
  csr_mcycle = 0xb00,
  csr_minstret = 0xb02,
  csr_mhpmcounter3 = 0xb03,
  csr_mhpmcounter31 = 0xb1f,
  csr_mvendorid = 0xf11,
  csr_marchid = 0xf12,
  csr_mimpid = 0xf13,
  csr_mhartid = 0xf14,
  csr_mconfigptr = 0xf15,
};

}  // namespace vm
