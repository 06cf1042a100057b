// SPDX-License-Identifier: Apache-2.0
// The register files that the contract tests guard: a counter, a wide file with a checksum, an interrupt controller, a receiver.
#pragma once
#include <array>
#include <atomic>
#include <tuple>

#include "selected_variant.hpp"
#include "tests/stress.hpp"
#include "vm/layers/device_registers.hpp"
#include "vm/platform/native.hpp"

namespace tests {

template <class State, class Sink>
using Registers = selected_variant::DeviceRegisters<vm::NativePlatform, State, Sink>;

// Attaches the calling thread to layers for as long as it lives.
template <class... Layers>
class Attached {
 public:
  explicit Attached(Layers&... layers) : layers_(&layers...) {
    std::apply([](auto*... layer) { (layer->attach(), ...); }, layers_);
  }
  ~Attached() {
    std::apply([](auto*... layer) { (layer->detach(), ...); }, layers_);
  }

 private:
  std::tuple<Layers*...> layers_;
};

template <class D, class F>
auto inspect(D& device, vm::u32 port, F f) {
  return vm::complete(device.inspect(device.port(port), f));
}
template <class D, class F>
auto mutate(D& device, vm::u32 port, F f) {
  return vm::complete(device.mutate(device.port(port), f));
}

struct IgnoreEffects {
  template <class Effects>
  void operator()(const Effects&) const {}
};

// Counts its mutations; each hart has a slot of its own too.
struct Counter {
  struct Effects {
    vm::u64 sequence;
    vm::u64 amount;
  };
  vm::u64 total = 0;
  vm::u64 sequence = 0;
  std::array<vm::u64, 64> by{};

  vm::u64 add(vm::u32 who, vm::u64 amount, Effects& effects) {
    total += amount;
    ++by[who];
    effects = {++sequence, amount};
    return sequence;
  }
};

// Many cache lines that must agree: word i holds mix(version, i).
template <unsigned Words>
struct Wide {
  struct Effects {
    vm::u64 version;
  };
  vm::u64 version = 0;
  std::array<vm::u64, Words> words = filled(0);

  static constexpr vm::u64 mix(vm::u64 version, vm::u64 index) { return (version + index) * 0x9e37'79b9'7f4a'7c15 ^ version; }
  static constexpr std::array<vm::u64, Words> filled(vm::u64 version) {
    std::array<vm::u64, Words> words{};
    for (unsigned i = 0; i < Words; ++i) words[i] = mix(version, i);
    return words;
  }
  bool whole() const {
    for (unsigned i = 0; i < Words; ++i) {
      if (words[i] != mix(version, i)) return false;
    }
    return true;
  }
};

// A PLIC in small: levels from gateways, claim and complete. A source is pending until claimed, then in service until completed.
struct Controller {
  static constexpr vm::u32 sources = 64;
  struct Effects {
    bool line;  // the interrupt line to the harts
    vm::u64 sequence;
  };
  vm::u64 level = 0;
  vm::u64 pending = 0;
  vm::u64 in_service = 0;
  vm::u64 sequence = 0;
  std::array<vm::u64, sources> level_version{};
  vm::u64 regressions = 0;  // levels that came with an older version than the one in force

  void tell(Effects& effects) { effects = {pending != 0, ++sequence}; }
  void set_level(vm::u32 source, bool high, vm::u64 version, Effects& effects) {
    if (version <= level_version[source]) ++regressions;
    level_version[source] = version;
    const vm::u64 bit = vm::u64{1} << source;
    level = high ? level | bit : level & ~bit;
    pending = high ? pending | (bit & ~in_service) : pending & ~bit;
    tell(effects);
  }
  // An edge: refused while the source is pending or in service.
  bool raise(vm::u32 source, Effects& effects) {
    const vm::u64 bit = vm::u64{1} << source;
    const bool accepted = ((pending | in_service) & bit) == 0;
    if (accepted) pending |= bit;
    tell(effects);
    return accepted;
  }
  // The source claimed, or `sources`.
  vm::u32 claim(Effects& effects) {
    vm::u32 source = sources;
    if (pending != 0) {
      source = static_cast<vm::u32>(__builtin_ctzll(pending));
      pending &= pending - 1;
      in_service |= vm::u64{1} << source;
    }
    tell(effects);
    return source;
  }
  void complete(vm::u32 source, Effects& effects) {
    in_service &= ~(vm::u64{1} << source);
    pending |= level & (vm::u64{1} << source);
    tell(effects);
  }
};

// A receiver in small: bytes in, bytes out, a level while it holds any.
struct Receiver {
  static constexpr vm::u32 room = 16;
  struct Effects {
    bool level;
    vm::u64 version;
  };
  std::array<vm::u32, room> bytes{};
  vm::u32 held = 0;
  vm::u32 head = 0;
  vm::u64 version = 0;

  void tell(Effects& effects) { effects = {held != 0, ++version}; }
  bool push(vm::u32 byte, Effects& effects) {
    const bool accepted = held < room;
    if (accepted) bytes[(head + held++) % room] = byte;
    tell(effects);
    return accepted;
  }
  // The byte, or 0 if there is none.
  vm::u32 pop(Effects& effects) {
    vm::u32 byte = 0;
    if (held != 0) {
      byte = bytes[head];
      head = (head + 1) % room;
      --held;
    }
    tell(effects);
    return byte;
  }
};

}  // namespace tests
