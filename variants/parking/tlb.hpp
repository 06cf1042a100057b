// SPDX-License-Identifier: Apache-2.0
// Parking TLB: sets of eight leaves, each under its own one-byte parking mutex, which lies in the cache line of the set's tags.
// Protocol:  lookup, fill and sweep hold the mutex of the one set that they touch. An invalidation first advances the clock, then goes
// through
//            the sets where its leaves may lie, one after the other; in each it removes the older leaves in scope and leaves its ticket and
//            scope behind, also where it finds nothing. So a fill that comes to a set before the sweep is removed by it, and one that comes
//            after it finds the ticket there and is refused: nothing else is needed for T3.
// Invariant: a set holds no leaf in the scope of an invalidation that has passed it, unless its walk is newer.
// Progress:  lookup and fill blocking.
// Why an exclusive lock: it is held for about ten instructions. A reader-writer lock writes the same line as often, and more slowly.
// Source:    Pizlo, "Locking in WebKit", 2016 (byte locks); x86 and RISC-V processors index their TLBs by page bits in the same way.
// Proof:     tests/contract/tlb_*.cpp
#pragma once
#include <algorithm>
#include <bit>
#include <mutex>
#include <vector>

#include "variants/sync/mutex.hpp"
#include "variants/sync/tlb/counters.hpp"
#include "variants/sync/tlb/leaf_set.hpp"
#include "variants/sync/tlb/place.hpp"
#include "variants/sync/tlb/superpage_census.hpp"
#include "variants/sync/tlb/ticket_clock.hpp"
#include "vm/layers/tlb.hpp"
#include "vm/platform/native.hpp"

namespace variants::parking_variant {

template <vm::Platform P>
class Tlb {
 public:
  static constexpr auto lookup_progress = vm::Progress::blocking;
  static constexpr auto fill_progress = vm::Progress::blocking;

  class Reader {
    friend class Tlb;
    sync::TlbCounters<P> counters_;
  };

  explicit Tlb(vm::TlbConfig config)
      : ways_(std::min(config.capacity, sync::LeafSet::ways)), sets_(config.capacity / ways_), readers_(config.harts) {
    INTERLOCK_INVARIANT(std::has_single_bit(config.capacity), "a TLB of %u leaves: a power of two is needed", config.capacity);
  }

  void attach() {}
  void detach() {}
  Reader& reader(vm::HartId hart) { return readers_.at(hart.value); }

  vm::Ticket fresh(Reader&) { return clock_.advance(); }
  vm::Ticket begin_walk(Reader&) { return clock_.now(); }

  vm::Ready<std::optional<vm::Leaf>> lookup(Reader& reader, vm::Ticket since, vm::Space space, vm::Vpn page) {
    reader.counters_.lookups.add();
    for (unsigned level = 0; level < sync::leaf_levels; ++level) {
      if (!superpages_.populated(level)) continue;
      const vm::Vpn first = sync::first_at(page, level);
      const vm::u64 place = sync::place(first, level, sync::colour(space.asid()));
      Set& set = at(place);
      const std::lock_guard lock(set.mutex);
      if (const auto leaf = set.leaves.find(place, since, space, first, level)) {
        reader.counters_.hits.add();
        return {leaf};
      }
    }
    return {std::nullopt};
  }

  vm::Ready<bool> fill(Reader& reader, vm::Ticket walk, vm::Space space, vm::Leaf leaf) {
    const vm::u64 place = sync::place(leaf.first, leaf.level, sync::colour(space.asid()));
    Set& set = at(place);
    const std::lock_guard lock(set.mutex);
    const sync::LeafSet::Outcome outcome = set.leaves.store(place, walk, space, leaf, ways_);
    superpages_.stored(outcome.what, leaf.level, outcome.evicted_level);
    return {reader.counters_.count(outcome.what)};
  }

  vm::Ready<void> invalidate(Reader& reader, vm::Scope scope) {
    reader.counters_.invalidates.add();
    const vm::Ticket ticket = clock_.advance();
    if (scope.page) {
      sync::for_each_place(*scope.page, scope.asid, [&](vm::u64 place) { sweep(reader, at(place), ticket, scope); });
    } else {
      for (Set& set : sets_) sweep(reader, set, ticket, scope);
    }
    return {};
  }

  // A lock is held within an operation only: a hart between two operations holds nothing up.
  void quiescent(Reader&) {}
  void idle(Reader&) {}
  void busy(Reader&) {}

  vm::TlbStatistics statistics() const {
    vm::TlbStatistics sum;
    for (const Reader& reader : readers_) reader.counters_.add_to(sum);
    return sum;
  }

 private:
  struct alignas(64) Set {
    sync::Mutex<P> mutex;
    sync::LeafSet leaves;
  };
  static_assert(sizeof(sync::Mutex<P>) > 8 || sizeof(Set) == 5 * 64, "a line of mutex, tags and refusals, and four of leaves");

  Set& at(vm::u64 place) { return sets_[place & (sets_.size() - 1)]; }

  void sweep(Reader& reader, Set& set, vm::Ticket ticket, const vm::Scope& scope) {
    const std::lock_guard lock(set.mutex);
    set.leaves.sweep(ticket, scope, [&](unsigned level) {
      superpages_.removed(level);
      reader.counters_.removed.add();
    });
  }

  const unsigned ways_;
  sync::TicketClock<P> clock_;
  sync::SuperpageCensus<P> superpages_;
  std::vector<Set> sets_;
  std::vector<Reader> readers_;
};

static_assert(vm::TlbLayer<Tlb<vm::NativePlatform>>);

}  // namespace variants::parking_variant
