// SPDX-License-Identifier: Apache-2.0
// What the system handlers of the engine need beside the CSR file and the traps.
// Source: Zicsr 2.0 (table 9.1: when a CSR is read and written); Privileged 1.12, sections 3.3.1, 4.2.1.
#pragma once
#include "vm/hart/hart.hpp"
#include "vm/hart/trap.hpp"
#include "vm/translate/op.hpp"

namespace vm {

// csrrw, csrrs, csrrc and their immediate forms. False: illegal, and nothing has changed. The hart is settled: counters read exactly.
bool execute_csr(Hart& hart, const Op& op);

Cause ecall_cause(const Hart& hart);

// Of an sfence.vma: x0 in rs1 or rs2 stands for all addresses or all spaces.
Scope scope_of(const Hart& hart, const Op& op);

}  // namespace vm
