// SPDX-License-Identifier: Apache-2.0
// Looks at what each hart is doing, every half millisecond, with jitter so that it does not beat with a guest's timer.
// What it costs the harts is the coherence miss of one load on each Phase's line.
#pragma once
#include <array>
#include <thread>
#include <vector>

#include "vm/machine/phase.hpp"

namespace vm {

class PhaseSampler {
 public:
  explicit PhaseSampler(std::vector<const Phase*> phases) : phases_(std::move(phases)), counts_(phases_.size()), thread_([this] { sample(); }) {}
  ~PhaseSampler() { stop(); }
  PhaseSampler(const PhaseSampler&) = delete;
  PhaseSampler& operator=(const PhaseSampler&) = delete;

  void stop() {
    stopping_.store(1, relaxed);
    if (thread_.joinable()) thread_.join();
  }
  // By PhaseName. After stop().
  const std::array<u64, phase_names>& counts(unsigned hart) const { return counts_[hart]; }

 private:
  void sample() {
    u64 random = 0x9e37'79b9'7f4a'7c15;
    while (stopping_.load(relaxed) == 0) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      std::this_thread::sleep_for(std::chrono::microseconds{400 + random % 200});
      for (unsigned i = 0; i < phases_.size(); ++i) ++counts_[i][static_cast<unsigned>(phases_[i]->now())];
    }
  }

  std::vector<const Phase*> phases_;
  std::vector<std::array<u64, phase_names>> counts_;
  NativePlatform::atomic<u32> stopping_{0};
  std::thread thread_;
};

}  // namespace vm
