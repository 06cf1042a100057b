// SPDX-License-Identifier: Apache-2.0
// Private TLB: the null control. Each hart has a TLB of its own, tickets of its own, and an inbox through which others' invalidations reach
// it. Protocol:  an invalidation is applied to the caller's TLB and posted to every other hart's inbox: the scope under the inbox's mutex,
// then the
//            `waiting` word. A hart that finds `waiting` set before an operation takes what is there, gives each scope a ticket of its own,
//            and sweeps its TLB. More scopes than the inbox holds become one flush, which is counted as over-invalidation.
// Invariant: a leaf, its walk's ticket and the tickets of invalidations are this hart's alone; a walk that begins with an empty inbox has
//            read the page table behind every invalidation taken from it. Only the inbox is shared.
// Progress:  lookup and fill are bounded and touch nothing shared while the inbox is empty; taking a full one blocks on its mutex.
// Source:    QEMU and RVVM: a TLB per virtual processor, and requests queued to it.
// Proof:     tests/contract/tlb_*.cpp
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <mutex>
#include <vector>

#include "variants/sync/tlb/counters.hpp"
#include "variants/sync/tlb/leaf_set.hpp"
#include "variants/sync/tlb/place.hpp"
#include "vm/layers/tlb.hpp"
#include "vm/platform/native.hpp"

namespace variants::private_variant {

// The scopes that other harts have invalidated and this one has not yet.
template <vm::Platform P>
class alignas(64) ScopeInbox {
 public:
  static constexpr unsigned room = 32;

  struct Content {
    std::array<vm::Scope, room> scopes;
    unsigned count = 0;
    bool overflowed = false;  // there were more
  };

  void post(const vm::Scope& scope) {
    const std::lock_guard lock(mutex_);
    if (content_.count < room) {
      content_.scopes[content_.count++] = scope;
    } else {
      content_.overflowed = true;
    }
    waiting_.store(1, vm::relaxed);
  }

  // Relaxed: whoever is to see an invalidation (T2) is after its return, hence after this store, by the edge that told him of the return;
  // whoever is not may see it or not. What is in the inbox is ordered by the mutex.
  [[gnu::always_inline]] bool waiting() const { return waiting_.load(vm::relaxed) != 0; }

  void take(Content& into) {
    const std::lock_guard lock(mutex_);
    std::copy_n(content_.scopes.begin(), content_.count, into.scopes.begin());
    into.count = content_.count;
    into.overflowed = content_.overflowed;
    content_.count = 0;
    content_.overflowed = false;
    waiting_.store(0, vm::relaxed);
  }

 private:
  typename P::template atomic<vm::u32> waiting_{0};
  typename P::mutex mutex_;
  Content content_;
};

template <vm::Platform P>
class Tlb {
 public:
  static constexpr auto lookup_progress = vm::Progress::blocking;
  static constexpr auto fill_progress = vm::Progress::blocking;

  class Reader {
    friend class Tlb;
    sync::TlbCounters<P> counters_;
    vm::Ticket now_{1};
    std::array<vm::u32, sync::leaf_levels> leaves_of_level_{};
    std::vector<sync::LeafSet> sets_;
    ScopeInbox<P> inbox_;
  };

  explicit Tlb(vm::TlbConfig config) : ways_(std::min(config.capacity, sync::LeafSet::ways)), readers_(config.harts) {
    INTERLOCK_INVARIANT(std::has_single_bit(config.capacity), "a TLB of %u leaves: a power of two is needed", config.capacity);
    for (Reader& reader : readers_) reader.sets_.resize(config.capacity / ways_);
  }

  void attach() {}
  void detach() {}
  Reader& reader(vm::HartId hart) { return readers_.at(hart.value); }

  vm::Ticket fresh(Reader& reader) { return advance(reader); }

  // Takes what is in the inbox first, so that a walk behind an invalidation is not refused for it.
  vm::Ticket begin_walk(Reader& reader) {
    catch_up(reader);
    return reader.now_;
  }

