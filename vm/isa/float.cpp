// SPDX-License-Identifier: Apache-2.0
// Which way an arithmetic operation goes: quiet or exact on the host, or in software.
#include "vm/isa/float.hpp"

#include "vm/isa/float_host.hpp"
#include "vm/isa/float_soft.hpp"

namespace vm {

namespace {

// Which results show that nothing but inexactness can have been raised.
//   above_least_normal: finite and greater than the least normal number: no overflow, underflow, invalid, division by zero.
//   finite: for operations that cannot underflow (a sum that is subnormal is exact; a root is never tiny).
enum class Quiet { above_least_normal, finite };

template <class F, Quiet rule>
bool is_quiet(typename F::Bits result) {
  using Bits = typename F::Bits;
  const Bits magnitude = result & ~sign_bit<F>;
  if constexpr (rule == Quiet::finite) return magnitude < infinity<F>;
  constexpr Bits above = (Bits{1} << F::fraction) + 1;
  return static_cast<Bits>(magnitude - above) < infinity<F> - above;
}

template <class F, class Operation, Quiet rule, class Soft>
[[gnu::always_inline]] inline typename F::Bits by_host(typename F::Bits a, typename F::Bits b, typename F::Bits c, u8 rm, u8& flags,
                                                       Soft in_software) {
  using Bits = typename F::Bits;
  using host::Host;
  const auto x = std::bit_cast<Host<F>>(a);
  const auto y = std::bit_cast<Host<F>>(b);
  const auto z = std::bit_cast<Host<F>>(c);
  if (rm == round_nearest_even && (flags & fflag_inexact) != 0) [[likely]] {
    const Bits result = std::bit_cast<Bits>(Operation::quiet(x, y, z));
    if (is_quiet<F, rule>(result)) [[likely]]
      return result;
  }
  if (rm != round_nearest_away) {
    u8 raised = 0;
    const Bits result = std::bit_cast<Bits>(Operation::exact(x, y, z, rm, raised));
    if (!is_nan<F>(result)) [[likely]] {
      flags |= raised;
      return result;
    }
  }
  return in_software();
}

template <class F, class Operation, Quiet rule, class Soft>
[[gnu::always_inline]] inline typename F::Bits binary(typename F::Bits a, typename F::Bits b, u8 rm, u8& flags, Soft soft) {
  return by_host<F, Operation, rule>(a, b, 0, rm, flags, [&] { return soft(a, b, rm, flags); });
}

template <class F>
[[gnu::always_inline]] inline typename F::Bits root(typename F::Bits a, u8 rm, u8& flags) {
  return by_host<F, host::Sqrt, Quiet::finite>(a, 0, 0, rm, flags, [&] { return soft::sqrt<F>(a, rm, flags); });
}

template <class F>
[[gnu::always_inline]] inline typename F::Bits fused(typename F::Bits a, typename F::Bits b, typename F::Bits c, u8 rm, u8& flags) {
  if (!host::has_fma()) [[unlikely]]
    return soft::fma<F>(a, b, c, rm, flags);
  return by_host<F, host::Fma, Quiet::above_least_normal>(a, b, c, rm, flags, [&] { return soft::fma<F>(a, b, c, rm, flags); });
}

}  // namespace

u64 f64_add(u64 a, u64 b, u8 rm, u8& flags) { return binary<F64, host::Add, Quiet::finite>(a, b, rm, flags, soft::add<F64>); }
u64 f64_sub(u64 a, u64 b, u8 rm, u8& flags) { return binary<F64, host::Sub, Quiet::finite>(a, b, rm, flags, soft::sub<F64>); }
u64 f64_mul(u64 a, u64 b, u8 rm, u8& flags) { return binary<F64, host::Mul, Quiet::above_least_normal>(a, b, rm, flags, soft::mul<F64>); }
u64 f64_div(u64 a, u64 b, u8 rm, u8& flags) { return binary<F64, host::Div, Quiet::above_least_normal>(a, b, rm, flags, soft::div<F64>); }
u64 f64_sqrt(u64 a, u8 rm, u8& flags) { return root<F64>(a, rm, flags); }
u64 f64_fma(u64 a, u64 b, u64 c, u8 rm, u8& flags) { return fused<F64>(a, b, c, rm, flags); }
u32 f32_add(u32 a, u32 b, u8 rm, u8& flags) { return binary<F32, host::Add, Quiet::finite>(a, b, rm, flags, soft::add<F32>); }
u32 f32_sub(u32 a, u32 b, u8 rm, u8& flags) { return binary<F32, host::Sub, Quiet::finite>(a, b, rm, flags, soft::sub<F32>); }
u32 f32_mul(u32 a, u32 b, u8 rm, u8& flags) { return binary<F32, host::Mul, Quiet::above_least_normal>(a, b, rm, flags, soft::mul<F32>); }
u32 f32_div(u32 a, u32 b, u8 rm, u8& flags) { return binary<F32, host::Div, Quiet::above_least_normal>(a, b, rm, flags, soft::div<F32>); }
u32 f32_sqrt(u32 a, u8 rm, u8& flags) { return root<F32>(a, rm, flags); }
u32 f32_fma(u32 a, u32 b, u32 c, u8 rm, u8& flags) { return fused<F32>(a, b, c, rm, flags); }

}  // namespace vm
