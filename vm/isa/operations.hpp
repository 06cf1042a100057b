// SPDX-License-Identifier: Apache-2.0
// The instructions of RV64IMAFDC, Zicsr, Zifencei and the privileged ones, as lists: everything that needs one entry an instruction
// (identifiers, decoder, engine labels, tests) expands these. Compressed instructions are other spellings of the same operations.
// Source: RISC-V Unprivileged 20191213, chapter 24; Privileged 1.12, section 3.3.
#pragma once
#include "vm/platform/types.hpp"

// clang-format off
// rd = f(rs1, rs2)
#define INTERLOCK_REGISTER_OPERATIONS(X)                                                                                         \
  X(add) X(sub) X(sll) X(slt) X(sltu) X(xor_) X(srl) X(sra) X(or_) X(and_) X(addw) X(subw) X(sllw) X(srlw) X(sraw)                \
  X(mul) X(mulh) X(mulhsu) X(mulhu) X(div) X(divu) X(rem) X(remu) X(mulw) X(divw) X(divuw) X(remw) X(remuw)
// rd = f(rs1, immediate)
#define INTERLOCK_IMMEDIATE_OPERATIONS(X) \
  X(addi) X(slti) X(sltiu) X(xori) X(ori) X(andi) X(slli) X(srli) X(srai) X(addiw) X(slliw) X(srliw) X(sraiw)
// X(name, the type in memory)
#define INTERLOCK_LOAD_OPERATIONS(X) X(lb, i8) X(lh, i16) X(lw, i32) X(ld, u64) X(lbu, u8) X(lhu, u16) X(lwu, u32)
#define INTERLOCK_STORE_OPERATIONS(X) X(sb, u8) X(sh, u16) X(sw, u32) X(sd, u64)
#define INTERLOCK_BRANCH_OPERATIONS(X) X(beq) X(bne) X(blt) X(bge) X(bltu) X(bgeu)
#define INTERLOCK_UPPER_OPERATIONS(X) X(lui) X(auipc)
#define INTERLOCK_JUMP_OPERATIONS(X) X(jal) X(jalr)
#define INTERLOCK_ORDER_OPERATIONS(X) X(fence)
#define INTERLOCK_CSR_OPERATIONS(X) X(csrrw) X(csrrs) X(csrrc) X(csrrwi) X(csrrsi) X(csrrci)
#define INTERLOCK_SYSTEM_OPERATIONS(X) X(fence_i) X(ecall) X(ebreak) X(mret) X(sret) X(wfi) X(sfence_vma)
#define INTERLOCK_RESERVE_OPERATIONS(X) X(lr_w, i32) X(lr_d, i64)
#define INTERLOCK_CONDITIONAL_OPERATIONS(X) X(sc_w, u32) X(sc_d, u64)
// X(name, the type that is compared and sign-extended)
#define INTERLOCK_AMO_OPERATIONS(X)                                                                                             \
  X(amoswap_w, i32) X(amoadd_w, i32) X(amoxor_w, i32) X(amoand_w, i32) X(amoor_w, i32) X(amomin_w, i32) X(amomax_w, i32)         \
  X(amominu_w, u32) X(amomaxu_w, u32)                                                                                           \
  X(amoswap_d, i64) X(amoadd_d, i64) X(amoxor_d, i64) X(amoand_d, i64) X(amoor_d, i64) X(amomin_d, i64) X(amomax_d, i64)         \
  X(amominu_d, u64) X(amomaxu_d, u64)
#define INTERLOCK_FLOATING_LOAD_OPERATIONS(X) X(flw, u32) X(fld, u64)
#define INTERLOCK_FLOATING_STORE_OPERATIONS(X) X(fsw, u32) X(fsd, u64)
#define INTERLOCK_FLOATING_OPERATIONS(X)                                                                                        \
  X(fmadd_s) X(fmsub_s) X(fnmsub_s) X(fnmadd_s) X(fadd_s) X(fsub_s) X(fmul_s) X(fdiv_s) X(fsqrt_s) X(fsgnj_s) X(fsgnjn_s)        \
  X(fsgnjx_s) X(fmin_s) X(fmax_s) X(fcvt_w_s) X(fcvt_wu_s) X(fcvt_l_s) X(fcvt_lu_s) X(fmv_x_w) X(feq_s) X(flt_s) X(fle_s)         \
  X(fclass_s) X(fcvt_s_w) X(fcvt_s_wu) X(fcvt_s_l) X(fcvt_s_lu) X(fmv_w_x)                                                      \
  X(fmadd_d) X(fmsub_d) X(fnmsub_d) X(fnmadd_d) X(fadd_d) X(fsub_d) X(fmul_d) X(fdiv_d) X(fsqrt_d) X(fsgnj_d) X(fsgnjn_d)        \
  X(fsgnjx_d) X(fmin_d) X(fmax_d) X(fcvt_w_d) X(fcvt_wu_d) X(fcvt_l_d) X(fcvt_lu_d) X(fmv_x_d) X(feq_d) X(flt_d) X(fle_d)         \
  X(fclass_d) X(fcvt_d_w) X(fcvt_d_wu) X(fcvt_d_l) X(fcvt_d_lu) X(fmv_d_x) X(fcvt_s_d) X(fcvt_d_s)

