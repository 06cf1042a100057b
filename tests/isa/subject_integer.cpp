// SPDX-License-Identifier: Apache-2.0
// Integer and multiply units: operands as they are, sometimes fresh from the arena; half of the results are recorded.
#include "tests/isa/stream.hpp"

namespace isa_fuzz {

namespace {

using vm::Operation;

#define ISA_FUZZ_OPERATION(name, ...) Operation::name,
constexpr Operation integer_operations[] = {INTERLOCK_IMMEDIATE_OPERATIONS(ISA_FUZZ_OPERATION) INTERLOCK_UPPER_OPERATIONS(
    ISA_FUZZ_OPERATION) INTERLOCK_REGISTER_OPERATIONS(ISA_FUZZ_OPERATION)};
#undef ISA_FUZZ_OPERATION

bool multiplies(Operation operation) { return operation >= Operation::mul && operation <= Operation::remuw; }

Operation pick_operation(Random& random, bool multiplying) {
  for (;;) {
    const Operation operation = random.pick(integer_operations);
    if (multiplies(operation) == multiplying) return operation;
  }
}

u32 operands(Stream& stream, const Encoding& row, unsigned rd) {
  Random& random = stream.random;
  const u32 common = row.bits | field_rd(rd);
  const u32 rs1 = field_rs1(stream.source());
  switch (row.format) {
    case Format::u: return common | random.bits(20) << 12;
    case Format::i: {
      static constexpr i32 corners[] = {0, 1, -1, 2047, -2048};
      return common | rs1 | field_i(random.one_in(3) ? random.pick(corners) : static_cast<i32>(random.bits(12)));
    }
    case Format::shift64: return common | rs1 | random.bits(6) << 20;
    case Format::shift32: return common | rs1 | random.bits(5) << 20;
    default: return common | rs1 | field_rs2(stream.source());
  }
}

void put_arithmetic(Stream& stream, Subject subject) {
  Random& random = stream.random;
  const bool multiplying = subject == Subject::m;
  if (random.one_in(multiplying ? 2 : 4))
    stream.serve(ld(stream.scratch(), stream.pins.base, 8 * (static_cast<i32>(random.below(511)) - 256)));
  const unsigned rd = stream.destination();
  stream.put(subject, operands(stream, encoding_of(pick_operation(random, multiplying)), rd));
  if (random.one_in(2)) stream.record_x(rd);
}

}  // namespace

void put_integer(Stream& stream) { put_arithmetic(stream, Subject::integer); }

void put_multiply(Stream& stream) { put_arithmetic(stream, Subject::m); }

}  // namespace isa_fuzz
