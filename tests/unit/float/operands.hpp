// SPDX-License-Identifier: Apache-2.0
// Operands that meet the edges of a format: every special value and its neighbours, and random ones whose exponents lie close together
// (cancellation, double rounding, underflow) or anywhere.
#pragma once
#include <random>
#include <vector>

#include "vm/isa/float_format.hpp"

namespace float_tests {

using namespace vm;

inline constexpr u8 modes[] = {round_nearest_even, round_to_zero, round_down, round_up, round_nearest_away};
inline constexpr u8 host_modes[] = {round_nearest_even, round_to_zero, round_down, round_up};

template <class F>
std::vector<typename F::Bits> edges() {
  using Bits = typename F::Bits;
  constexpr Bits one_ulp = 1;
  const auto power = [](int exponent) { return static_cast<Bits>(exponent + F::bias) << F::fraction; };
  const Bits least_normal = Bits{1} << F::fraction;
  std::vector<Bits> out = {0, 1, 2, 3, least_normal - 1, least_normal, least_normal + 1, infinity<F> - 1, infinity<F>};
  out.insert(out.end(), {infinity<F> | 1, F::canonical_nan, F::canonical_nan | 5, least_normal / 2, least_normal / 2 + 1, infinity<F> - 2});
  for (const int exponent : {-static_cast<int>(F::fraction) - 1,
                             -static_cast<int>(F::fraction),
                             -2,
                             -1,
                             0,
                             1,
                             2,
                             23,
                             24,
                             30,
                             31,
                             32,
                             52,
                             53,
                             62,
                             63,
                             64,
                             F::bias,
                             1 - F::bias,
                             (1 - F::bias) / 2,
                             F::bias / 2}) {
    out.insert(out.end(), {power(exponent), power(exponent) + one_ulp, power(exponent) - one_ulp, power(exponent) + least_normal / 2});
  }
  const std::size_t positive = out.size();
  for (std::size_t i = 0; i < positive; ++i) out.push_back(out[i] | sign_bit<F>);
  return out;
}

template <class F>
class Operands {
 public:
  using Bits = typename F::Bits;
  explicit Operands(u64 seed) : random_(seed), edges_(edges<F>()) {}

  Bits next() {
    const u64 choice = random_();
    if (choice % 16 == 0) return edges_[(choice >> 8) % edges_.size()];
    const Bits fraction = fraction_of(random_());
    const Bits sign = (choice >> 4) % 2 != 0 ? sign_bit<F> : 0;
    const u64 span = 2 * F::bias + 2;
    u64 exponent = (choice >> 8) % span;                                                                   // anywhere
    if ((choice >> 5) % 4 == 1) exponent = F::bias + (choice >> 8) % (F::fraction + 8) - F::fraction / 2;  // close together
    if ((choice >> 5) % 4 == 2) exponent = (choice >> 8) % (F::fraction + 4);                              // subnormal, or nearly
    if ((choice >> 5) % 4 == 3) exponent = F::bias / 2 + (choice >> 8) % (F::fraction + 4);                // products near the least normal
    return sign | static_cast<Bits>(exponent) << F::fraction | fraction;
  }

 private:
  // Random, or with long runs of equal bits: ties, carries over the whole width.
  Bits fraction_of(u64 word) {
    const Bits mask = (Bits{1} << F::fraction) - 1;
    const Bits bits = static_cast<Bits>(word >> 8) & mask;
    const unsigned cut = word % (F::fraction + 1);
    switch ((word >> 6) % 4) {
      case 0: return bits & ~((Bits{1} << cut) - 1) & mask;
      case 1: return (bits | ((Bits{1} << cut) - 1)) & mask;
      case 2: return (Bits{1} << cut) & mask;
      default: return bits;
    }
  }
  std::mt19937_64 random_;
  std::vector<Bits> edges_;
};

}  // namespace float_tests
