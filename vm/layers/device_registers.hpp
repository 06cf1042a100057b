// SPDX-License-Identifier: Apache-2.0
// The device-register contract: what guards the register files of the PLIC, the ACLINT, the UART, virtio and the rest.
//
// Device logic is written once, as pure transitions over a plain State; the layer only guards it. One layer object per device.
//   inspect(f)  for reads without effect: f(const State&) -> R
//   mutate(f)   for writes, and for reads that have effects: f(State&, Effects&) -> R
// f touches only the State (and what it captured by value), may be run more than once, and does not throw. R is void or trivially
// copyable. Effects (State::Effects, a small trivially copyable value) say what follows outside: interrupt levels, bytes out, requests.
// The layer hands the effects of each mutation to the Sink once, in linearization order, by deliver(): the Sink is called as
// sink(port index, effects), or sink(effects) if it takes no more. It is short and does not block; it may mutate another device (a
// UART's level enters the PLIC), never its own, and no cycle of devices. It runs on the mutating thread, one call at a time for each
// device: a port of that other device that only this Sink uses, or the one with the same index, is therefore used by one thread at a time.
//
// Guarantees:
//  R1 inspect is linearizable: it sees every mutation that returned before its call, and f runs only on a validated State, never on
//     half of one.
//  R2 Mutations are linearizable, and the effects of each reach the Sink exactly once.
//  R3 When mutate returns (with mailboxes: when it has been applied), each pending bit has the newest linearized level, raised or
//     lowered, never overwritten by an older one.
//  R4 Progress is declared for inspect and for mutate.
//
// Threads. A Port belongs to one hart (or one device thread) and is used by one thread at a time.
#pragma once
#include <concepts>
#include <type_traits>

#include "vm/layers/awaitable.hpp"
#include "vm/platform/types.hpp"

namespace vm {

struct RegistersConfig {
  u32 ports = 1;  // harts, plus the machine's device threads
};

struct RegistersStatistics {
  u64 inspections = 0;
  u64 mutations = 0;
  u64 retries = 0;  // runs of f beyond the first
};

// Hands the effects of one mutation, made through the port with this index, to the Sink.
template <class Sink, class Effects>
[[gnu::always_inline]] inline void deliver(Sink& sink, u32 port, const Effects& effects) {
  if constexpr (std::is_invocable_v<Sink&, u32, const Effects&>) {
    sink(port, effects);
  } else {
    sink(effects);
  }
}

template <class D, class State, class Sink>
concept DeviceRegistersLayer = std::is_trivially_copyable_v<State> && std::is_trivially_copyable_v<typename State::Effects> &&
    std::constructible_from<D, RegistersConfig, const State&, Sink> &&
    requires(D registers, typename D::Port& port, u32 index, u32 (*look)(const State&), u32 (*change)(State&, typename State::Effects&)) {
  registers.attach();  // per host thread
  registers.detach();
  { registers.port(index) } -> std::same_as<typename D::Port&>;  // lives as long as the layer
  { registers.inspect(port, look) } -> AwaitableOf<u32>;
  { registers.mutate(port, change) } -> AwaitableOf<u32>;
  registers.quiescent(port);
  registers.idle(port);
  registers.busy(port);
  { registers.statistics() } -> std::same_as<RegistersStatistics>;
  { D::inspect_progress } -> std::convertible_to<Progress>;
  { D::mutate_progress } -> std::convertible_to<Progress>;
};

}  // namespace vm
