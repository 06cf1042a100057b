// SPDX-License-Identifier: Apache-2.0
// RCU device registers: readers look at a published, immutable copy of the State; writers serialize and publish the next copy.
//
//  published copy | meaning
//      some       | it is the newest State: inspect reads it in a read section, without a lock and without a shared write
//      none       | quiet: inspect takes the writer lock, as mutate does
//
// Protocol:  mutate runs f on the working State under the writer lock, publishes a copy (or has withdrawn it), then calls the Sink, and
//            lets go. The device goes quiet when nobody inspects what is published (a PLIC whose claims are all mutations is never
//            copied), or when every copy still waits for its grace period. Readers that find it quiet count themselves, under
//            the lock, and after a few of them it is published again.
//            A Sink that mutates another device takes that device's lock inside ours: locks nest along the (acyclic) order of devices.
//            Nobody waits for a grace period while holding a lock, and nobody waits for a lock inside a section of this layer (a
//            longer section around it, the GC's, is harmless for the same reason).
// Invariant: a published copy equals the working State whenever the writer lock is free.
// Progress:  inspect wait-free while a copy is published, blocking when quiet: declared blocking. mutate blocking.
// Source:    McKenney and Slingwine, "Read-copy update", PDCS 1998; liburcu. The quiet mode is our own.
// Proof:     tests/contract/device_registers_*.cpp
#pragma once
#include "variants/rcu/copy_ring.hpp"
#include "variants/sync/guards.hpp"
#include "variants/sync/register_ports.hpp"

namespace variants::rcu_variant {

template <vm::Platform P, class State, class Sink>
class DeviceRegisters {
 public:
  using Port = sync::RegisterPort<P>;
  using Effects = typename State::Effects;
  static constexpr vm::Progress inspect_progress = vm::Progress::blocking;
  static constexpr vm::Progress mutate_progress = vm::Progress::blocking;

  DeviceRegisters(vm::RegistersConfig config, const State& initial, Sink sink) : ports_(config), sink_(std::move(sink)), working_(initial) {
    copies_.publish(working_);
  }

  void attach() { Rcu<P>::register_thread(); }
  void detach() { Rcu<P>::unregister_thread(); }
  Port& port(vm::u32 index) { return ports_[index]; }
  void quiescent(Port&) { Rcu<P>::quiescent(); }
  void idle(Port&) { Rcu<P>::offline(); }
  void busy(Port&) { Rcu<P>::online(); }
  vm::RegistersStatistics statistics() const { return ports_.statistics(); }
  // A copy is published now: inspect is wait-free. Any thread; for tests and reports.
  bool published() const { return copies_.published(); }

  template <class F>
  auto inspect(Port& port, F&& f) {
    Port::count(port.inspections);
    {
      const ReadSection<P> section;
      if (const State* state = copies_.current(); state != nullptr) [[likely]]
        return sync::ready(f, *state);
    }
    return inspect_quiet(f);
  }

  template <class F>
  auto mutate(Port& port, F&& f) {
    Port::count(port.mutations);
    Effects effects{};
    const sync::Exclusive guard(writer_);
    auto result = sync::ready(f, working_, effects);
    if (copies_.published()) publish_or_withdraw();
    vm::deliver(sink_, port.index, effects);
    return result;
  }

 private:
  static constexpr vm::u32 readers_to_wake = 4;    // quiet inspections before the State is published again
  static constexpr vm::u64 copies_per_reader = 4;  // publications that one inspection is worth

  template <class F>
  [[gnu::noinline]] auto inspect_quiet(F& f) {
    const sync::Exclusive guard(writer_);
    if (!copies_.published() && ++quiet_inspections_ >= readers_to_wake) {
      copies_.retire_batch();
      if (copies_.plenty()) {
        quiet_inspections_ = 0;
        begin_watch();
        copies_.publish(working_);
      }
    }
    return sync::ready(f, std::as_const(working_));
  }

  void publish_or_withdraw() {
    if (copies_.any()) {
      copies_.publish(working_);
    } else {
      copies_.withdraw();
    }
    copies_.retire_batch();
    if (copies_.made() - watched_copies_ >= Copies::batch) {
      const vm::u64 looked = ports_.statistics().inspections - watched_inspections_;
      if (looked * copies_per_reader < Copies::batch && copies_.published()) copies_.withdraw();
      begin_watch();
    }
  }

  void begin_watch() {
    watched_copies_ = copies_.made();
    watched_inspections_ = ports_.statistics().inspections;
  }

  using Copies = CopyRing<P, State>;
  sync::RegisterPorts<P> ports_;
  Copies copies_;
  alignas(64) typename P::mutex writer_;
  // Under the writer lock:
  vm::u64 watched_copies_ = 0;
  vm::u64 watched_inspections_ = 0;
  vm::u32 quiet_inspections_ = 0;
  Sink sink_;
  State working_;
};

}  // namespace variants::rcu_variant
