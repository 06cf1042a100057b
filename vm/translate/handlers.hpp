// SPDX-License-Identifier: Apache-2.0
// The handlers of the engine: one for each operation, and those that only translation makes: shorter forms, jumps that leave the page,
// fused pairs. The list gives the identifiers here and the label table in vm/hart/engine.cpp, in the same order.
//
//   near jumps and branches go to the page that the block is in: a link may be followed without asking where the page is mapped
//   far ones go elsewhere, or to the page's last two bytes, where an instruction may straddle
#pragma once
#include "vm/isa/operations.hpp"

#define INTERLOCK_FAR_BRANCHES(X) X(beq, far) X(bne, far) X(blt, far) X(bge, far) X(bltu, far) X(bgeu, far)
#define INTERLOCK_FORMS(X)                                                                                                        \
  X(li) X(li_skip) X(mv) X(nop) X(pc_add) X(pc_add_skip) X(auipc) X(jump) X(jump_far) X(jal) X(jal_far) X(jalr) X(fall) X(fall_far) \
  X(fence_light) X(fence_full) X(pause) X(csr) X(csr_end)
#define INTERLOCK_PAIR_LIST(X) \
  X(addi, bne) X(add, srli) X(srli, beq) X(slli, srli) X(slli, andi) X(andi, add) X(srli, add) X(addw, bltu) X(sb, addw) X(add, sb)      \
  X(sd, sd) X(addi, add) X(srli, xor_) X(slli, xor_) X(addi, addi) X(xor_, srli) X(ld, ld) X(li, beq) X(lbu, bne) X(srli, addi)          \
  X(addw, slli) X(add, bne) X(mul, addw) X(xor_, mul) X(xor_, slli) X(xor_, add) X(addiw, addi) X(add, bltu) X(addi, jump) X(sd, mv)     \
  X(mv, li) X(mv, mv)

#define INTERLOCK_PLAIN_HANDLERS(X)                                                                                               \
  INTERLOCK_REGISTER_OPERATIONS(X) INTERLOCK_IMMEDIATE_OPERATIONS(X) INTERLOCK_LOAD_OPERATIONS(X) INTERLOCK_STORE_OPERATIONS(X)     \
  INTERLOCK_BRANCH_OPERATIONS(X) INTERLOCK_SYSTEM_OPERATIONS(X) INTERLOCK_RESERVE_OPERATIONS(X) INTERLOCK_CONDITIONAL_OPERATIONS(X) \
  INTERLOCK_AMO_OPERATIONS(X) INTERLOCK_FLOATING_LOAD_OPERATIONS(X) INTERLOCK_FLOATING_STORE_OPERATIONS(X)                          \
  INTERLOCK_FLOATING_OPERATIONS(X) X(illegal) INTERLOCK_FORMS(X)

namespace vm {

enum class Handler : u16 {
#define INTERLOCK_NAME(name, ...) name,
#define INTERLOCK_TWO_NAMES(first, second) first##2##second,
  INTERLOCK_PLAIN_HANDLERS(INTERLOCK_NAME) INTERLOCK_FAR_BRANCHES(INTERLOCK_TWO_NAMES) INTERLOCK_PAIR_LIST(INTERLOCK_TWO_NAMES)
#undef INTERLOCK_NAME
#undef INTERLOCK_TWO_NAMES
  count
};

// The host addresses of the handlers, indexed by Handler. Constant for the life of the process.
const void* const* handler_addresses();

}  // namespace vm
