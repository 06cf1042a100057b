// SPDX-License-Identifier: Apache-2.0
// Arithmetic by integer operations alone: every rounding mode, every operand. The host path (vm/isa/float_host.hpp) leaves to it what the
// processor cannot do (RMM, NaNs, fma without FMA), and is tested against it.
// Source: IEEE 754-2008, section 5.4; RISC-V Unprivileged 20191213, chapters 11 and 12.
#pragma once
#include "vm/isa/float_format.hpp"

namespace vm::soft {

template <class F>
typename F::Bits add(typename F::Bits a, typename F::Bits b, u8 rm, u8& flags);
template <class F>
typename F::Bits sub(typename F::Bits a, typename F::Bits b, u8 rm, u8& flags);
template <class F>
typename F::Bits mul(typename F::Bits a, typename F::Bits b, u8 rm, u8& flags);
template <class F>
typename F::Bits div(typename F::Bits a, typename F::Bits b, u8 rm, u8& flags);
template <class F>
typename F::Bits sqrt(typename F::Bits a, u8 rm, u8& flags);
template <class F>
typename F::Bits fma(typename F::Bits a, typename F::Bits b, typename F::Bits c, u8 rm, u8& flags);

// To an integer of `width` bits: saturates, with the invalid flag. 32-bit results come zero-extended.
template <class F>
u64 to_integer(typename F::Bits a, bool is_signed, unsigned width, u8 rm, u8& flags);
// (-1)^negative * magnitude
template <class F>
typename F::Bits from_integer(bool negative, u64 magnitude, u8 rm, u8& flags);
template <class To, class From>
typename To::Bits convert(typename From::Bits a, u8 rm, u8& flags);

}  // namespace vm::soft
