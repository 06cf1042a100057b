// SPDX-License-Identifier: Apache-2.0
// TlbCounters: one hart's share of TlbStatistics, in a cache line of its own, summed on demand.
// Invariant: only the thread that uses the Reader writes. Any thread may read, at any time.
// Progress:  wait-free.
#pragma once
#include "variants/sync/owned_counter.hpp"
#include "variants/sync/tlb/stored.hpp"
#include "vm/layers/tlb.hpp"
#include "vm/platform/platform.hpp"

namespace variants::sync {

template <vm::Platform P>
class alignas(64) TlbCounters {
 public:
  OwnedCounter<P> lookups, hits, fills, refused, invalidates, removed, over_invalidated, evictions;

  // A fill's outcome. True if it was accepted.
  bool count(Stored what) {
    const bool accepted = what != Stored::refused && what != Stored::refused_unknown;
    (accepted ? fills : refused).add();
    if (what == Stored::refused_unknown) over_invalidated.add();
    if (what == Stored::evicted) evictions.add();
    return accepted;
  }

  void add_to(vm::TlbStatistics& sum) const {
    sum.lookups += lookups.get();
    sum.hits += hits.get();
    sum.fills += fills.get();
    sum.refused += refused.get();
    sum.invalidates += invalidates.get();
    sum.removed += removed.get();
    sum.over_invalidated += over_invalidated.get();
    sum.evictions += evictions.get();
  }
};

}  // namespace variants::sync
