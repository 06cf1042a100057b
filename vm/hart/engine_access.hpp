// SPDX-License-Identifier: Apache-2.0
// Memory accesses of the engine: the host access that the fast path makes, and the slow path for all that is not an aligned access to
// RAM through a filled micro-TLB entry.
//
// Ordering. Guest memory is accessed by relaxed host atomics of the access's width. What RVWMO demands beyond coherence is given by
// x86-TSO: vm/hart/engine_atomic.hpp has the mapping.
// Source: RISC-V Unprivileged 20191213, sections 2.6, 14; Privileged 1.12, section 3.6 (atomicity and misaligned accesses).
#pragma once
#include <type_traits>

#include "vm/hart/hart.hpp"
#include "vm/hart/trap.hpp"

#ifndef INTERLOCK_ENGINE_TRACK_STORES
#define INTERLOCK_ENGINE_TRACK_STORES 1  // 0: a test build whose stores do not break reservations
#endif

namespace vm {

template <class T>
[[gnu::always_inline]] inline T load_host(u64 host) {
  return __atomic_load_n(reinterpret_cast<const T*>(host), __ATOMIC_RELAXED);
}
template <class T>
[[gnu::always_inline]] inline void store_host(u64 host, T value) {
  __atomic_store_n(reinterpret_cast<T*>(host), value, __ATOMIC_RELAXED);
}

// How a slow access ended.
enum class Outcome : u8 {
  done,     // the instruction has been executed
  restart,  // leave by the Exit; the instruction is executed again, or completed by complete_access()
  leave,    // the instruction has been executed; leave by the Exit
  trap      // it raised the Fault
};

struct Fault {
  Cause cause = Cause::illegal_instruction;
  u64 tval = 0;
};

// What a slow load does with what it read.
struct LoadForm {
  u8 width = 0;  // bytes
  bool sign_extend = false;
  bool floating = false;
};
template <class T>
inline constexpr LoadForm load_form{sizeof(T), std::is_signed_v<T>, false};
template <class T>
inline constexpr LoadForm floating_load_form{sizeof(T), false, true};

// `value` is set by done: extended to 64 bits, and boxed if `floating`. `destination`: for a device's Exit.
Outcome slow_load(Hart& hart, u64 address, LoadForm form, u8 destination, u64& value, Exit& exit, Fault& fault);
Outcome slow_store(Hart& hart, u64 address, u8 width, u64 value, Exit& exit, Fault& fault);

// An aligned place in RAM that an atomic instruction may read and write.
struct Place {
  u64 host = 0;
  u64 physical = 0;
  bool code = false;  // its page holds code: the write is followed by a code_written exit
};
// Outcome::done: `place` is set. The caller calls use_slots() when the instruction is done.
Outcome find_place(Hart& hart, u64 address, u8 width, Access access, Place& place, Exit& exit, Fault& fault);

// Transient slots serve one instruction: this one has used them.
inline void use_slots(Hart& hart) {
  if (hart.slots.data[0].page != no_tag || hart.slots.data[1].page != no_tag) hart.slots.drop();
}

// Bracket a write to a page that holds code (see Signals::code_write); the second fills the Exit and gives Outcome::leave.
void begin_code_write(Hart& hart);
Outcome report_code_write(u64 address, Ppn first, Ppn second, Exit& exit);

// Extends the `width` low bytes of `value` as the form says.
constexpr u64 extend(u64 value, LoadForm form) {
  const unsigned unused = 64 - 8 * form.width;
  const u64 low = value << unused >> unused;
  if (form.floating && form.width == 4) return low | 0xffff'ffff'0000'0000;
  return form.sign_extend ? static_cast<u64>(static_cast<i64>(value << unused) >> unused) : low;
}

}  // namespace vm
