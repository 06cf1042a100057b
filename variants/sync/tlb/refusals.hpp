// SPDX-License-Identifier: Apache-2.0
// Refusals<N>: what one lock's worth of a TLB remembers of past invalidations, to refuse the fills of walks that began before them (T3).
// Plain state: guarded by the lock (or owned by the hart) that guards the leaves beside it.
// Invariant: every invalidation noted is either one of `newest_`, with its scope, or not newer than floor_. So a fill is judged exactly
// while
//            its ticket is not older than the floor, and is refused unseen below it: that is over-invalidation, and counted (T6).
#pragma once
#include <algorithm>
#include <array>

#include "vm/layers/tlb.hpp"

namespace variants::sync {

enum class Verdict { accepted, covered, unknown };  // unknown: refused, though perhaps no invalidation covered it

template <unsigned N>
class Refusals {
 public:
  // An invalidation with this ticket. Tickets may come in any order, and one may come twice.
  void note(vm::Ticket ticket, const vm::Scope& scope) {
    auto oldest = newest_.begin();
    for (auto it = newest_.begin(); it != newest_.end(); ++it) {
      if (it->ticket == ticket) return;
      if (it->ticket < oldest->ticket) oldest = it;
    }
    if (ticket < oldest->ticket) {
      floor_ = std::max(floor_, ticket);
      return;
    }
    floor_ = std::max(floor_, oldest->ticket);
    *oldest = {ticket, scope};
  }

  // Refuses all walks older than this, whatever they found.
  void refuse_before(vm::Ticket ticket) { floor_ = std::max(floor_, ticket); }

  [[nodiscard]] Verdict judge(vm::Ticket walk, vm::Space space, const vm::Leaf& leaf) const {
    for (const Noted& noted : newest_) {
      if (noted.ticket > walk && noted.scope.covers(space, leaf)) return Verdict::covered;
    }
    return walk < floor_ ? Verdict::unknown : Verdict::accepted;
  }

 private:
  struct Noted {
    vm::Ticket ticket;
    vm::Scope scope;
  };
  vm::Ticket floor_;
  std::array<Noted, N> newest_{};
};

}  // namespace variants::sync
