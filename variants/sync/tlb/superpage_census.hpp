// SPDX-License-Identifier: Apache-2.0
// SuperpageCensus: how many leaves of each level above 0 are cached, so that a lookup probes only the levels in use.
// Invariant: counted in the same critical section that stores or removes the leaf: never below the truth for a lookup that happens after
//            the fill, never negative.
// Progress:  wait-free.
// Ordering:  relaxed. A lookup that happens after a fill sees its count by coherence; one that runs beside it may miss the leaf, as it may
// anyway.
#pragma once
#include <array>

#include "variants/sync/tlb/stored.hpp"
#include "vm/layers/tlb.hpp"
#include "vm/platform/platform.hpp"

namespace variants::sync {

template <vm::Platform P>
class alignas(64) SuperpageCensus {
 public:
  void added(unsigned level) {
    if (level != 0) leaves_[level - 1].fetch_add(1, vm::relaxed);
  }
  void removed(unsigned level) {
    if (level != 0) leaves_[level - 1].fetch_sub(1, vm::relaxed);
  }
  void stored(Stored what, unsigned level, unsigned evicted_level) {
    if (what == Stored::added || what == Stored::evicted) added(level);
    if (what == Stored::evicted) removed(evicted_level);
  }
  // Level 0 is always worth a probe.
  [[gnu::always_inline]] bool populated(unsigned level) const { return level == 0 || leaves_[level - 1].load(vm::relaxed) != 0; }

 private:
  std::array<typename P::template atomic<vm::u32>, vm::max_leaf_level> leaves_{};
};

}  // namespace variants::sync
