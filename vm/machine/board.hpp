// SPDX-License-Identifier: Apache-2.0
// The board: every device's registers inside the device-register layer, where they stand, and what their effects do.
//
// Registers<State, Sink> is the layer. A device's Sink runs on the thread that mutated it, in linearization order: interrupt lines of
// the devices enter the PLIC, the PLIC's and the ACLINT's levels enter the harts' Signals, bytes go to the console, requests to the worker.
// Ports: one for each hart, then one for the device worker and one for the console's input thread; a Sink that mutates the PLIC uses
// the PLIC's port of the same number.
// What must not happen under a layer is done after the access: waiting for the worker after a virtio reset, and for room in the console.
#pragma once
#include <ctime>
#include <memory>
#include <optional>
#include <utility>

#include "vm/devices/aclint.hpp"
#include "vm/devices/console.hpp"
#include "vm/devices/device_worker.hpp"
#include "vm/devices/goldfish_rtc.hpp"
#include "vm/devices/memory_map.hpp"
#include "vm/devices/plic.hpp"
#include "vm/devices/sswi.hpp"
#include "vm/devices/syscon.hpp"
#include "vm/devices/uart16550.hpp"
#include "vm/devices/virtio_console.hpp"
#include "vm/hart/clock.hpp"
#include "vm/layers/device_registers.hpp"
#include "vm/machine/run_control.hpp"
#include "vm/memory/guest_memory.hpp"

namespace vm {

struct DeviceAnswer {
  bool accepted = false;  // false: the hart takes an access fault
  u64 value = 0;          // of a load
};

struct BoardParts {
  std::vector<Hart*> harts;
  GuestMemory& memory;
  MachineClock& clock;
  RunControl& control;
  std::array<devices::VirtioBackend*, devices::virtio_slots> slots{};  // null: empty
  devices::VirtioConsole* virtio_console = nullptr;                    // also one of the slots, `virtio_console_slot`
  u32 virtio_console_slot = 0;
  bool input_to_virtio = false;                                        // host input goes to the virtio console, not to the UART
  devices::ConsoleConfig console{};                                    // deliver and quit are the board's
  std::function<void()> worker_started{}, worker_stopping{};           // on the worker's thread: attach it to the other layers
};

template <template <class State, class Sink> class Registers>
class Board final : public devices::WorkerHost {
  template <class State>
  struct Sink {
    Board* board;
    void operator()(u32 port, const typename State::Effects& effects) const { board->apply(port, effects); }
  };
  // The interrupt line of a device with a PLIC source, and the rest of what it does.
  template <class State>
  struct SourceSink {
    Board* board;
    u32 source;
    void operator()(u32 port, const typename State::Effects& effects) const {
      board->drive(port, source, effects.interrupt);
      board->apply(port, effects);
    }
  };
  struct SlotSink {
    Board* board;
    u32 slot;
    void operator()(u32 port, const devices::VirtioMmioState::Effects& effects) const {
      board->drive(port, devices::virtio_source(slot), effects.interrupt);
      board->apply_slot(slot, effects);
    }
  };
  using Aclint = Registers<devices::AclintState, Sink<devices::AclintState>>;
  using Sswi = Registers<devices::SswiState, Sink<devices::SswiState>>;
  using Plic = Registers<devices::PlicState, Sink<devices::PlicState>>;
  using Syscon = Registers<devices::SysconState, Sink<devices::SysconState>>;
  using Uart = Registers<devices::Uart16550State, SourceSink<devices::Uart16550State>>;
  using Rtc = Registers<devices::RtcState, SourceSink<devices::RtcState>>;
  using Virtio = Registers<devices::VirtioMmioState, SlotSink>;

