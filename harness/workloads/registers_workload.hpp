// SPDX-License-Identifier: Apache-2.0
// registers.poll and registers.claim_complete: the real PLIC inside the device-register layer.
//   registers.poll            every thread reads one enable word of the PLIC: an inspect
//   registers.claim_complete  every thread raises a source, claims, lowers what it claimed and completes it: mutations
//
// The answer: the word that is polled is the one that was written; a claimed source is held by one thread until it completes it (R2); and
// the sequence of effects that reaches the Sink has exactly one entry for each mutation.
#pragma once
#include <atomic>
#include <memory>

#include "harness/workloads/stream.hpp"
#include "harness/workloads/verdict.hpp"
#include "vm/devices/plic.hpp"
#include "vm/layers/device_registers.hpp"

namespace harness {

template <template <class State, class Sink> class Registers, bool claim>
class RegistersWorkload {
 public:
  using State = vm::devices::PlicState;
  using Effects = State::Effects;
  static constexpr std::uint32_t sources = 32;  // 1 .. 32

  RegistersWorkload(unsigned threads, std::uint64_t seed)
      : threads_(threads), registers_(vm::RegistersConfig{threads}, initial(threads), Sink{&delivered_}), held_(new Held[sources + 1]), mutations_(new Count[threads]) {
    for (unsigned i = 0; i < threads; ++i) {
      streams_.push_back(make_stream(seed, i, sources, 0));
      digest_ = digest_of(streams_.back(), digest_);
    }
  }

  void attach(unsigned) { registers_.attach(); }
  void detach(unsigned) { registers_.detach(); }
  // Around a batch of steps: outside of them the hart is idle, and holds up nobody.
  void enter(unsigned thread) { registers_.busy(registers_.port(thread)); }
  void leave(unsigned thread) { registers_.idle(registers_.port(thread)); }

  void step(unsigned thread, std::uint64_t i) {
    auto& port = registers_.port(thread);
    if (i % 256 == 0) registers_.quiescent(port);
    if constexpr (!claim) {
      const std::uint64_t word = vm::complete(registers_.inspect(port, [](const State& s) { return s.read(State::enable_offset, 4); }));
      if (word != all_enabled) verdict_.report("the enable word reads %llx", static_cast<unsigned long long>(word));
    } else {
      const std::uint32_t source = 1 + streams_[thread][i % stream_length].key;
      const std::uint64_t claim_offset = State::context_offset + 2 * thread * State::context_stride + 4;
      vm::complete(registers_.mutate(port, [source](State& s, Effects& e) { s.set_level(source, true, e); }));
      const auto got = static_cast<std::uint32_t>(vm::complete(registers_.mutate(port, [claim_offset](State& s, Effects& e) { return s.read_effect(claim_offset, 4, e); })));
      mutations_[thread].value += 2;
      if (got == 0) return;
      if (got > sources || held_[got].by.exchange(thread + 1) != 0) verdict_.report("source %u was claimed while it was held", got);
      vm::complete(registers_.mutate(port, [got](State& s, Effects& e) { s.set_level(got, false, e); }));
      held_[got].by.store(0);
      vm::complete(registers_.mutate(port, [claim_offset, got](State& s, Effects& e) { s.write(claim_offset, 4, got, e); }));
      mutations_[thread].value += 2;
    }
  }

  void finish() {
    std::uint64_t mutations = 0;
    for (unsigned i = 0; i < threads_; ++i) mutations += mutations_[i].value;
    if (delivered_ != mutations) {
      verdict_.report("%llu mutations, and %llu effects delivered", static_cast<unsigned long long>(mutations), static_cast<unsigned long long>(delivered_));
    }
  }
  const Verdict& verdict() const { return verdict_; }
  std::uint64_t digest() const { return digest_; }
  std::vector<std::pair<std::string, double>> counters() {
    const vm::RegistersStatistics s = registers_.statistics();
    return {{"inspections", static_cast<double>(s.inspections)}, {"mutations", static_cast<double>(s.mutations)}, {"retries", static_cast<double>(s.retries)}};
  }

 private:
  static constexpr std::uint64_t all_enabled = 0xffff'fffe;
  // Called in linearization order, one call at a time: a plain count is enough, and a wrong layer loses some.
  struct Sink {
    std::uint64_t* delivered;
    void operator()(const Effects&) const { ++*delivered; }
  };
  struct alignas(64) Held {
    std::atomic<unsigned> by{0};
  };
  struct alignas(64) Count {
    std::uint64_t value = 0;
  };

  static State initial(unsigned threads) {
    State state = State::make(threads);
    Effects none;
    for (std::uint32_t source = 1; source <= sources; ++source) state.write(State::priority_offset + 4 * source, 4, 1 + source % 7, none);
    for (unsigned hart = 0; hart < threads; ++hart) {
      state.write(State::enable_offset + State::enable_stride * 2 * hart, 4, all_enabled, none);
      state.write(State::enable_offset + State::enable_stride * 2 * hart + 4, 4, 1, none);
    }
    return state;
  }

  unsigned threads_;
  alignas(64) std::uint64_t delivered_ = 0;
  Registers<State, Sink> registers_;
  std::unique_ptr<Held[]> held_;
  std::unique_ptr<Count[]> mutations_;
  std::vector<std::vector<Operation>> streams_;
  std::uint64_t digest_ = 0xcbf2'9ce4'8422'2325;
  Verdict verdict_;
};

}  // namespace harness
