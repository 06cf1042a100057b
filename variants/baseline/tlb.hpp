// SPDX-License-Identifier: Apache-2.0
// Baseline TLB: a std::unordered_map under one reader-writer lock, first in, first out.
// Protocol:  lookup holds the lock shared; fill and invalidate hold it alone. An invalidation advances the clock inside the lock, so it
// sees
//            every older fill that was accepted, and every older fill that comes later sees it among the refusals.
// Invariant: under the lock the map, the queue of keys, and the counts by space agree. No leaf is in the scope of an invalidation that was
//            called after its walk began.
// Progress:  lookup and fill blocking.
// Source:    what most people write.
// Proof:     tests/contract/tlb_*.cpp
#pragma once
#include <array>
#include <bit>
#include <list>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "variants/sync/tlb/counters.hpp"
#include "variants/sync/tlb/place.hpp"
#include "variants/sync/tlb/refusals.hpp"
#include "variants/sync/tlb/ticket_clock.hpp"
#include "vm/layers/tlb.hpp"
#include "vm/platform/native.hpp"

namespace variants::baseline_variant {

template <vm::Platform P>
class Tlb {
 public:
  static constexpr auto lookup_progress = vm::Progress::blocking;
  static constexpr auto fill_progress = vm::Progress::blocking;

  class Reader {
    friend class Tlb;
    sync::TlbCounters<P> counters_;
  };

  explicit Tlb(vm::TlbConfig config) : capacity_(config.capacity), readers_(config.harts) {
    INTERLOCK_INVARIANT(std::has_single_bit(capacity_), "a TLB of %u leaves: a power of two is needed", capacity_);
    cached_.reserve(capacity_);
  }

  void attach() {}
  void detach() {}
  Reader& reader(vm::HartId hart) { return readers_.at(hart.value); }

  vm::Ticket fresh(Reader&) { return clock_.advance(); }
  vm::Ticket begin_walk(Reader&) { return clock_.now(); }

  vm::Ready<std::optional<vm::Leaf>> lookup(Reader& reader, vm::Ticket since, vm::Space space, vm::Vpn page) {
    reader.counters_.lookups.add();
    const std::shared_lock lock(mutex_);
    for (unsigned level = 0; level < sync::leaf_levels; ++level) {
      if (leaves_of_level_[level] == 0) continue;
      const auto found = cached_.find({space, sync::first_at(page, level), level});
      if (found == cached_.end() || found->second.walk < since) continue;
      reader.counters_.hits.add();
      return {leaf_of(*found)};
    }
    return {std::nullopt};
  }

  vm::Ready<bool> fill(Reader& reader, vm::Ticket walk, vm::Space space, vm::Leaf leaf) {
    const std::lock_guard lock(mutex_);
    return {reader.counters_.count(store(walk, space, leaf))};
  }

  vm::Ready<void> invalidate(Reader& reader, vm::Scope scope) {
    reader.counters_.invalidates.add();
    const std::lock_guard lock(mutex_);
    const vm::Ticket ticket = clock_.advance();
    refusals_.note(ticket, scope);
    if (scope.page && leaves_of_space_.size() * sync::leaf_levels < cached_.size()) {
      remove_page(reader, ticket, scope);
    } else {
      scan(reader, ticket, scope);
    }
    return {};
  }

  // The lock is held within an operation only: a hart between two operations holds nothing up.
  void quiescent(Reader&) {}
  void idle(Reader&) {}
  void busy(Reader&) {}

  vm::TlbStatistics statistics() const {
    vm::TlbStatistics sum;
    for (const Reader& reader : readers_) reader.counters_.add_to(sum);
    return sum;
  }

 private:
  struct Key {
    vm::Space space;
    vm::Vpn first;
    unsigned level = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const { return sync::place({key.first.value + key.space.satp * 0x9e37'79b9}, key.level, 0); }
  };
  struct Cached {
    vm::u64 pte = 0;
    vm::Ticket walk;
    typename std::list<Key>::iterator place_in_queue;
  };
  using Map = std::unordered_map<Key, Cached, Hash>;

  static vm::Leaf leaf_of(const typename Map::value_type& entry) {
    return {entry.second.pte, entry.first.first, static_cast<vm::u8>(entry.first.level)};
  }

  sync::Stored store(vm::Ticket walk, vm::Space space, const vm::Leaf& leaf) {
    switch (refusals_.judge(walk, space, leaf)) {
      case sync::Verdict::covered: return sync::Stored::refused;
      case sync::Verdict::unknown: return sync::Stored::refused_unknown;
      case sync::Verdict::accepted: break;
    }
    const Key key{space, leaf.first, leaf.level};
    const auto [entry, is_new] = cached_.try_emplace(key);
    Cached& cached = entry->second;
    if (!is_new) {
      if (cached.walk > walk) return sync::Stored::superseded;
      cached.pte = leaf.pte;
      cached.walk = walk;
      return sync::Stored::replaced;
    }
    cached = {leaf.pte, walk, queue_.insert(queue_.end(), key)};
    ++leaves_of_level_[leaf.level];
    ++leaves_of_space_[space.satp];
    if (cached_.size() <= capacity_) return sync::Stored::added;
    erase(cached_.find(queue_.front()));
    return sync::Stored::evicted;
  }

  typename Map::iterator erase(typename Map::iterator entry) {
    const Key& key = entry->first;
    --leaves_of_level_[key.level];
    const auto of_space = leaves_of_space_.find(key.space.satp);
    if (--of_space->second == 0) leaves_of_space_.erase(of_space);
    queue_.erase(entry->second.place_in_queue);
    return cached_.erase(entry);
  }

  // A probe for each space and level: fewer than there are leaves.
  void remove_page(Reader& reader, vm::Ticket ticket, const vm::Scope& scope) {
    for (auto of_space = leaves_of_space_.begin(); of_space != leaves_of_space_.end();) {
      const vm::Space space{(of_space++)->first};  // erase may take this space's count away
      if (scope.asid && *scope.asid != space.asid()) continue;
      for (unsigned level = 0; level < sync::leaf_levels; ++level) {
        if (leaves_of_level_[level] == 0) continue;
        const auto found = cached_.find({space, sync::first_at(*scope.page, level), level});
        if (found == cached_.end() || !outdated(*found, ticket, scope)) continue;
        erase(found);
        reader.counters_.removed.add();
      }
    }
  }

  void scan(Reader& reader, vm::Ticket ticket, const vm::Scope& scope) {
    for (auto entry = cached_.begin(); entry != cached_.end();) {
      if (!outdated(*entry, ticket, scope)) {
        ++entry;
        continue;
      }
      entry = erase(entry);
      reader.counters_.removed.add();
    }
  }

  static bool outdated(const typename Map::value_type& entry, vm::Ticket ticket, const vm::Scope& scope) {
    return entry.second.walk < ticket && scope.covers(entry.first.space, leaf_of(entry));
  }

  const vm::u32 capacity_;
  sync::TicketClock<P> clock_;
  alignas(64) typename P::shared_mutex mutex_;
  Map cached_;
  std::list<Key> queue_;  // oldest first
  std::array<vm::u32, sync::leaf_levels> leaves_of_level_{};
  std::unordered_map<vm::u64, vm::u32> leaves_of_space_;  // by satp
  sync::Refusals<16> refusals_;
  std::vector<Reader> readers_;
};

static_assert(vm::TlbLayer<Tlb<vm::NativePlatform>>);

}  // namespace variants::baseline_variant