 public:
  explicit Board(BoardParts parts)
      : parts_(std::move(parts)),
        harts_(static_cast<u32>(parts_.harts.size())),
        config_{harts_ + 2},
        aclint_(config_, devices::AclintState::make(harts_), Sink<devices::AclintState>{this}),
        sswi_(config_, devices::SswiState::make(harts_), Sink<devices::SswiState>{this}),
        plic_(config_, devices::PlicState::make(harts_), Sink<devices::PlicState>{this}),
        syscon_(config_, devices::SysconState{}, Sink<devices::SysconState>{this}),
        uart_(config_, devices::Uart16550State{}, SourceSink<devices::Uart16550State>{this, devices::uart_source}),
        rtc_(config_, devices::RtcState{}, SourceSink<devices::RtcState>{this, devices::rtc_source}),
        worker_(parts_.memory, *this),
        console_(console_config()) {
    for (u32 slot = 0; slot < devices::virtio_slots; ++slot) {
      devices::VirtioBackend* backend = parts_.slots[slot];
      virtio_[slot].emplace(config_, backend != nullptr ? backend->registers() : devices::VirtioMmioState::empty(), SlotSink{this, slot});
      if (backend != nullptr) worker_.attach(slot, *backend);
    }
    if (parts_.virtio_console != nullptr) parts_.virtio_console->on_room([this] { console_.room_freed(); });
  }

  // Devices work from here on; stop() ends their threads. Output is complete when stop() returns.
  void start() {
    worker_.start();
    console_.start_input();
  }
  void stop() {
    worker_.stop();
    console_.flush();
  }

  // Per host thread.
  void attach() {
    each([](auto& device) { device.attach(); });
  }
  void detach() {
    each([](auto& device) { device.detach(); });
  }
  void quiescent(HartId hart) {
    each([&](auto& device) { device.quiescent(device.port(hart.value)); });
  }
  void idle(HartId hart) { idle(hart.value); }
  void busy(HartId hart) { busy(hart.value); }

  // Sleeps while the console is far behind. Outside of any layer.
  void wait_for_room() { console_.wait_for_room(); }

  // Performs the access of a device Exit, once.
  Ready<DeviceAnswer> access(HartId hart, const Exit& exit) {
    const u64 at = exit.address;
    const u8 width = exit.width;
    using namespace devices;
    if (uart_window.contains(at, width)) return on<Uart16550State>(uart_, hart, at - uart_window.base, exit);
    if (plic_window.contains(at, width)) return on<PlicState>(plic_, hart, at - plic_window.base, exit);
    if (aclint_window.contains(at, width)) return on<AclintState>(aclint_, hart, at - aclint_window.base, exit);
    if (sswi_window.contains(at, width)) return on<SswiState>(sswi_, hart, at - sswi_window.base, exit);
    if (at >= virtio_window(0).base && at < virtio_window(virtio_slots).base) {
      const u32 slot = static_cast<u32>((at - virtio_window(0).base) / virtio_window(0).bytes);
      if (!virtio_window(slot).contains(at, width)) return {};
      const Ready<DeviceAnswer> answer = on<VirtioMmioState>(*virtio_[slot], hart, at - virtio_window(slot).base, exit);
      // Only the hart whose write reset the slot can have set this: it must not go on while the worker still serves the old rings.
      if (exit.access == Access::store && (slots_reset_.load(relaxed) >> slot & 1) != 0) {
        slots_reset_.fetch_and(~(u32{1} << slot), relaxed);
        worker_.wait_idle(slot);
      }
      return answer;
    }
    if (rtc_window.contains(at, width)) return on<RtcState>(rtc_, hart, at - rtc_window.base, exit);
    if (syscon_window.contains(at, width)) return on<SysconState>(syscon_, hart, at - syscon_window.base, exit);
    return {};
  }

  RegistersStatistics statistics() {
    RegistersStatistics sum;
    each([&](auto& device) {
      const RegistersStatistics one = device.statistics();
      sum.inspections += one.inspections;
      sum.mutations += one.mutations;
      sum.retries += one.retries;
    });
    return sum;
  }

 private:
  u32 worker_port() const { return harts_; }
  u32 input_port() const { return harts_ + 1; }

  template <class Body>
  void each(Body body) {
    body(aclint_);
    body(sswi_);
    body(plic_);
    body(syscon_);
    body(uart_);
    body(rtc_);
    for (auto& slot : virtio_) body(*slot);
  }
  void idle(u32 port) {
    each([&](auto& device) { device.idle(device.port(port)); });
  }
  void busy(u32 port) {
    each([&](auto& device) { device.busy(device.port(port)); });
  }

