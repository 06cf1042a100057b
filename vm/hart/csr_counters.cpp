// SPDX-License-Identifier: Apache-2.0
// Cycles are instructions here: one a cycle. The hpm counters and their events exist and read as zero.
#include "vm/hart/clock.hpp"
#include "vm/hart/csr_groups.hpp"

namespace vm {

namespace {

constexpr u32 inhibit_cycle = 1;
constexpr u32 inhibit_instret = 4;

u64 counter(const Hart& hart, u64 base, u32 inhibit) { return (hart.csr.mcountinhibit & inhibit) != 0 ? base : base + hart.retired; }

// A running counter does not count the instruction that writes it: the next one reads the value written.
void set_counter(const Hart& hart, u64& base, u32 inhibit, u64 value) {
  base = (hart.csr.mcountinhibit & inhibit) != 0 ? value : value - (hart.retired + 1);
}

u64 cycles(const Hart& hart) { return counter(hart, hart.csr.mcycle_base, inhibit_cycle); }
u64 instructions(const Hart& hart) { return counter(hart, hart.csr.minstret_base, inhibit_instret); }

// Stopped counters keep their value, and go on from it.
void write_inhibit(Hart& hart, u64 value) {
  const u64 cycle = cycles(hart);
  const u64 instret = instructions(hart);
  const u32 before = hart.csr.mcountinhibit;
  hart.csr.mcountinhibit = static_cast<u32>(value) & (inhibit_cycle | inhibit_instret);
  const u32 changed = before ^ hart.csr.mcountinhibit;
  if ((changed & inhibit_cycle) != 0) set_counter(hart, hart.csr.mcycle_base, inhibit_cycle, cycle);
  if ((changed & inhibit_instret) != 0) set_counter(hart, hart.csr.minstret_base, inhibit_instret, instret);
}

bool reads_as_zero(u16 number) {
  return (number >= csr_mhpmcounter3 && number <= csr_mhpmcounter31) || (number >= csr_mhpmevent3 && number <= csr_mhpmevent31) ||
         (number >= csr_hpmcounter3 && number <= csr_hpmcounter31);
}

}  // namespace

bool counter_enabled(const Hart& hart, u16 number) {
  const u32 bit = u32{1} << (number - csr_cycle);
  switch (hart.csr.privilege) {
    case Privilege::user: return (hart.csr.mcounteren & hart.csr.scounteren & bit) != 0;
    case Privilege::supervisor: return (hart.csr.mcounteren & bit) != 0;
    case Privilege::machine: break;
  }
  return true;
}

bool read_counter_csr(const Hart& hart, u16 number, u64& value) {
  switch (number) {
    case csr_cycle:
    case csr_mcycle: value = cycles(hart); return true;
    case csr_time: value = hart.clock.ticks(); return true;
    case csr_instret:
    case csr_minstret: value = instructions(hart); return true;
    case csr_mcountinhibit: value = hart.csr.mcountinhibit; return true;
    default: break;
  }
  if (!reads_as_zero(number)) return false;
  value = 0;
  return true;
}

bool write_counter_csr(Hart& hart, u16 number, u64 value) {
  switch (number) {
    case csr_mcycle: set_counter(hart, hart.csr.mcycle_base, inhibit_cycle, value); return true;
    case csr_minstret: set_counter(hart, hart.csr.minstret_base, inhibit_instret, value); return true;
    case csr_mcountinhibit: write_inhibit(hart, value); return true;
    default: return reads_as_zero(number);
  }
}

}  // namespace vm
