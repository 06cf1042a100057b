// SPDX-License-Identifier: Apache-2.0
// The short instructions, hints included, with all immediates that they can hold; jumps and branches are in subject_branch.cpp.
// Source: RISC-V Unprivileged 20191213, tables 16.4 to 16.7 (RV64).
#include "tests/isa/stream.hpp"

namespace isa_fuzz {

namespace {

constexpr u16 c_addi4spn = 0x0000;
constexpr u16 c_addi = 0x0001;
constexpr u16 c_addiw = 0x2001;
constexpr u16 c_li = 0x4001;
constexpr u16 c_lui = 0x6001;  // with rd = 2: c.addi16sp
constexpr u16 c_slli = 0x0002;
constexpr u16 c_mv = 0x8002;
constexpr u16 c_add = 0x9002;
constexpr u16 c_shifts[] = {0x8001, 0x8401, 0x8801};  // srli, srai, andi
constexpr u16 c_both[] = {0x8c01, 0x8c21, 0x8c41, 0x8c61, 0x9c01, 0x9c21};
constexpr u16 c_loads[] = {0x2000, 0x4000, 0x6000};  // fld, lw, ld
constexpr u16 c_stores[] = {0xa000, 0xc000, 0xe000};
constexpr u16 c_loads_sp[] = {0x2002, 0x4002, 0x6002};
constexpr u16 c_stores_sp[] = {0xa002, 0xc002, 0xe002};

u16 wide_immediate(Random& random) { return static_cast<u16>(random.bits(1) << 12 | random.bits(5) << 2); }
u16 with_immediate(Random& random) {  // not zero
  for (;;) {
    if (const u16 bits = wide_immediate(random); bits != 0) return bits;
  }
}
u16 full(unsigned reg) { return static_cast<u16>(reg << 7); }
u16 low(unsigned reg) { return static_cast<u16>((reg - 8) << 2); }
u16 high(unsigned reg) { return static_cast<u16>((reg - 8) << 7); }

void put_x(Stream& stream, u16 bits, unsigned rd) {
  stream.put_compressed(Subject::compressed, bits);
  if (stream.random.one_in(2)) stream.record_x(rd);
}

// Loads and stores of x8..x15 and f8..f15, from the base register.
void put_near_access(Stream& stream) {
  Random& random = stream.random;
  const u16 place = static_cast<u16>(random.bits(3) << 10 | random.bits(2) << 5 | high(stream.pins.base));
  if (random.one_in(2))
    return stream.put_compressed(Subject::compressed, random.pick(c_stores) | place | static_cast<u16>(random.bits(3) << 2));
  const u16 load = random.pick(c_loads);
  const bool floating = load == c_loads[0];
  const unsigned rd = floating ? 8 + random.bits(3) : stream.prime_destination();
  stream.put_compressed(Subject::compressed, load | place | low(rd));
  if (floating) return stream.record_f(rd);
  stream.record_x(rd);
}

void put_stack_access(Stream& stream) {
  Random& random = stream.random;
  if (random.one_in(2))
    return stream.put_compressed(Subject::compressed, random.pick(c_stores_sp) | static_cast<u16>(random.bits(11) << 2));
  const u16 load = random.pick(c_loads_sp);
  const bool floating = load == c_loads_sp[0];
  const unsigned rd = floating ? random.bits(5) : stream.scratch();
  stream.put_compressed(Subject::compressed, load | wide_immediate(random) | full(rd));
  if (floating) return stream.record_f(rd);
  stream.record_x(rd);
}

}  // namespace

void put_short(Stream& stream) {
  Random& random = stream.random;
  switch (random.below(14)) {
    case 0: {
      const unsigned rd = stream.prime_destination();
      return put_x(stream, static_cast<u16>(c_addi4spn | (1 + random.below(255)) << 5 | low(rd)), rd);
    }
    case 1: {
      const unsigned rd = stream.destination();  // x0: c.nop and its hints
      return put_x(stream, c_addi | full(rd) | wide_immediate(random), rd);
    }
    case 2: {
      const unsigned rd = stream.scratch();
      return put_x(stream, c_addiw | full(rd) | wide_immediate(random), rd);
    }
    case 3: {
      const unsigned rd = stream.destination();
      return put_x(stream, c_li | full(rd) | wide_immediate(random), rd);
    }
    case 4: {
      const unsigned rd = stream.destination();
      return put_x(stream, c_lui | full(rd) | with_immediate(random), rd);
    }
    case 5:
      if (stream.pins.stack) return put_stack_access(stream);
      return put_x(stream, c_lui | full(2) | with_immediate(random), 2);  // c.addi16sp
    case 6: {
      const unsigned rd = stream.prime_destination();
      return put_x(stream, random.pick(c_shifts) | high(rd) | wide_immediate(random), rd);
    }
    case 7: {
      const unsigned rd = stream.prime_destination();
      return put_x(stream, random.pick(c_both) | high(rd) | static_cast<u16>(random.bits(3) << 2), rd);
    }
    case 8: {
      const unsigned rd = stream.destination();
      return put_x(stream, c_slli | full(rd) | wide_immediate(random), rd);
    }
    case 9: {
      const unsigned rd = stream.destination();
      return put_x(stream, static_cast<u16>(c_mv | full(rd) | (1 + random.below(31)) << 2), rd);
    }
    case 10: {
      const unsigned rd = stream.destination();
      return put_x(stream, static_cast<u16>(c_add | full(rd) | (1 + random.below(31)) << 2), rd);
    }
    case 11:
      if (stream.pins.stack) return put_stack_access(stream);
      [[fallthrough]];
    default: return put_near_access(stream);
  }
}

}  // namespace isa_fuzz
