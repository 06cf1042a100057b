// SPDX-License-Identifier: Apache-2.0
// The CSRs by subject. Each pair answers for its own numbers and returns false for others; privilege and the like were checked before
// (vm/hart/csr.cpp). Only vm/hart/csr*.cpp include this.
#pragma once
#include "vm/hart/csr_numbers.hpp"
#include "vm/hart/hart.hpp"

namespace vm {

// csr_machine.cpp: trap setup and handling, identity, PMP, triggers.
bool read_machine_csr(Hart& hart, u16 number, u64& value);
bool write_machine_csr(Hart& hart, u16 number, u64 value);
// csr_supervisor.cpp
bool read_supervisor_csr(Hart& hart, u16 number, u64& value);
bool write_supervisor_csr(Hart& hart, u16 number, u64 value);
// csr_counters.cpp: cycle, time, instret, their machine twins, mcountinhibit, the hpm counters (which are read-only zero).
bool read_counter_csr(const Hart& hart, u16 number, u64& value);
bool write_counter_csr(Hart& hart, u16 number, u64 value);
// May the hart's present privilege read the counter `number` (0xc00 to 0xc1f)? By mcounteren and scounteren.
bool counter_enabled(const Hart& hart, u16 number);

// csr_status.cpp: what mstatus and sstatus, mip and sip share.
u64 status_with_sd(const Csrs& csr);
void write_status(Hart& hart, u64 value, u64 mask);  // MPP keeps its value if the new one is reserved
// Sets and clears bits of mip: SSIP by one read-modify-write of Signals::lines, STIP and SEIP in mip_software. If SSIP is among them, its
// bit in `before` becomes what that read-modify-write found.
void write_pending(Hart& hart, u64 set, u64 clear, u64& before);
u64 writable_pending(const Hart& hart, u16 number);  // of mip or sip
// A trap vector: a reserved mode leaves it as it was.
void write_vector(u64& vector, u64 value);

}  // namespace vm
