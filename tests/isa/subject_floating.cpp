// SPDX-License-Identifier: Apache-2.0
// Floating-point arithmetic with all rounding modes, static and by frm; the result and the flags of most instructions are recorded, and the
// flags cleared, so that what one raises is not hidden by what another raised. The fcsr subject reads and writes the status itself.
//
// Invariant: between units frm is one of the five modes that exist. Within an fcsr unit it may be reserved; nothing there rounds by it.
// Source: RISC-V Unprivileged 20191213, chapters 11 and 12.
#include "tests/isa/stream.hpp"

namespace isa_fuzz {

namespace {

using vm::Operation;

#define ISA_FUZZ_OPERATION(name, ...) Operation::name,
constexpr Operation operations[] = {INTERLOCK_FLOATING_OPERATIONS(ISA_FUZZ_OPERATION)};
#undef ISA_FUZZ_OPERATION

constexpr u32 rounding_modes = 5;
constexpr u32 dynamic_rounding = 7;

// Compares, classifications, conversions to integers and moves to x registers.
bool to_integer(u32 bits) {
  const u32 group = bits >> 27;
  return (bits & 0x7f) == 0x53 && (group == 0x14 || group == 0x18 || group == 0x1c);
}
bool from_integer(u32 bits) {
  const u32 group = bits >> 27;
  return (bits & 0x7f) == 0x53 && (group == 0x1a || group == 0x1e);
}

// An instruction of D? Those of F come first in the list.
bool is_wide(Operation operation) { return operation >= Operation::fmadd_d; }

Operation pick_operation(Random& random, bool wide) {
  for (;;) {
    const Operation operation = random.pick(operations);
    if (is_wide(operation) == wide) return operation;
  }
}

u32 rounding(Random& random) { return field_rm(random.one_in(3) ? dynamic_rounding : random.below(rounding_modes)); }

void refresh(Stream& stream, unsigned reg, bool integer) {
  Random& random = stream.random;
  const unsigned base = stream.pins.base;
  if (integer) {
    if (reg != 0 && !stream.pins.holds(reg)) stream.serve(ld(reg, base, 8 * (static_cast<i32>(random.below(511)) - 256)));
  } else if (random.one_in(3)) {
    stream.serve(flw(reg, base, 4 * (static_cast<i32>(random.below(1021)) - 512)));
  } else {
    stream.serve(fld(reg, base, 8 * (static_cast<i32>(random.below(511)) - 256)));
  }
}

// Any instruction of F or D. `fixed_rounding`: its rounding mode must not come from frm.
void put_operation(Stream& stream, Operation operation, bool fixed_rounding) {
  Random& random = stream.random;
  const Encoding& row = encoding_of(operation);
  const unsigned rs1 = random.bits(5);
  const unsigned rs2 = random.bits(5);
  const unsigned rs3 = random.bits(5);
  const bool to_x = to_integer(row.bits);
  if (!random.one_in(3)) refresh(stream, rs1, from_integer(row.bits));
  if (random.one_in(2)) refresh(stream, rs2, false);
  const unsigned rd = to_x ? stream.destination() : random.bits(5);
  const u32 mode = fixed_rounding ? field_rm(random.below(rounding_modes)) : rounding(random);
  u32 bits = row.bits | field_rd(rd) | field_rs1(rs1);
  switch (row.format) {
    case Format::fused: bits |= field_rs2(rs2) | field_rs3(rs3) | mode; break;
    case Format::rounded: bits |= field_rs2(rs2) | mode; break;
    case Format::rounded_unary: bits |= mode; break;
    case Format::exact: bits |= field_rs2(rs2); break;
    default: break;
  }
  stream.put(is_wide(operation) ? Subject::d : Subject::f, bits);
  if (to_x) {
    stream.record_x(rd);
  } else {
    stream.record_f(rd);
  }
}

void put_arithmetic(Stream& stream, Subject subject) {
  Random& random = stream.random;
  if (random.one_in(6)) stream.serve(csrrwi(0, random.below(rounding_modes), csr_frm));
  put_operation(stream, pick_operation(random, subject == Subject::d), false);
  if (!random.one_in(4)) stream.record_flags(stream.scratch());
}

}  // namespace

void put_single(Stream& stream) { put_arithmetic(stream, Subject::f); }

void put_double(Stream& stream) { put_arithmetic(stream, Subject::d); }

void put_floating_status(Stream& stream) {
  Random& random = stream.random;
  static constexpr Operation accesses[] = {Operation::csrrw,  Operation::csrrs,  Operation::csrrc,
                                           Operation::csrrwi, Operation::csrrsi, Operation::csrrci};
  static constexpr u32 numbers[] = {csr_fflags, csr_frm, csr_fcsr};
  const u32 times = 1 + random.below(3);
  for (u32 i = 0; i < times; ++i) {
    const unsigned rd = stream.destination();
    stream.put(Subject::fcsr,
               encoding_of(random.pick(accesses)).bits | field_rd(rd) | field_rs1(stream.source()) | random.pick(numbers) << 20);
    stream.record_x(rd);
    if (random.one_in(3)) put_operation(stream, random.pick(operations), true);
  }
  if (random.one_in(2)) {
    const unsigned rd = stream.scratch();
    stream.serve(csrrs(rd, 0, csr_fcsr));
    stream.record_x(rd);
  }
  stream.serve(csrrwi(0, random.below(rounding_modes), csr_frm));
  const unsigned rd = stream.scratch();
  stream.serve(csrrs(rd, 0, csr_fcsr));
  stream.record_x(rd);
}

}  // namespace isa_fuzz
