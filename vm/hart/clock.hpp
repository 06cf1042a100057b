// SPDX-License-Identifier: Apache-2.0
// Guest time: mtime and the time CSR count 10 MHz ticks of the host's monotonic clock since the machine started.
#pragma once
#include "vm/platform/native.hpp"

namespace vm {

class MachineClock {
 public:
  static constexpr u64 ticks_per_second = 10'000'000;
  u64 ticks() const { return static_cast<u64>((NativePlatform::now() - start_).count()) / 100 + offset_; }
  // mtime is writable. Harts that compare with it look again at their next timer poll.
  void set_ticks(u64 value) { offset_ = value - static_cast<u64>((NativePlatform::now() - start_).count()) / 100; }

 private:
  std::chrono::nanoseconds start_ = NativePlatform::now();
  u64 offset_ = 0;
};

}  // namespace vm