#define INTERLOCK_OPERATIONS(X)                                                                                     \
  INTERLOCK_REGISTER_OPERATIONS(X) INTERLOCK_IMMEDIATE_OPERATIONS(X) INTERLOCK_LOAD_OPERATIONS(X)                   \
  INTERLOCK_STORE_OPERATIONS(X) INTERLOCK_BRANCH_OPERATIONS(X) INTERLOCK_UPPER_OPERATIONS(X)                        \
  INTERLOCK_JUMP_OPERATIONS(X) INTERLOCK_ORDER_OPERATIONS(X) INTERLOCK_CSR_OPERATIONS(X) INTERLOCK_SYSTEM_OPERATIONS(X) \
  INTERLOCK_RESERVE_OPERATIONS(X) INTERLOCK_CONDITIONAL_OPERATIONS(X) INTERLOCK_AMO_OPERATIONS(X)                   \
  INTERLOCK_FLOATING_LOAD_OPERATIONS(X) INTERLOCK_FLOATING_STORE_OPERATIONS(X) INTERLOCK_FLOATING_OPERATIONS(X)     \
  X(illegal)
// clang-format on

namespace vm {

#define INTERLOCK_NAME(name, ...) name,
enum class Operation : u8 { INTERLOCK_OPERATIONS(INTERLOCK_NAME) };
#undef INTERLOCK_NAME

#define INTERLOCK_COUNT(...) +1
inline constexpr unsigned operations = 0 INTERLOCK_OPERATIONS(INTERLOCK_COUNT);
#undef INTERLOCK_COUNT

// What an operation does to the machine, and so which form its operands and its handler have.
// clang-format off
enum class Kind : u8 { alu_register, alu_immediate, load, store, branch, upper, jump, order, csr, system, reserve, conditional, amo,
                       floating_load, floating_store, floating, illegal };
// clang-format on
constexpr Kind kind(Operation operation) {
  // clang-format off
  switch (operation) {
#define INTERLOCK_KIND(kind_name) \
  return Kind::kind_name;
#define INTERLOCK_CASE(name, ...) case Operation::name:
    INTERLOCK_REGISTER_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(alu_register)
    INTERLOCK_IMMEDIATE_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(alu_immediate)
    INTERLOCK_LOAD_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(load)
    INTERLOCK_STORE_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(store)
    INTERLOCK_BRANCH_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(branch)
    INTERLOCK_UPPER_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(upper)
    INTERLOCK_JUMP_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(jump)
    INTERLOCK_ORDER_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(order)
    INTERLOCK_CSR_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(csr)
    INTERLOCK_SYSTEM_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(system)
    INTERLOCK_RESERVE_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(reserve)
    INTERLOCK_CONDITIONAL_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(conditional)
    INTERLOCK_AMO_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(amo)
    INTERLOCK_FLOATING_LOAD_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(floating_load)
    INTERLOCK_FLOATING_STORE_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(floating_store)
    INTERLOCK_FLOATING_OPERATIONS(INTERLOCK_CASE) INTERLOCK_KIND(floating)
#undef INTERLOCK_CASE
#undef INTERLOCK_KIND
        // clang-format on
        case Operation::illegal : break;
  }
  return Kind::illegal;
}

// Is it illegal while mstatus.FS is off?
constexpr bool uses_floating_registers(Operation operation) {
  const Kind k = kind(operation);
  return k == Kind::floating || k == Kind::floating_load || k == Kind::floating_store;
}

// The name as written above: "add", "fcvt_w_s".
const char* name(Operation operation);

}  // namespace vm
