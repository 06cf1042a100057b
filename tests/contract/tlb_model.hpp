// SPDX-License-Identifier: Apache-2.0
// The sequential reference model of the TLB contract: it remembers every fill and every invalidation, and says what may and what must be.
// One step is one operation; a walk, a `since` and an invalidation are each known by their step. Nothing here knows how a TLB works.
#pragma once
#include <vector>

#include "tests/contract/tlb_leaves.hpp"

namespace tlb_test {

class TlbModel {
 public:
  struct Filled {
    u32 hart;
    u64 walk;  // step
    Space space;
    Leaf leaf;
    bool must_hit = true;  // by its hart, while it is alive
  };

  u64 step() { return ++step_; }

  void invalidated(const Scope& scope) {
    const u64 now = step();
    invalidations_.push_back({now, scope});
    std::erase_if(filled_, [&](const Filled& each) { return scope.covers(each.space, each.leaf); });
  }

  // An invalidation since the walk's step covers the leaf: the fill must be refused (T3).
  bool must_refuse(u64 walk, Space space, const Leaf& leaf) const {
    for (auto it = invalidations_.rbegin(); it != invalidations_.rend() && it->step > walk; ++it) {
      if (it->scope.covers(space, leaf)) return true;
    }
    return false;
  }

  void filled(u32 hart, u64 walk, Space space, const Leaf& leaf) {
    // One key, one leaf: the newer walk's stays. For `private` that is so within a hart.
    for (Filled& each : filled_) {
      if (each.hart == hart && each.space == space && each.leaf.first == leaf.first && each.leaf.level == leaf.level) {
        if (each.walk > walk) {
          filled_.push_back({hart, walk, space, leaf, false});
          return;
        }
        each.must_hit = false;
        if (each.walk <= walk) each.leaf.pte = leaf.pte, each.walk = walk, each.must_hit = true;
        return;
      }
    }
    filled_.push_back({hart, walk, space, leaf});
  }

  // T1 and T2.
  bool may_return(u64 since, Space space, Vpn page, const Leaf& leaf) const {
    for (const Filled& each : filled_) {
      if (each.leaf == leaf && each.space == space && each.leaf.contains(page) && each.walk > since) return true;
    }
    return false;
  }
  // T6, while nothing has been evicted.
  bool must_hit(u32 hart, u64 since, Space space, Vpn page) const {
    for (const Filled& each : filled_) {
      if (each.must_hit && each.hart == hart && each.space == space && each.leaf.contains(page) && each.walk > since) return true;
    }
    return false;
  }
  // The layer has said that it removed more than it was asked to.
  void forget_what_must_hit() {
    for (Filled& each : filled_) each.must_hit = false;
  }

 private:
  struct Invalidation {
    u64 step;
    Scope scope;
  };
  u64 step_ = 0;
  std::vector<Filled> filled_;
  std::vector<Invalidation> invalidations_;
};

}  // namespace tlb_test
