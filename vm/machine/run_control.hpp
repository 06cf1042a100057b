// SPDX-License-Identifier: Apache-2.0
// How a machine ends: the guest powers off or resets, or its user stops it.
#pragma once
#include <vector>

#include "vm/machine/attention.hpp"

namespace vm {

enum class StopReason : u8 { running, powered_off, reset, stopped };

class RunControl {
 public:
  void add(Signals& signals) { signals_.push_back(&signals); }

  // The first call decides; every hart leaves at its next safepoint, and sleepers wake. Any thread.
  void stop(StopReason reason, u32 code) {
    u64 running = 0;
    // stop_code: who sees the reason sees the code. They are one word, so relaxed is enough.
    if (!word_.compare_exchange(running, (u64{code} << 8) | static_cast<u64>(reason), relaxed, relaxed)) return;
    for (Signals* signals : signals_) raise_attention(*signals, attention_stop);
  }
  bool stopping() const { return word_.load(relaxed) != 0; }
  StopReason reason() const { return static_cast<StopReason>(word_.load(relaxed) & 0xff); }
  u32 code() const { return static_cast<u32>(word_.load(relaxed) >> 8); }

 private:
  NativePlatform::atomic<u64> word_{0};
  std::vector<Signals*> signals_;
};

}  // namespace vm
