// SPDX-License-Identifier: Apache-2.0
// SpinWait: how long a locker waits on its processor before it parks.
//
// Protocol:  a few rounds of doubling pauses, then a few offers of the processor to others (the holder may be without one when
//            threads exceed cores), then false: park. A futex wake costs the waker some 7 us and the woken 12; spinning is
//            cheaper than parking up to about that sum.
// Progress:  bounded.
// Source:    Boyar-Sundell style spin-then-park; Karlin et al., "Empirical studies of competitive spinning", SOSP 1991.
#pragma once
#include "vm/platform/platform.hpp"

namespace variants::sync {

template <vm::Platform P>
class SpinWait {
 public:
  // True when the caller should look again, false when it should park.
  bool spin() {
    if (round_ >= pause_rounds + yield_rounds) return false;
    ++round_;
    if (round_ <= pause_rounds) {
      for (unsigned i = 0; i < 1u << round_; ++i) P::pause();
    } else {
      P::yield();
    }
    return true;
  }
  void reset() { round_ = 0; }

 private:
  static constexpr unsigned pause_rounds = 3;
  static constexpr unsigned yield_rounds = 7;
  unsigned round_ = 0;
};

}  // namespace variants::sync
