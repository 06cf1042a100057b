// SPDX-License-Identifier: Apache-2.0
#include "tests/isa/random.hpp"

namespace isa_fuzz {

namespace {

// A format of IEEE 754 by its two widths.
struct FloatShape {
  unsigned exponent;
  unsigned fraction;
};

u64 compose(FloatShape shape, u64 sign, u64 exponent, u64 fraction) {
  const u64 fraction_mask = (u64{1} << shape.fraction) - 1;
  return sign << (shape.exponent + shape.fraction) | exponent << shape.fraction | (fraction & fraction_mask);
}

u64 floating_operand(Random& random, FloatShape shape) {
  const u64 sign = random.bits(1);
  const u64 top = (u64{1} << shape.exponent) - 1;
  const u64 bias = top >> 1;
  const u64 quiet = u64{1} << (shape.fraction - 1);
  const u64 any = random.next();
  switch (random.below(14)) {
    case 0: return compose(shape, sign, 0, 0);
    case 1: return compose(shape, sign, 0, 1 + random.below(3));                                               // least subnormals
    case 2: return compose(shape, sign, 0, any);                                                               // subnormals
    case 3: return compose(shape, sign, random.bits(1), random.one_in(2) ? 0 : ~u64{0});                       // around the least normal
    case 4: return compose(shape, sign, top - 1, ~u64{0} << random.below(3));                                  // around the greatest
    case 5: return compose(shape, sign, top, 0);                                                               // infinity
    case 6: return compose(shape, sign, top, quiet | (random.one_in(2) ? 0 : any));                            // quiet NaN
    case 7: return compose(shape, sign, top, ((any & ~quiet) & (quiet - 1)) | 1);                              // signaling NaN
    case 8: return compose(shape, sign, bias + random.below(4), u64{random.bits(4)} << (shape.fraction - 4));  // small numbers
    case 9: return compose(shape, sign, bias + 29 + random.below(6), random.one_in(2) ? 0 : any);              // around 2^31
    case 10: return compose(shape, sign, bias + 61 + random.below(5), random.one_in(3) ? ~u64{0} : random.one_in(2) ? 0 : any);
    case 11: return compose(shape, sign, bias - 2 + random.below(4), random.one_in(2) ? ~u64{0} : 1);  // around 1/2 and 1
    case 12: return compose(shape, sign, bias - 32 + random.below(64), any);
    default: return compose(shape, sign, any >> (64 - shape.exponent), random.next());
  }
}

}  // namespace

u64 integer_operand(Random& random) {
  static constexpr u64 corners[] = {0,
                                    1,
                                    2,
                                    ~u64{0},
                                    ~u64{1},
                                    0x7f,
                                    0x80,
                                    0xff,
                                    0x7fff,
                                    0x8000,
                                    0xffff,
                                    0x7fff'ffff,
                                    0x8000'0000,
                                    0xffff'ffff,
                                    0x1'0000'0000,
                                    0xffff'ffff'8000'0000,
                                    0xffff'ffff'7fff'ffff,
                                    u64{1} << 62,
                                    ~u64{0} >> 1,
                                    u64{1} << 63,
                                    (u64{1} << 63) + 1,
                                    0x5555'5555'5555'5555,
                                    0xaaaa'aaaa'aaaa'aaaa};
  switch (random.below(5)) {
    case 0: return random.pick(corners);
    case 1: return static_cast<u64>(static_cast<i64>(static_cast<i32>(random.bits(32))));
    case 2: return random.bits(32) >> random.below(32);
    case 3: return (u64{1} << random.below(64)) - random.below(2);
    default: return random.next();
  }
}

u64 double_operand(Random& random) { return floating_operand(random, {11, 52}); }

u32 single_operand(Random& random) { return static_cast<u32>(floating_operand(random, {8, 23})); }

u64 floating_register(Random& random) {
  constexpr u64 box = u64{0xffff'ffff} << 32;
  switch (random.below(5)) {
    case 0:
    case 1: return double_operand(random);
    case 2: return u64{random.bits(32)} << 32 | single_operand(random);
    default: return box | single_operand(random);
  }
}

}  // namespace isa_fuzz