  template <class State, class Layer>
  Ready<DeviceAnswer> on(Layer& layer, HartId hart, u64 offset, const Exit& exit) {
    const u8 width = exit.width;
    if (!State::accepts(offset, width)) return {};
    auto& port = layer.port(hart.value);
    using Effects = typename State::Effects;
    if constexpr (State::uses_clock) {
      const devices::Inputs inputs = now();
      if (exit.access == Access::store) {
        complete(layer.mutate(port, [offset, width, value = exit.value, inputs](State& s, Effects& e) { s.write(offset, width, value, inputs, e); }));
        return {{true, 0}};
      }
      if (State::read_is_pure(offset, width)) {
        return {{true, complete(layer.inspect(port, [offset, width, inputs](const State& s) { return s.read(offset, width, inputs); }))}};
      }
      return {{true, complete(layer.mutate(port, [offset, width, inputs](State& s, Effects& e) { return s.read_effect(offset, width, inputs, e); }))}};
    } else {
      if (exit.access == Access::store) {
        complete(layer.mutate(port, [offset, width, value = exit.value](State& s, Effects& e) { s.write(offset, width, value, e); }));
        return {{true, 0}};
      }
      if (State::read_is_pure(offset, width)) {
        return {{true, complete(layer.inspect(port, [offset, width](const State& s) { return s.read(offset, width); }))}};
      }
      return {{true, complete(layer.mutate(port, [offset, width](State& s, Effects& e) { return s.read_effect(offset, width, e); }))}};
    }
  }

