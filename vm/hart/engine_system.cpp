// SPDX-License-Identifier: Apache-2.0
#include "vm/hart/engine_system.hpp"

#include "vm/hart/csr.hpp"

namespace vm {

bool execute_csr(Hart& hart, const Op& op) {
  enum : u32 { write = 1, set = 2, clear = 3, immediate = 4 };
  const auto number = static_cast<u16>(op.bits() >> 20);
  const u32 form = op.bits() >> 12 & 7;
  const u64 source = (form & immediate) != 0 ? u64{op.rs1} : hart.x[op.rs1];
  u64 before = 0;
  switch (form & 3) {
    case write:
      if (op.rd == x_sink) return csr_write(hart, number, source);
      if (!csr_swap(hart, number, source, before)) return false;
      break;
    case set:
      if (!(op.rs1 == 0 ? csr_read(hart, number, before) : csr_set(hart, number, source, before))) return false;
      break;
    case clear:
      if (!(op.rs1 == 0 ? csr_read(hart, number, before) : csr_clear(hart, number, source, before))) return false;
      break;
    default: return false;
  }
  hart.x[op.rd] = before;
  return true;
}

Cause ecall_cause(const Hart& hart) {
  switch (hart.csr.privilege) {
    case Privilege::user: return Cause::ecall_from_user;
    case Privilege::supervisor: return Cause::ecall_from_supervisor;
    case Privilege::machine: break;
  }
  return Cause::ecall_from_machine;
}

Scope scope_of(const Hart& hart, const Op& op) {
  Scope scope;
  if (op.rs1 != 0) scope.page = Vpn{hart.x[op.rs1] >> page_shift};
  if (op.rs2 != 0) scope.asid = Asid{static_cast<u16>(hart.x[op.rs2])};
  return scope;
}

}  // namespace vm
