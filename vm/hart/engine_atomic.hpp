// SPDX-License-Identifier: Apache-2.0
// LR, SC and the AMOs.
//
// RVWMO on x86-TSO. Guest accesses are host accesses of the same width, in program order (relaxed atomics, never reordered by g++, and
// each handler ends in an indirect jump). TSO reorders nothing but an older store with a younger load, so:
//
//   guest                                   | host                              | why
//   load, store                             | mov                               | TSO keeps load-load, load-store, store-store
//   fence with w or o before r or i         | mfence                            | the one reordering of TSO
//   any other fence, fence.tso              | nothing but order in the program  | TSO
//   AMO, any of aq and rl                   | lock-prefixed                     | a full fence on both sides: RCsc
//   SC, any of aq and rl                    | xchg under the line's lock        | likewise
//   LR, LR.aq                               | mov                               | TSO keeps load-load and load-store
//   LR.rl                                   | mfence, mov                       | rl orders older stores before this load
//
// Dependencies (address, data, control) hold because guest registers go through host registers and memory in program order.
// An AMO or SC to a tracked line is made while the line's word is locked, so that the version counts it.
// Progress: AMO on an untracked line: wait-free. On tracked lines, SC: blocking for the length of one access.
// Source: RISC-V Unprivileged 20191213, chapters 8 and 14, table A.5; Sewell et al., "x86-TSO", CACM 2010.
#pragma once
#include "vm/hart/engine_access.hpp"
#include "vm/isa/atomic.hpp"
#include "vm/memory/guest_memory.hpp"

#ifndef INTERLOCK_ENGINE_STORE_LOAD_FENCE
#define INTERLOCK_ENGINE_STORE_LOAD_FENCE 1  // 0: a test build whose fences leave stores behind loads
#endif

namespace vm {

[[gnu::always_inline]] inline void guest_store_load_fence() {
#if INTERLOCK_ENGINE_STORE_LOAD_FENCE
  // guest_store_before_load: store-load. A guest fence that orders its stores before its loads. pairs with the other harts' fences;
  //   without it the store-buffer litmus test (SB) shows both loads reading the old values.
  NativePlatform::fence(seq_cst, "guest_store_before_load");
#endif
}

// Exchanges, adds, ... by one locked instruction, or a compare-exchange loop where x86-64 has none.
template <Operation operation, class T>
T amo_on_host(u64 host, T operand) {
  using O = Operation;
  T* const word = reinterpret_cast<T*>(host);
  if constexpr (operation == O::amoswap_w || operation == O::amoswap_d) return __atomic_exchange_n(word, operand, __ATOMIC_SEQ_CST);
  if constexpr (operation == O::amoadd_w || operation == O::amoadd_d) return __atomic_fetch_add(word, operand, __ATOMIC_SEQ_CST);
  T old = __atomic_load_n(word, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(word, &old, amo_result<operation, T>(old, operand), false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
  }
  return old;
}

template <Operation operation, class T>
[[gnu::noinline]] Outcome execute_amo(Hart& hart, u64 address, u64 operand, u64& result, Exit& exit, Fault& fault) {
  Place place;
  const Outcome found = find_place(hart, address, sizeof(T), Access::store, place, exit, fault);
  if (found != Outcome::done) return found;
  if (place.code) begin_code_write(hart);
  bool locked = false;
#if INTERLOCK_ENGINE_TRACK_STORES
  Reservations& reservations = hart.memory.reservations();
  locked = reservations.word(place.physical).load(relaxed) != 0;
  if (locked) reservations.lock(place.physical);
#endif
  const T old = amo_on_host<operation, T>(place.host, static_cast<T>(operand));
  if (locked) hart.memory.reservations().unlock(place.physical, true);
  result = static_cast<u64>(static_cast<std::make_signed_t<T>>(old));
  use_slots(hart);
  return place.code ? report_code_write(address, Ppn{place.physical >> page_shift}, no_page, exit) : Outcome::done;
}

// T is signed: the loaded word is sign-extended. `ordered`: the rl bit.
template <class T>
[[gnu::noinline]] Outcome execute_reserve(Hart& hart, u64 address, bool ordered, u64& result, Exit& exit, Fault& fault) {
  Place place;
  const Outcome found = find_place(hart, address, sizeof(T), Access::load, place, exit, fault);
  if (found != Outcome::done) return found;
  Reservations::Word& word = hart.memory.reservations().word(place.physical);
  if (ordered) guest_store_load_fence();
  u32 version;
  for (;;) {
    // version_before_value: the version is read before the value. pairs with reservation_unlock: every tracked write that this value
    //   misses moves the version on afterwards. Without it SC could succeed over a write that LR did not see. It also pairs with
    //   tracked_is_complete.
    version = word.load(acquire, "version_before_value");
    if ((version & reservation_ready) == 0) {
      exit.kind = ExitKind::reserve;
      exit.address = place.physical;
      return Outcome::restart;
    }
    if ((version & reservation_locked) == 0) break;
    NativePlatform::pause();
  }
  result = static_cast<u64>(static_cast<i64>(load_host<T>(place.host)));
  hart.reservation = Reservation{true, place.physical, sizeof(T), version};
  use_slots(hart);
  return Outcome::done;
}

// T is unsigned.
template <class T>
[[gnu::noinline]] Outcome execute_conditional(Hart& hart, u64 address, u64 operand, u64& result, Exit& exit, Fault& fault) {
  Place place;
  const Outcome found = find_place(hart, address, sizeof(T), Access::store, place, exit, fault);
  if (found != Outcome::done) return found;
  const Reservation reservation = hart.reservation;
  hart.reservation.valid = false;
  use_slots(hart);
  result = 1;
  if (!reservation.valid || reservation.address != place.physical || reservation.width != sizeof(T)) return Outcome::done;
  if (place.code) begin_code_write(hart);
  Reservations& reservations = hart.memory.reservations();
  const bool unchanged = reservations.lock(place.physical) == reservation.version;
  // An exchange, not a store: a younger load of the guest may not pass an SC with aq and rl (see above).
  if (unchanged) __atomic_exchange_n(reinterpret_cast<T*>(place.host), static_cast<T>(operand), __ATOMIC_SEQ_CST);
  reservations.unlock(place.physical, unchanged);
  if (unchanged) result = 0;
  // A code write that did not happen is reported all the same: it was announced, and the loop ends what was announced.
  return place.code ? report_code_write(address, Ppn{place.physical >> page_shift}, no_page, exit) : Outcome::done;
}

}  // namespace vm
