// SPDX-License-Identifier: Apache-2.0
// Baseline device registers: one std::shared_mutex for each device, as most people would write it.
// Protocol:  inspect holds it shared, mutate exclusive; the Sink runs under it, so that effects leave in linearization order.
//            A Sink that mutates another device takes that device's lock inside ours: locks nest along the (acyclic) order of devices.
// Invariant: the State changes only under the exclusive lock.
// Progress:  inspect and mutate blocking.
// Source:    C++17 [thread.sharedmutex]; RVVM locks each device likewise.
// Proof:     tests/contract/device_registers_*.cpp
#pragma once
#include "variants/sync/guards.hpp"
#include "variants/sync/register_ports.hpp"

namespace variants::baseline_variant {

template <vm::Platform P, class State, class Sink>
class DeviceRegisters {
 public:
  using Port = sync::RegisterPort<P>;
  using Effects = typename State::Effects;
  static constexpr vm::Progress inspect_progress = vm::Progress::blocking;
  static constexpr vm::Progress mutate_progress = vm::Progress::blocking;

  DeviceRegisters(vm::RegistersConfig config, const State& initial, Sink sink) : ports_(config), sink_(std::move(sink)), state_(initial) {}

  void attach() {}
  void detach() {}
  Port& port(vm::u32 index) { return ports_[index]; }
  void quiescent(Port&) {}
  void idle(Port&) {}
  void busy(Port&) {}
  vm::RegistersStatistics statistics() const { return ports_.statistics(); }

  template <class F>
  auto inspect(Port& port, F&& f) {
    Port::count(port.inspections);
    const sync::Shared guard(lock_);
    return sync::ready(f, std::as_const(state_));
  }

  template <class F>
  auto mutate(Port& port, F&& f) {
    Port::count(port.mutations);
    Effects effects{};
    const sync::Exclusive guard(lock_);
    auto result = sync::ready(f, state_, effects);
    vm::deliver(sink_, port.index, effects);
    return result;
  }

 private:
  sync::RegisterPorts<P> ports_;
  Sink sink_;
  alignas(64) typename P::shared_mutex lock_;
  State state_;
};

}  // namespace variants::baseline_variant
