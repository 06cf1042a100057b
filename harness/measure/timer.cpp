// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/timer.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace harness {

Timer::Timer() {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  const std::uint64_t first = now();
  while (Clock::now() - start < std::chrono::milliseconds{20}) {
  }
  const std::uint64_t last = now();
  const auto elapsed = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
  nanoseconds_per_tick_ = elapsed / static_cast<double>(last - first);

  std::array<std::uint64_t, 2001> differences{};
  for (auto& difference : differences) {
    const std::uint64_t before = now();
    difference = now() - before;
  }
  std::nth_element(differences.begin(), differences.begin() + differences.size() / 2, differences.end());
  cost_ = static_cast<double>(differences[differences.size() / 2]) * nanoseconds_per_tick_;
}

}  // namespace harness
