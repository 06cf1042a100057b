// SPDX-License-Identifier: Apache-2.0
// The handlers of the engine: one for each operation, and those that only translation makes: shorter forms, jumps that leave the page,
// fused pairs. The list gives the identifiers here and the label table in vm/hart/engine.cpp, in the same order.
//
//   near jumps and branches go to the page that the block is in: a link may be followed without asking where the page is mapped
//   far ones go elsewhere, or to the page's last two bytes, where an instruction may straddle
#pragma once
#include "vm/isa/operations.hpp"

// clang-format off
#define INTERLOCK_FAR_BRANCHES(X) X(beq, far) X(bne, far) X(blt, far) X(bge, far) X(bltu, far) X(bgeu, far)
#define INTERLOCK_FORMS(X)                                                                                                        \
  X(li) X(li_skip) X(mv) X(nop) X(pc_add) X(pc_add_skip) X(auipc) X(jump) X(jump_far) X(jal) X(jal_far) X(jalr) X(fall) X(fall_far) \
  X(fence_light) X(fence_full) X(pause) X(csr) X(csr_end)
// The most frequent neighbours in compiled programs (counted on tests/guest/programs/kernels).
#define INTERLOCK_PAIR_LIST(X) \
  X(add, srli) X(add, slli) X(add, add) X(add, lw) X(add, ld) X(add, sd) X(add, sb) X(add, addi) X(add, bne) X(add, bltu) \
  X(add, jalr) X(xor_, add) X(xor_, addiw) X(xor_, srli) X(xor_, slli) X(xor_, mul) X(xor_, andi) X(xor_, sw) X(ori, add) \
  X(and_, sub) X(xori, and_) X(addw, bltu) X(addw, bne) X(addw, slli) X(mul, addw) X(mul, add) X(mul, slli) X(mulw, ld) \
  X(sub, srli) X(srli, beq) X(srli, add) X(srli, xor_) X(srli, slli) X(srli, addi) X(srli, addiw) X(srli, andi) X(slli, srli) \
  X(slli, andi) X(slli, add) X(slli, xor_) X(srliw, srliw) X(srliw, bgeu) X(sraiw, addw) X(andi, beq) X(andi, bne) X(andi, add) \
  X(addi, bne) X(addi, beq) X(addi, bltu) X(addi, addi) X(addi, add) X(addi, slli) X(addi, sd) X(addi, ld) X(addi, mv) \
  X(addi, mulw) X(addi, jump) X(addi, jal) X(addi, jalr) X(addiw, bne) X(addiw, addi) X(addiw, mv) X(addiw, xor_) X(addiw, sw) \
  X(mv, mv) X(mv, li) X(mv, bne) X(mv, addi) X(mv, jump) X(mv, jal) X(mv, jalr) X(li, beq) X(li, bne) X(li, mv) X(li, jump) \
  X(li, jalr) X(lbu, bne) X(lbu, beq) X(lh, lh) X(lh, addi) X(lw, bne) X(lw, beq) X(lw, lw) X(lw, addiw) X(lw, add) X(ld, ld) \
  X(ld, mv) X(ld, addi) X(ld, beq) X(ld, bne) X(ld, sd) X(ld, sraiw) X(ld, add) X(sb, addw) X(sb, addi) X(sw, sw) X(sw, addi) \
  X(sd, sd) X(sd, mv) X(sd, ld) X(sd, addi) X(or_, xor_) X(mul, srai) X(addiw, andi) X(sub, mulh) X(mulhu, xor_) X(mulw, and_) \
  X(and_, and_) X(add, and_) X(slliw, srliw) X(xor_, sraiw) X(addw, addw) X(slli, slt) X(srli, sltu) X(slli, ori) X(srli, srli) \
  X(addiw, add)

#define INTERLOCK_PLAIN_HANDLERS(X)                                                                                               \
  INTERLOCK_REGISTER_OPERATIONS(X) INTERLOCK_IMMEDIATE_OPERATIONS(X) INTERLOCK_LOAD_OPERATIONS(X) INTERLOCK_STORE_OPERATIONS(X)     \
  INTERLOCK_BRANCH_OPERATIONS(X) INTERLOCK_SYSTEM_OPERATIONS(X) INTERLOCK_RESERVE_OPERATIONS(X) INTERLOCK_CONDITIONAL_OPERATIONS(X) \
  INTERLOCK_AMO_OPERATIONS(X) INTERLOCK_FLOATING_LOAD_OPERATIONS(X) INTERLOCK_FLOATING_STORE_OPERATIONS(X)                          \
  INTERLOCK_FLOATING_OPERATIONS(X) X(illegal) INTERLOCK_FORMS(X)
// clang-format on

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
