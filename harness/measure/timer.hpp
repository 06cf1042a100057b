// SPDX-License-Identifier: Apache-2.0
// The timer of latency cells: the time-stamp counter, its rate and its own cost measured at start-up against the monotonic clock.
// Source: Intel SDM volume 3, 17.17 (invariant TSC).
#pragma once
#include <x86intrin.h>

#include <cstdint>

namespace harness {

class Timer {
 public:
  // Takes about 20 ms.
  Timer();
  static std::uint64_t now() { return __rdtsc(); }
  std::uint64_t nanoseconds(std::uint64_t ticks) const { return static_cast<std::uint64_t>(static_cast<double>(ticks) * nanoseconds_per_tick_); }
  // The median of what two readings one after the other differ by.
  double cost_nanoseconds() const { return cost_; }

 private:
  double nanoseconds_per_tick_;
  double cost_;
};

}  // namespace harness
