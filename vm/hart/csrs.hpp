// SPDX-License-Identifier: Apache-2.0
// The plain state behind the CSRs. Reads and writes with their legality and side effects: vm/hart/csr.hpp.
// Invariant: every field holds a value that its CSR may hold (WARL is applied on the way in).
// Source: RISC-V Privileged 1.12, chapters 3 and 4; Sstc 1.0.
#pragma once
#include <array>

#include "vm/platform/types.hpp"

namespace vm {

enum class Privilege : u8 { user = 0, supervisor = 1, machine = 3 };

// mstatus and sstatus fields, at their places.
namespace mstatus {
inline constexpr u64 sie = 1 << 1;
inline constexpr u64 mie = 1 << 3;
inline constexpr u64 spie = 1 << 5;
inline constexpr u64 mpie = 1 << 7;
inline constexpr u64 spp = 1 << 8;
inline constexpr unsigned mpp_shift = 11;
inline constexpr u64 mpp = u64{3} << mpp_shift;
inline constexpr u64 fs = u64{3} << 13;
inline constexpr u64 mprv = 1 << 17;
inline constexpr u64 sum = 1 << 18;
inline constexpr u64 mxr = 1 << 19;
inline constexpr u64 tvm = 1 << 20;
inline constexpr u64 tw = 1 << 21;
inline constexpr u64 tsr = 1 << 22;
inline constexpr u64 uxl_64 = u64{2} << 32;
inline constexpr u64 sxl_64 = u64{2} << 34;
inline constexpr u64 sd = u64{1} << 63;
}  // namespace mstatus

// mip, mie and mideleg bits.
namespace interrupt {
inline constexpr u64 ssip = 1 << 1;
inline constexpr u64 msip = 1 << 3;
inline constexpr u64 stip = 1 << 5;
inline constexpr u64 mtip = 1 << 7;
inline constexpr u64 seip = 1 << 9;
inline constexpr u64 meip = 1 << 11;
inline constexpr u64 supervisor = ssip | stip | seip;
inline constexpr u64 machine = msip | mtip | meip;
}  // namespace interrupt

inline constexpr u64 menvcfg_stce = u64{1} << 63;

// A PMP region as its registers say, in bytes. `last` is included, so that the whole address space can be one region.
struct PmpRegion {
  bool on = false;
  u64 first = 0;
  u64 last = 0;
};
inline constexpr unsigned pmp_regions = 16;

struct Csrs {
  Privilege privilege = Privilege::machine;

  u64 mstatus = mstatus::uxl_64 | mstatus::sxl_64;  // without SD, which follows from FS
  u64 medeleg = 0;
  u64 mideleg = 0;
  u64 mie = 0;
  u64 mip_software = 0;   // STIP and the software SEIP bit; SSIP is a latch in Signals::lines
  u64 timer_pending = 0;  // MTIP and STIP when they were last computed, see poll_timers()
  u64 mtvec = 0;
  u64 mepc = 0;
  u64 mcause = 0;
  u64 mtval = 0;
  u64 mscratch = 0;
  u64 menvcfg = 0;
  u32 mcounteren = 0;
  u32 mcountinhibit = 0;

  // A counter reads as base + retired, or as base alone while mcountinhibit stops it.
  u64 mcycle_base = 0;
  u64 minstret_base = 0;

  u64 stvec = 0;
  u64 sepc = 0;
  u64 scause = 0;
  u64 stval = 0;
  u64 sscratch = 0;
  u64 satp = 0;
  u64 senvcfg = 0;
  u64 stimecmp = ~u64{0};  // ticks of 10 MHz
  u32 scounteren = 0;

  u8 frm = 0;     // 3 bits
  u8 fflags = 0;  // 5 bits: NX 1, UF 2, OF 4, DZ 8, NV 16

  std::array<u8, pmp_regions> pmp_config{};
  std::array<u64, pmp_regions> pmp_address{};  // bits 2..55 of the address
  // What the two above come to; kept by pmp_changed().
  std::array<PmpRegion, pmp_regions> pmp{};
  u8 pmp_used = 0;  // one more than the number of the last region that is on

  bool fs_off() const { return (mstatus & mstatus::fs) == 0; }
  void set_fs_dirty() { mstatus |= mstatus::fs; }
  bool sum() const { return (mstatus & mstatus::sum) != 0; }
  bool mxr() const { return (mstatus & mstatus::mxr) != 0; }
  bool translation_on() const { return privilege != Privilege::machine && (satp >> 60) != 0; }
  Privilege previous_privilege() const { return static_cast<Privilege>((mstatus & mstatus::mpp) >> mstatus::mpp_shift); }
  // What loads and stores run as: MPRV lets machine mode use the previous privilege.
  Privilege data_privilege() const { return (mstatus & mstatus::mprv) != 0 ? previous_privilege() : privilege; }
};

}  // namespace vm
