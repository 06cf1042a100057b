// SPDX-License-Identifier: Apache-2.0
// Loads and stores of every width at any alignment, over page ends, and the atomic instructions.
//
// An SC follows its LR in one unit, because two answers of the manual differ between machines and both are right: what a store of the
// hart itself to the reserved bytes does to the reservation (QEMU compares values, this machine counts writes), and whether an SC of
// another width than the LR may succeed (QEMU: yes; here: no). Every other SC must fail, and that is tested.
// Source: RISC-V Unprivileged 20191213, section 8.2.
#include "tests/isa/stream.hpp"

namespace isa_fuzz {

namespace {

using vm::Operation;

#define ISA_FUZZ_OPERATION(name, ...) Operation::name,
constexpr Operation accesses[] = {INTERLOCK_LOAD_OPERATIONS(ISA_FUZZ_OPERATION) INTERLOCK_STORE_OPERATIONS(
    ISA_FUZZ_OPERATION) INTERLOCK_FLOATING_LOAD_OPERATIONS(ISA_FUZZ_OPERATION) INTERLOCK_FLOATING_STORE_OPERATIONS(ISA_FUZZ_OPERATION)};
constexpr Operation exchanges[] = {INTERLOCK_AMO_OPERATIONS(ISA_FUZZ_OPERATION)};
#undef ISA_FUZZ_OPERATION

// An offset from `base` or from an address within 2 KiB of it: near the page's boundary (offset 0) in one of four.
i32 any_offset(Random& random) {
  if (random.one_in(4)) return static_cast<i32>(random.below(16)) - 8;
  return nearest + static_cast<i32>(random.below(farthest - nearest - 7));
}

// Leaves base + (some register & 0x7ff, aligned) in a fresh register.
unsigned form_address(Stream& stream, i32 alignment) {
  const unsigned reg = stream.scratch();
  stream.serve(andi(reg, stream.source(), 0x7ff & -alignment));
  stream.serve(add(reg, reg, stream.pins.base));
  return reg;
}

constexpr u32 aq_rl(u32 bits) { return bits << 25; }

bool is_double(Operation operation) { return (encoding_of(operation).bits >> 12 & 7) == 3; }

void put_exchange(Stream& stream) {
  const Operation operation = stream.random.pick(exchanges);
  const unsigned at = form_address(stream, is_double(operation) ? 8 : 4);
  const unsigned rd = stream.destination();
  stream.put(Subject::a,
             encoding_of(operation).bits | aq_rl(stream.random.bits(2)) | field_rd(rd) | field_rs1(at) | field_rs2(stream.source()));
  stream.record_x(rd);
}

void put_reservation(Stream& stream) {
  Random& random = stream.random;
  const bool wide = random.one_in(2);
  const u32 load = encoding_of(wide ? Operation::lr_d : Operation::lr_w).bits;
  const u32 store = encoding_of(wide ? Operation::sc_d : Operation::sc_w).bits;
  const unsigned at = form_address(stream, wide ? 8 : 4);
  const unsigned loaded = stream.scratch_but(at);
  const auto conditional = [&](unsigned address) {
    const unsigned rd = stream.scratch_but(at);
    stream.put(Subject::a, store | aq_rl(random.bits(2)) | field_rd(rd) | field_rs1(address) | field_rs2(stream.source()));
    stream.record_x(rd);
  };
  if (!random.one_in(5)) {
    stream.put(Subject::a, load | aq_rl(random.bits(2)) | field_rd(loaded) | field_rs1(at));
    if (random.one_in(2)) stream.serve(add(loaded, loaded, stream.source()));
    stream.record_x(loaded);  // a store to another line: the reservation must outlive it
    if (random.one_in(6)) {
      const unsigned elsewhere = stream.scratch_but(at);
      stream.serve(addi(elsewhere, at, 64));
      conditional(elsewhere);  // fails, and ends the reservation
    }
  }
  conditional(at);
  if (random.one_in(4)) conditional(at);  // fails
}

}  // namespace

void put_atomic(Stream& stream) {
  if (stream.random.one_in(3)) {
    put_reservation(stream);
  } else {
    put_exchange(stream);
  }
}

void put_memory(Stream& stream) {
  Random& random = stream.random;
  const Operation operation = random.pick(accesses);
  const unsigned at = random.one_in(2) ? stream.pins.base : form_address(stream, 1);
  const i32 offset = any_offset(random);
  const u32 bits = encoding_of(operation).bits | field_rs1(at);
  switch (vm::kind(operation)) {
    case vm::Kind::load: {
      const unsigned rd = stream.destination();
      stream.put(Subject::memory, bits | field_rd(rd) | field_i(offset));
      return stream.record_x(rd);
    }
    case vm::Kind::floating_load: {
      const unsigned rd = random.bits(5);
      stream.put(Subject::memory, bits | field_rd(rd) | field_i(offset));
      return stream.record_f(rd);
    }
    default: return stream.put(Subject::memory, bits | field_rs2(stream.source()) | field_s(offset));
  }
}

}  // namespace isa_fuzz
