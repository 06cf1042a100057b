// SPDX-License-Identifier: Apache-2.0
// Two independent implementations agree bit for bit, flags included: the integer arithmetic and the host's unit, in its four modes; and the
// public functions, whichever way they take, agree with the integer arithmetic, with and without a sticky inexact flag.
#include <gtest/gtest.h>

#include "tests/unit/float/operands.hpp"
#include "vm/isa/float_host.hpp"
#include "vm/isa/float_soft.hpp"

namespace {

using namespace vm;
using namespace float_tests;

constexpr unsigned random_rounds = 250'000;

template <class F>
struct Case {
  using Bits = typename F::Bits;
  using Function = Bits (*)(Bits a, Bits b, Bits c, u8 rm, u8& flags);
  const char* name;
  Function soft;
  Function host;  // its result may be any NaN
  Function open;  // the public function
};

template <class F>
using Bits = typename F::Bits;

template <class F, class Operation>
Bits<F> on_host(Bits<F> a, Bits<F> b, Bits<F> c, u8 rm, u8& flags) {
  using Host = host::Host<F>;
  return std::bit_cast<Bits<F>>(Operation::exact(std::bit_cast<Host>(a), std::bit_cast<Host>(b), std::bit_cast<Host>(c), rm, flags));
}

template <class F>
std::vector<Case<F>> cases() {
  using B = Bits<F>;
  constexpr bool wide = sizeof(B) == 8;
#define INTERLOCK_CASE(NAME, HOST, SOFT_ARGUMENTS, OPEN_ARGUMENTS)                                                                               \
  Case<F> {                                                                                                                                      \
#NAME, [](B a, [[maybe_unused]] B b, [[maybe_unused]] B c, u8 rm, u8& flags) { return soft::NAME<F> SOFT_ARGUMENTS; }, on_host<F, host::HOST>, \
        [](B a, [[maybe_unused]] B b, [[maybe_unused]] B c, u8 rm, u8& flags) -> B {                         \
          if constexpr (wide) {                                                                              \
            return f64_##NAME OPEN_ARGUMENTS;                                                                \
          } else {                                                                                           \
            return f32_##NAME OPEN_ARGUMENTS;                                                                \
          }                                                                                                  \
        } \
  }
  std::vector<Case<F>> all = {
      INTERLOCK_CASE(add, Add, (a, b, rm, flags), (a, b, rm, flags)), INTERLOCK_CASE(sub, Sub, (a, b, rm, flags), (a, b, rm, flags)),
      INTERLOCK_CASE(mul, Mul, (a, b, rm, flags), (a, b, rm, flags)), INTERLOCK_CASE(div, Div, (a, b, rm, flags), (a, b, rm, flags)),
      INTERLOCK_CASE(sqrt, Sqrt, (a, rm, flags), (a, rm, flags))};
  if (host::has_fma()) all.push_back(INTERLOCK_CASE(fma, Fma, (a, b, c, rm, flags), (a, b, c, rm, flags)));
#undef INTERLOCK_CASE
  return all;
}

template <class F>
void check(const Case<F>& test, Bits<F> a, Bits<F> b, Bits<F> c) {
  for (const u8 rm : modes) {
    u8 soft_flags = 0;
    const Bits<F> soft_result = test.soft(a, b, c, rm, soft_flags);
    const auto where = [&] {
      return ::testing::Message() << test.name << std::hex << " a=0x" << +a << " b=0x" << +b << " c=0x" << +c << " rm=" << +rm;
    };
    if (rm != round_nearest_away) {
      u8 flags = 0;
      const Bits<F> result = test.host(a, b, c, rm, flags);
      if (is_nan<F>(result)) {
        ASSERT_EQ(soft_result, F::canonical_nan) << where();
        // x86 does not raise invalid for inf * 0 + quiet NaN, where RISC-V demands it.
        const bool undefined = (is_infinite<F>(a) && is_zero<F>(b)) || (is_zero<F>(a) && is_infinite<F>(b));
        if (!(undefined && is_nan<F>(c))) {
          ASSERT_EQ(soft_flags, flags) << where();
        }
      } else {
        ASSERT_EQ(soft_result, result) << where();
        ASSERT_EQ(soft_flags, flags) << where();
      }
    }
    for (const u8 sticky : {u8{0}, u8{fflag_inexact}}) {
      u8 flags = sticky;
      ASSERT_EQ(test.open(a, b, c, rm, flags), soft_result) << where();
      ASSERT_EQ(flags, soft_flags | sticky) << where();
    }
  }
}

template <class F>
void check_all() {
  const std::vector<Bits<F>> special = edges<F>();
  for (const Case<F>& test : cases<F>()) {
    const bool three = test.name[0] == 'f';
    for (std::size_t i = 0; i < special.size() && !testing::Test::HasFatalFailure(); ++i) {
      for (std::size_t j = 0; j < special.size(); ++j) {
        if (!three) {
          check<F>(test, special[i], special[j], 0);
          continue;
        }
        for (std::size_t k = (i + j) % 3; k < special.size(); k += 3) check<F>(test, special[i], special[j], special[k]);
      }
    }
    Operands<F> operands(20191213 + sizeof(Bits<F>));
    for (unsigned i = 0; i < random_rounds && !testing::Test::HasFatalFailure(); ++i) {
      const Bits<F> a = operands.next();
      const Bits<F> b = operands.next();
      const Bits<F> c = operands.next();
      check<F>(test, a, b, c);
      // A product and its negation: cancellation down to the last bits of the product.
      if (three) {
        u8 ignored = 0;
        const Bits<F> p = test.soft(a, b, 0, round_nearest_even, ignored);
        check<F>(test, a, b, p ^ sign_bit<F>);
      }
    }
  }
}

TEST(float, double_arithmetic_agrees_with_the_host_in_results_and_flags) { check_all<F64>(); }
TEST(float, single_arithmetic_agrees_with_the_host_in_results_and_flags) { check_all<F32>(); }

TEST(float, arithmetic_leaves_the_hosts_rounding_mode_as_it_was) {
  volatile double one = 1.0;
  volatile double tiny = 0x1p-60;
  u8 flags = 0;
  for (const u8 rm : modes) {
    f64_add(0x3ff0'0000'0000'0000, 1, rm, flags);
    EXPECT_EQ(one + tiny, 1.0) << "after mode " << +rm;
    EXPECT_EQ(one - tiny, 1.0) << "after mode " << +rm;
  }
}

}  // namespace
