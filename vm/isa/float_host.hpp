// SPDX-License-Identifier: Apache-2.0
// Arithmetic on the host's SSE2 and FMA units, in two ways:
//   quiet(): the bare operation in the host's default mode (RNE). No flag is read: right where only the inexact flag could be raised, and
//            the guest has raised it before. Flags are sticky, so that is what most code meets after its first rounding.
//   exact(): under a control word of its own; all flags are read back. Costs the two loads and the store of MXCSR around it.
// x86 detects tininess after rounding, as RISC-V does. NaN results, RMM, and fma without an FMA unit go to vm/isa/float_soft.hpp.
// One asm statement holds control word and operation together, as the compiler does not know that the one matters to the other.
// Source: Intel SDM vol. 1, sections 10.2.3 and 11.5; Cota and Carloni, "Cross-ISA machine instrumentation using fast and scalable
//         dynamic binary translation", VEE 2019 (the inexact flag's trick).
#pragma once
#include "vm/isa/float_format.hpp"

namespace vm::host {

inline constexpr u32 default_control = 0x1f80;  // all exceptions masked, no flag set, round to nearest even, no flush to zero

constexpr u32 control_of(u8 rm) {
  constexpr u32 modes[] = {0, 3, 1, 2};  // RNE, RTZ, RDN, RUP as MXCSR.RC
  return default_control | modes[rm] << 13;
}

// IE 0, DE 1, ZE 2, OE 3, UE 4, PE 5 of MXCSR as fflags.
constexpr u8 flags_of(u32 status) {
  return static_cast<u8>((status & 1) << 4 | (status & 4) << 1 | (status & 8) >> 1 | (status & 16) >> 3 | (status & 32) >> 5);
}
static_assert(flags_of(1) == fflag_invalid && flags_of(4) == fflag_divide_by_zero && flags_of(8) == fflag_overflow);
static_assert(flags_of(16) == fflag_underflow && flags_of(32) == fflag_inexact && flags_of(2) == 0);

template <class F>
struct HostType;
template <>
struct HostType<F32> {
  using type = float;
};
template <>
struct HostType<F64> {
  using type = double;
};
template <class F>
using Host = typename HostType<F>::type;

inline bool has_fma() { return __builtin_cpu_supports("fma") != 0; }

// An operation is a type with quiet(a, b, c) and exact(a, b, c, rm, flags); those of fewer operands ignore the rest.
// INSTRUCTION(size) is the text for a format, "s" or "d", in AT&T order; %[r] holds a at first and the result at last.
#define INTERLOCK_HOST_OPERATION(NAME, INSTRUCTION)                                                      \
  struct NAME {                                                                                          \
    [[gnu::always_inline]] static double quiet(double a, double b, double c) {                           \
      asm(INSTRUCTION("d") : [r] "+x"(a) : [b] "x"(b), [c] "x"(c));                                      \
      return a;                                                                                          \
    }                                                                                                    \
    [[gnu::always_inline]] static float quiet(float a, float b, float c) {                               \
      asm(INSTRUCTION("s") : [r] "+x"(a) : [b] "x"(b), [c] "x"(c));                                      \
      return a;                                                                                          \
    }                                                                                                    \
    static double exact(double a, double b, double c, u8 rm, u8& flags) {                                \
      const u32 control = control_of(rm);                                                                \
      u32 status = 0;                                                                                    \
      asm volatile("ldmxcsr %[control]\n\t" INSTRUCTION("d") "\n\tstmxcsr %[status]\n\tldmxcsr %[usual]" \
                   : [r] "+x"(a), [status] "=m"(status)                                                  \
                   : [b] "x"(b), [c] "x"(c), [control] "m"(control), [usual] "m"(default_control));      \
      flags |= flags_of(status);                                                                         \
      return a;                                                                                          \
    }                                                                                                    \
    static float exact(float a, float b, float c, u8 rm, u8& flags) {                                    \
      const u32 control = control_of(rm);                                                                \
      u32 status = 0;                                                                                    \
      asm volatile("ldmxcsr %[control]\n\t" INSTRUCTION("s") "\n\tstmxcsr %[status]\n\tldmxcsr %[usual]" \
                   : [r] "+x"(a), [status] "=m"(status)                                                  \
                   : [b] "x"(b), [c] "x"(c), [control] "m"(control), [usual] "m"(default_control));      \
      flags |= flags_of(status);                                                                         \
      return a;                                                                                          \
    }                                                                                                    \
  };
#define INTERLOCK_ADD(size) "adds" size " %[b], %[r]"
#define INTERLOCK_SUB(size) "subs" size " %[b], %[r]"
#define INTERLOCK_MUL(size) "muls" size " %[b], %[r]"
#define INTERLOCK_DIV(size) "divs" size " %[b], %[r]"
#define INTERLOCK_SQRT(size) "sqrts" size " %[r], %[r]"
#define INTERLOCK_FMA(size) "vfmadd213s" size " %[c], %[b], %[r]"
INTERLOCK_HOST_OPERATION(Add, INTERLOCK_ADD)
INTERLOCK_HOST_OPERATION(Sub, INTERLOCK_SUB)
INTERLOCK_HOST_OPERATION(Mul, INTERLOCK_MUL)
INTERLOCK_HOST_OPERATION(Div, INTERLOCK_DIV)
INTERLOCK_HOST_OPERATION(Sqrt, INTERLOCK_SQRT)
INTERLOCK_HOST_OPERATION(Fma, INTERLOCK_FMA)
#undef INTERLOCK_ADD
#undef INTERLOCK_SUB
#undef INTERLOCK_MUL
#undef INTERLOCK_DIV
#undef INTERLOCK_SQRT
#undef INTERLOCK_FMA
#undef INTERLOCK_HOST_OPERATION

}  // namespace vm::host
