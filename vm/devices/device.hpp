// SPDX-License-Identifier: Apache-2.0
// The shape that every device's State has, so that one bus template serves them all.
//
// A State is a trivially copyable value, guarded by the device-register layer. Each method is a pure transition of it: no clock, no
// memory, no system call; what follows outside is told in Effects. A method may run more than once on copies of the State.
//
//   accepts(offset, width)       may hardware answer? False: the hart takes an access fault
//   read_is_pure(offset, width)  true: read() serves it, under inspect. False: read_effect() does, under mutate
//   read, read_effect, write     as named. What the device leaves undefined reads as 0 and ignores writes
//
// `offset` is from the start of the device's window, `width` is 1, 2, 4 or 8 bytes, and `accepts` was true of them. A value is in the
// low bytes of a u64; bytes above `width` are ignored in writes and 0 in reads. Where `uses_clock` is true, read, read_effect and write
// take the Inputs before the Effects.
// One Effects serves one register access, or any number of calls of the device's own inputs (set_level, receive).
#pragma once
#include <concepts>
#include <type_traits>

#include "vm/platform/types.hpp"

namespace vm::devices {

// What a device may know of time. Sampled before the transition runs.
struct Inputs {
  u64 mtime_ticks = 0;       // the machine's clock, 10 MHz
  u64 wall_nanoseconds = 0;  // since 1970-01-01 UTC
};

// A new level of one interrupt line, if it changed.
struct LevelChange {
  bool changed = false;
  bool level = false;
  constexpr void set(bool value) {
    changed = true;
    level = value;
  }
};

template <class State>
concept Device = std::is_trivially_copyable_v<State> && std::is_trivially_copyable_v<typename State::Effects> &&
    requires(State state, const State fixed, typename State::Effects effects, const Inputs inputs, u64 offset, u8 width, u64 value) {
  { State::uses_clock } -> std::convertible_to<bool>;
  { State::accepts(offset, width) } -> std::same_as<bool>;
  { State::read_is_pure(offset, width) } -> std::same_as<bool>;
  requires(State::uses_clock &&
           requires {
             { fixed.read(offset, width, inputs) } -> std::same_as<u64>;
             { state.read_effect(offset, width, inputs, effects) } -> std::same_as<u64>;
             { state.write(offset, width, value, inputs, effects) } -> std::same_as<void>;
           }) ||
      (!State::uses_clock && requires {
        { fixed.read(offset, width) } -> std::same_as<u64>;
        { state.read_effect(offset, width, effects) } -> std::same_as<u64>;
        { state.write(offset, width, value, effects) } -> std::same_as<void>;
      });
};

constexpr bool aligned(u64 offset, u8 width) { return (offset & (width - 1)) == 0; }

}  // namespace vm::devices