  vm::Ready<std::optional<vm::Leaf>> lookup(Reader& reader, vm::Ticket since, vm::Space space, vm::Vpn page) {
    reader.counters_.lookups.add();
    catch_up(reader);
    for (unsigned level = 0; level < sync::leaf_levels; ++level) {
      if (reader.leaves_of_level_[level] == 0) continue;
      const vm::Vpn first = sync::first_at(page, level);
      const vm::u64 place = sync::place(first, level, sync::colour(space.asid()));
      if (const auto leaf = at(reader, place).find(place, since, space, first, level)) {
        reader.counters_.hits.add();
        return {leaf};
      }
    }
    return {std::nullopt};
  }

  vm::Ready<bool> fill(Reader& reader, vm::Ticket walk, vm::Space space, vm::Leaf leaf) {
    catch_up(reader);
    const vm::u64 place = sync::place(leaf.first, leaf.level, sync::colour(space.asid()));
    const sync::LeafSet::Outcome outcome = at(reader, place).store(place, walk, space, leaf, ways_);
    if (outcome.what == sync::Stored::added || outcome.what == sync::Stored::evicted) ++reader.leaves_of_level_[leaf.level];
    if (outcome.what == sync::Stored::evicted) --reader.leaves_of_level_[outcome.evicted_level];
    return {reader.counters_.count(outcome.what)};
  }

  vm::Ready<void> invalidate(Reader& reader, vm::Scope scope) {
    reader.counters_.invalidates.add();
    catch_up(reader);
    apply(reader, scope);
    for (Reader& other : readers_) {
      if (&other != &reader) other.inbox_.post(scope);
    }
    return {};
  }

  // Nobody waits for a hart: its inbox is bounded.
  void quiescent(Reader&) {}
  void idle(Reader&) {}
  void busy(Reader&) {}

  // Leaves that an inbox will remove are counted when it is taken.
  vm::TlbStatistics statistics() const {
    vm::TlbStatistics sum;
    for (const Reader& reader : readers_) reader.counters_.add_to(sum);
    return sum;
  }

 private:
  static vm::Ticket advance(Reader& reader) { return {++reader.now_.value}; }
  static sync::LeafSet& at(Reader& reader, vm::u64 place) { return reader.sets_[place & (reader.sets_.size() - 1)]; }

  [[gnu::always_inline]] static void catch_up(Reader& reader) {
    if (reader.inbox_.waiting()) [[unlikely]]
      take_inbox(reader);
  }

  [[gnu::noinline]] static void take_inbox(Reader& reader) {
    typename ScopeInbox<P>::Content content;
    reader.inbox_.take(content);
    for (unsigned i = 0; i < content.count; ++i) apply(reader, content.scopes[i]);
    if (!content.overflowed) return;
    const vm::Ticket ticket = advance(reader);
    for (sync::LeafSet& set : reader.sets_) {
      set.flush(ticket, [&](unsigned level) {
        removed(reader, level);
        reader.counters_.over_invalidated.add();
      });
    }
  }

  static void apply(Reader& reader, const vm::Scope& scope) {
    const vm::Ticket ticket = advance(reader);
    const auto sweep = [&](sync::LeafSet& set) { set.sweep(ticket, scope, [&](unsigned level) { removed(reader, level); }); };
    if (scope.page) {
      sync::for_each_place(*scope.page, scope.asid, [&](vm::u64 place) { sweep(at(reader, place)); });
    } else {
      std::for_each(reader.sets_.begin(), reader.sets_.end(), sweep);
    }
  }

  static void removed(Reader& reader, unsigned level) {
    --reader.leaves_of_level_[level];
    reader.counters_.removed.add();
  }

  const unsigned ways_;
  std::vector<Reader> readers_;
};

static_assert(vm::TlbLayer<Tlb<vm::NativePlatform>>);

}  // namespace variants::private_variant