  devices::Inputs now() const {
    timespec wall{};
    clock_gettime(CLOCK_REALTIME, &wall);
    return {parts_.clock.ticks(), static_cast<u64>(wall.tv_sec) * 1'000'000'000 + static_cast<u64>(wall.tv_nsec)};
  }

  // --- What effects do.
  void set_line(u32 hart, u64 bit, bool level) {
    Signals& signals = parts_.harts[hart]->signals;
    // line_before_attention: the level is visible to the hart that sees the attention bit.
    if (level) {
      signals.lines.fetch_or(bit, release, "line_before_attention");
    } else {
      signals.lines.fetch_and(~bit, release, "line_before_attention");
    }
    raise_attention(signals, attention_interrupt);
  }
  void drive(u32 port, u32 source, const devices::LevelChange& line) {
    if (!line.changed) return;
    complete(plic_.mutate(plic_.port(port), [source, level = line.level](devices::PlicState& s, devices::PlicState::Effects& e) { s.set_level(source, level, e); }));
  }
  void apply(u32, const devices::PlicState::Effects& effects) {
    for (u64 rest = effects.machine.changed; rest != 0; rest &= rest - 1) {
      const u32 hart = static_cast<u32>(__builtin_ctzll(rest));
      set_line(hart, interrupt::meip, (effects.machine.level >> hart & 1) != 0);
    }
    for (u64 rest = effects.supervisor.changed; rest != 0; rest &= rest - 1) {
      const u32 hart = static_cast<u32>(__builtin_ctzll(rest));
      set_line(hart, interrupt::seip, (effects.supervisor.level >> hart & 1) != 0);
    }
  }
  void apply(u32, const devices::AclintState::Effects& effects) {
    if (effects.software.changed) set_line(effects.hart, interrupt::msip, effects.software.level);
    if (effects.deadline_changed) {
      Signals& signals = parts_.harts[effects.hart]->signals;
      signals.mtimecmp.store(effects.deadline, release, "line_before_attention");
      raise_attention(signals, attention_interrupt);
    }
    if (effects.clock_set) {
      parts_.clock.set_ticks(effects.clock_ticks);
      for (Hart* hart : parts_.harts) raise_attention(hart->signals, attention_interrupt);
    }
  }
  void apply(u32, const devices::SswiState::Effects& effects) {
    if (effects.set_ssip) set_line(effects.hart, interrupt::ssip, true);
  }
  void apply(u32, const devices::SysconState::Effects& effects) {
    if (effects.restart) parts_.control.stop(StopReason::reset, 0);
    if (effects.power_off) parts_.control.stop(StopReason::powered_off, effects.code);
  }
  void apply(u32, const devices::Uart16550State::Effects& effects) {
    if (effects.sent) console_.put(effects.byte);
    if (effects.room_freed) console_.room_freed();
  }
  void apply(u32, const devices::RtcState::Effects& effects) {
    if (!effects.alarm_changed) return;
    if (!effects.alarm_armed) {
      worker_.clear_alarm();
      return;
    }
    const i64 ahead = static_cast<i64>(effects.alarm_at - now().wall_nanoseconds);
    worker_.set_alarm(NativePlatform::now() + std::chrono::nanoseconds{ahead > 0 ? ahead : 0});
  }
  void apply_slot(u32 slot, const devices::VirtioMmioState::Effects& effects) {
    if (effects.reset) slots_reset_.fetch_or(u32{1} << slot, relaxed);
    for (u32 queue = 0; queue < devices::virtio_queues; ++queue) {
      if ((effects.notify >> queue & 1) != 0) worker_.post(slot, queue);
    }
  }

  // --- The device worker's side.
  void worker_started() override {
    parts_.worker_started();
    attach();
    busy(worker_port());
  }
  void worker_stopping() override {
    idle(worker_port());
    detach();
    parts_.worker_stopping();
  }
  void worker_idle() override { idle(worker_port()); }
  void worker_busy() override { busy(worker_port()); }
  devices::QueueLayout queue_layout(u32 slot, u32 queue) override {
    Virtio& device = *virtio_[slot];
    return complete(device.inspect(device.port(worker_port()), [queue](const devices::VirtioMmioState& s) { return s.layout(queue); }));
  }
  void raise_used_interrupt(u32 slot, u32 generation) override {
    Virtio& device = *virtio_[slot];
    complete(device.mutate(device.port(worker_port()), [generation](devices::VirtioMmioState& s, devices::VirtioMmioState::Effects& e) { s.raise_used(generation, e); }));
  }
  void fail_device(u32 slot, u32 generation) override {
    Virtio& device = *virtio_[slot];
    complete(device.mutate(device.port(worker_port()), [generation](devices::VirtioMmioState& s, devices::VirtioMmioState::Effects& e) { s.fail(generation, e); }));
  }
  void alarm() override {
    const devices::Inputs inputs = now();
    complete(rtc_.mutate(rtc_.port(worker_port()), [inputs](devices::RtcState& s, devices::RtcState::Effects& e) { s.expire(inputs, e); }));
  }

  // --- The console's side.
  devices::ConsoleConfig console_config() {
    devices::ConsoleConfig config = parts_.console;
    config.deliver = [this](std::span<const u8> bytes) { return deliver_input(bytes); };
    config.quit = [this] { parts_.control.stop(StopReason::stopped, 0); };
    return config;
  }
  // On the input thread; attached for the length of a call, because the thread is the console's.
  std::size_t deliver_input(std::span<const u8> bytes) {
    if (parts_.input_to_virtio) {
      const std::size_t taken = parts_.virtio_console->receive(bytes);
      worker_.post(parts_.virtio_console_slot, devices::VirtioConsole::receive_queue);
      return taken;
    }
    attach();
    busy(input_port());
    std::array<u8, devices::Uart16550State::fifo_bytes> chunk{};
    const u32 count = static_cast<u32>(std::min(bytes.size(), chunk.size()));
    std::copy_n(bytes.begin(), count, chunk.begin());
    const u32 taken = complete(uart_.mutate(uart_.port(input_port()), [chunk, count](devices::Uart16550State& s, devices::Uart16550State::Effects& e) {
      return s.receive(std::span<const u8>(chunk.data(), count), e);
    }));
    idle(input_port());
    detach();
    return taken;
  }

 public:
  devices::Console& console() { return console_; }

 private:
  BoardParts parts_;
  u32 harts_;
  RegistersConfig config_;
  Aclint aclint_;
  Sswi sswi_;
  Plic plic_;
  Syscon syscon_;
  Uart uart_;
  Rtc rtc_;
  std::array<std::optional<Virtio>, devices::virtio_slots> virtio_;
  NativePlatform::atomic<u32> slots_reset_{0};
  devices::DeviceWorker worker_;
  devices::Console console_;
};

}  // namespace vm
