// SPDX-License-Identifier: Apache-2.0
// Forward branches, jumps and calls, long and short, between integer units: whether one was taken shows in what those recorded.
#include "tests/isa/stream.hpp"

namespace isa_fuzz {

namespace {

using vm::Operation;

#define ISA_FUZZ_OPERATION(name, ...) Operation::name,
constexpr Operation branches[] = {INTERLOCK_BRANCH_OPERATIONS(ISA_FUZZ_OPERATION)};
#undef ISA_FUZZ_OPERATION

constexpr u32 reach = 5;        // units
constexpr u32 short_reach = 3;  // of c.beqz and c.bnez: 254 bytes
constexpr u16 c_j = 0xa001;
constexpr u16 c_beqz = 0xc001;
constexpr u16 c_bnez = 0xe001;
constexpr u16 c_jr = 0x8002;
constexpr u16 c_jalr = 0x9002;

void put_conditional(Stream& stream) {
  const unsigned first = stream.source();
  const unsigned second = stream.random.one_in(6) ? first : stream.source();
  stream.put_branch(encoding_of(stream.random.pick(branches)).bits | field_rs1(first) | field_rs2(second), Stream::Reach::branch, reach);
}

// The target is auipc's address and the jump's own offset, of which jalr drops the lowest bit.
void put_indirect(Stream& stream) {
  const unsigned at = stream.scratch();
  const unsigned rd = stream.destination();
  stream.serve(auipc(at, 0));
  stream.put_branch(jalr(rd, at, static_cast<i32>(stream.random.bits(1))), Stream::Reach::indirect, reach);
  stream.record_x(rd);  // unreached, unless the distance is that of the next instruction
}

// The short forms have no offset: they land just behind themselves, where the link register is recorded.
void put_short_indirect(Stream& stream) {
  const unsigned at = stream.scratch();
  const bool links = stream.random.one_in(2);
  stream.serve(auipc(at, 0));
  stream.serve(addi(at, at, 4 + 4 + 2));
  stream.put_compressed(Subject::branch, static_cast<u16>((links ? c_jalr : c_jr) | at << 7));
  stream.record_x(1);
}

}  // namespace

void put_control(Stream& stream) {
  Random& random = stream.random;
  switch (random.below(14)) {
    case 0:
    case 1:
    case 2: return put_conditional(stream);
    case 3: {
      const unsigned rd = stream.destination();
      return stream.put_branch(jal(rd, 0), Stream::Reach::jump, reach);
    }
    case 4: return put_indirect(stream);
    case 5: return stream.put_branch(c_j, Stream::Reach::compressed_jump, reach);
    case 6:
    case 7:
      return stream.put_branch((random.one_in(2) ? c_beqz : c_bnez) | random.bits(3) << 7, Stream::Reach::compressed_branch, short_reach);
    case 8:
      // c.jalr writes x1.
      if (!stream.pins.holds(1)) return put_short_indirect(stream);
      return put_conditional(stream);
    default: return put_integer(stream);
  }
}

}  // namespace isa_fuzz
