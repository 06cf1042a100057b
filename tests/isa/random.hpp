// SPDX-License-Identifier: Apache-2.0
// The fuzzer's random numbers and operands: a seed gives the same programs on every host.
// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014 (SplitMix64).
#pragma once
#include <array>

#include "vm/platform/types.hpp"

namespace isa_fuzz {

using vm::i32;
using vm::i64;
using vm::u16;
using vm::u32;
using vm::u64;
using vm::u8;

class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}
  u64 next() {
    state_ += 0x9e37'79b9'7f4a'7c15;
    u64 z = state_;
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }
  // 0 <= result < bound; the bias is below bound / 2^32.
  u32 below(u64 bound) { return static_cast<u32>(((next() >> 32) * bound) >> 32); }
  bool one_in(u32 n) { return below(n) == 0; }
  u32 bits(unsigned count) { return count == 0 ? 0 : static_cast<u32>(next() >> (64 - count)); }
  template <class T, std::size_t n>
  T pick(const T (&from)[n]) {
    return from[below(n)];
  }
  template <class T, std::size_t n>
  T pick(const std::array<T, n>& from) {
    return from[below(n)];
  }

 private:
  u64 state_;
};

// Integers where arithmetic has its corners: the ends of each width, few bits set, small ones, and any.
u64 integer_operand(Random& random);
// Encodings of binary64 and binary32: zeros, subnormals, the ends of the range, infinities, quiet and signaling NaNs with payloads,
// small integers, the ends of the integer types, neighbours of powers of two, and any.
u64 double_operand(Random& random);
u32 single_operand(Random& random);
// What a floating-point register may hold: binary64, a boxed binary32, or a binary32 whose box is broken.
u64 floating_register(Random& random);

}  // namespace isa_fuzz
