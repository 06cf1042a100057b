// SPDX-License-Identifier: Apache-2.0
// The null control for device registers: one big lock around all devices.
//
// A device cannot be split between harts as a TLB can: its registers are one thing that all harts see. What stands for "no
// technique at all" is therefore what QEMU does: every access to any device, read or write, takes one machine-wide lock. What a
// variant gains over this is what it gains over QEMU's arrangement.
// Protocol:  inspect and mutate hold the big lock; the Sink runs under it and may enter it again for another device (big_lock.hpp).
// Invariant: at any time at most one thread runs a transition or a Sink of any device.
// Progress:  inspect and mutate blocking.
// Source:    QEMU, docs/devel/multiple-iothreads.
// Proof:     tests/contract/device_registers_*.cpp
#pragma once
#include "variants/private/big_lock.hpp"
#include "variants/sync/guards.hpp"
#include "variants/sync/register_ports.hpp"

namespace variants::private_variant {

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
    const sync::Exclusive guard(BigLock<P>::global());
    return sync::ready(f, std::as_const(state_));
  }

  template <class F>
  auto mutate(Port& port, F&& f) {
    Port::count(port.mutations);
    Effects effects{};
    const sync::Exclusive guard(BigLock<P>::global());
    auto result = sync::ready(f, state_, effects);
    vm::deliver(sink_, port.index, effects);
    return result;
  }

 private:
  sync::RegisterPorts<P> ports_;
  Sink sink_;
  State state_;
};

}  // namespace variants::private_variant
