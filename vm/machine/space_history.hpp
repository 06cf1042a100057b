// SPDX-License-Identifier: Apache-2.0
// Since when this hart has had each address space: the `since` of the TLB contract (T1).
// A space that is not remembered gets a fresh ticket, which is always right: it only makes lookups miss that could have hit.
#pragma once
#include <array>
#include <optional>

#include "vm/layers/tlb.hpp"

namespace vm {

class SpaceHistory {
 public:
  std::optional<Ticket> find(Space space) {
    for (Entry& entry : entries_) {
      if (entry.used && entry.space == space) {
        entry.last_use = ++clock_;
        return entry.since;
      }
    }
    return std::nullopt;
  }

  void add(Space space, Ticket since) {
    Entry* oldest = &entries_[0];
    for (Entry& entry : entries_) {
      if (!entry.used) {
        oldest = &entry;
        break;
      }
      if (entry.last_use < oldest->last_use) oldest = &entry;
    }
    *oldest = {true, space, since, ++clock_};
  }

  // After the hart's own fence: a fence without an address covers whole spaces.
  void forget(const Scope& scope) {
    if (scope.page) return;
    for (Entry& entry : entries_) {
      if (!scope.asid || *scope.asid == entry.space.asid()) entry.used = false;
    }
  }

 private:
  struct Entry {
    bool used = false;
    Space space;
    Ticket since;
    u64 last_use = 0;
  };
  std::array<Entry, 32> entries_;
  u64 clock_ = 0;
};

}  // namespace vm
