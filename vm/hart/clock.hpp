// SPDX-License-Identifier: Apache-2.0
// Guest time: mtime and the time CSR count 10 MHz ticks of the host's monotonic clock since the machine started.
#pragma once
#include "vm/platform/native.hpp"

namespace vm {

class MachineClock {
 public:
  static constexpr u64 ticks_per_second = 10'000'000;
  static constexpr u64 nanoseconds_per_tick = 1'000'000'000 / ticks_per_second;

  u64 ticks() const { return elapsed() + offset_.load(relaxed); }
  // mtime is writable. Harts compare with it anew at their next timer poll.
  void set_ticks(u64 value) { offset_.store(value - elapsed(), relaxed); }

 private:
  u64 elapsed() const { return static_cast<u64>((NativePlatform::now() - start_).count()) / nanoseconds_per_tick; }

  std::chrono::nanoseconds start_ = NativePlatform::now();
  NativePlatform::atomic<u64> offset_{0};
};

}  // namespace vm
