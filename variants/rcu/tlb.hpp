// SPDX-License-Identifier: Apache-2.0
// RCU TLB: liburcu's lock-free hash table. Readers take no lock and write nothing that is shared; updates go shard by shard under a mutex.
// Protocol:  a lookup is one read-side section: it finds a node, copies it and leaves. Nodes never change once they are in the table: a
// newer
//            walk's leaf replaces the node. fill and invalidate hold the mutex of the one shard that they touch. An invalidation first
//            advances the clock, then goes through the shards where its leaves may lie; in each it erases the older leaves in scope and
//            leaves its ticket and scope behind, also where it finds nothing: a later fill of an older walk finds them and is refused.
//            Nodes taken out of the table gather in their shard, and go to Rcu<P>::defer 32 at a time, to be freed a grace period later.
// Invariant: under a shard's mutex its queue and the table agree. A shard holds no leaf in the scope of an invalidation that has passed it,
//            unless its walk is newer. Nodes are at most capacity + backlog_limit.
// Progress:  lookup lock-free: it never waits and never restarts, but nodes that others insert ahead of it lengthen its way. fill blocking,
//            on the shard's mutex only. No operation waits for a grace period (the caller may be inside a section of the GC's):
//            at the backlog's limit fills are refused instead, and counted as over-invalidation.
// Source:    McKenney and Slingwine, "Read-copy update", PDCS 1998; Desnoyers et al., "User-level implementations of read-copy update",
//            IEEE TPDS 2012.
// Proof:     tests/contract/tlb_*.cpp
#pragma once
#include <algorithm>
#include <bit>
#include <mutex>
#include <utility>
#include <vector>

#include "variants/rcu/hash_table.hpp"
#include "variants/rcu/rcu.hpp"
#include "variants/rcu/tlb_nodes.hpp"
#include "variants/sync/tlb/counters.hpp"
#include "variants/sync/tlb/place.hpp"
#include "variants/sync/tlb/refusals.hpp"
#include "variants/sync/tlb/superpage_census.hpp"
#include "variants/sync/tlb/ticket_clock.hpp"
#include "vm/layers/tlb.hpp"
#include "vm/platform/native.hpp"

namespace variants::rcu_variant {

template <vm::Platform P>
class Tlb {
  using Node = TlbNode<P>;

 public:
  static constexpr auto lookup_progress = vm::Progress::lock_free;
  static constexpr auto fill_progress = vm::Progress::blocking;
  static constexpr vm::u64 backlog_limit = 1 << 16;  // nodes

  class Reader {
    friend class Tlb;
    sync::TlbCounters<P> counters_;
  };

  explicit Tlb(vm::TlbConfig config)
      : table_(std::max<vm::u64>(2 * config.capacity, 64)),
        shards_(std::max(1U, config.capacity / leaves_per_shard)),
        shard_capacity_(config.capacity / static_cast<vm::u32>(shards_.size())),
        readers_(config.harts) {
    INTERLOCK_INVARIANT(std::has_single_bit(config.capacity), "a TLB of %u leaves: a power of two is needed", config.capacity);
  }
  Tlb(const Tlb&) = delete;
  Tlb& operator=(const Tlb&) = delete;

  // No thread is in an operation, so nothing needs a grace period any more, and the caller is in no read-side section.
  ~Tlb() {
    Rcu<P>::register_thread();
    bool deferred = false;
    for (Shard& shard : shards_) {
      const ReadSection<P> section;  // the table asks for it
      while (Node* const node = shard.queue.oldest()) {
        take_out(shard, *node);
        P::destroy(node);
      }
      deferred |= shard.deferred;
    }
    if (deferred) Rcu<P>::barrier();  // callbacks count down backlog_
    for (Shard& shard : shards_) reclaim(shard.retired);
    Rcu<P>::unregister_thread();
  }

  void attach() { Rcu<P>::register_thread(); }
  void detach() { Rcu<P>::unregister_thread(); }
  Reader& reader(vm::HartId hart) { return readers_.at(hart.value); }

  vm::Ticket fresh(Reader&) { return clock_.advance(); }
  vm::Ticket begin_walk(Reader&) { return clock_.now(); }

  vm::Ready<std::optional<vm::Leaf>> lookup(Reader& reader, vm::Ticket since, vm::Space space, vm::Vpn page) {
    reader.counters_.lookups.add();
    const ReadSection<P> section;
    for (unsigned level = 0; level < sync::leaf_levels; ++level) {
      if (!superpages_.populated(level)) continue;
      const vm::Vpn first = sync::first_at(page, level);
      const vm::u64 place = sync::place(first, level, sync::colour(space.asid()));
      const Node* const node = table_.find(place, [&](const Node& other) { return other.holds(space, first, level); });
      if (node == nullptr || node->walk.get() < since) continue;
      reader.counters_.hits.add();
      return {node->leaf.get()};
    }
    return {std::nullopt};
  }

  vm::Ready<bool> fill(Reader& reader, vm::Ticket walk, vm::Space space, vm::Leaf leaf) {
    const vm::u64 place = sync::place(leaf.first, leaf.level, sync::colour(space.asid()));
    Shard& shard = at(place);
    const std::lock_guard lock(shard.mutex);
    return {reader.counters_.count(store(shard, place, walk, space, leaf))};
  }

  vm::Ready<void> invalidate(Reader& reader, vm::Scope scope) {
    reader.counters_.invalidates.add();
    const vm::Ticket ticket = clock_.advance();
    if (scope.page) {
      sync::for_each_place(*scope.page, scope.asid, [&](vm::u64 place) { sweep_place(reader, place, ticket, scope); });
    } else {
      for (Shard& shard : shards_) sweep_shard(reader, shard, ticket, scope);
    }
    return {};
  }

  // A read-side section spans exactly a lookup, so a hart between two operations is in none of ours; quiescent states are for the GC to
  // announce, whose sections are longer.
  void quiescent(Reader&) {}
  void idle(Reader&) {}
  void busy(Reader&) {}

  vm::TlbStatistics statistics() const {
    vm::TlbStatistics sum;
    for (const Reader& reader : readers_) reader.counters_.add_to(sum);
    return sum;
  }

 private:
  static constexpr vm::u32 leaves_per_shard = 64;
  static constexpr vm::u32 retired_together = 32;  // one callback's allocation and wake-up for so many nodes
  struct alignas(64) Shard {
    typename P::mutex mutex;
    TlbQueue<P> queue;
    sync::Refusals<4> refusals;
    Node* retired = nullptr;  // out of the table, not deferred yet
    vm::u32 retired_count = 0;
    bool deferred = false;  // some have been
  };

  // The bits above those that choose a bucket, so that a shard's leaves spread over all buckets.
  Shard& at(vm::u64 place) { return shards_[place >> 40 & (shards_.size() - 1)]; }

  sync::Stored store(Shard& shard, vm::u64 place, vm::Ticket walk, vm::Space space, const vm::Leaf& leaf) {
    switch (shard.refusals.judge(walk, space, leaf)) {
      case sync::Verdict::covered: return sync::Stored::refused;
      case sync::Verdict::unknown: return sync::Stored::refused_unknown;
      case sync::Verdict::accepted: break;
    }
    if (backlog_.load(vm::relaxed) >= backlog_limit) return sync::Stored::refused_unknown;
    const auto same = [&](const Node& other) { return other.holds(space, leaf.first, leaf.level); };
    const ReadSection<P> section;
    // Only this shard's mutex admits changes of this key: what find says stays true until replace.
    if (const Node* const present = table_.find(place, same); present != nullptr && present->walk.get() > walk)
      return sync::Stored::superseded;
    Node& node = *P::template make<Node>(walk, space, leaf);
    shard.queue.append(node);
    if (Node* const older = table_.replace(place, same, node)) {
      shard.queue.remove(*older);
      retire(shard, *older);
      return sync::Stored::replaced;
    }
    superpages_.added(leaf.level);
    if (shard.queue.size() <= shard_capacity_) return sync::Stored::added;
    Node& victim = *shard.queue.oldest();
    take_out(shard, victim);
    retire(shard, victim);
    return sync::Stored::evicted;
  }

  void sweep_place(Reader& reader, vm::u64 place, vm::Ticket ticket, const vm::Scope& scope) {
    Shard& shard = at(place);
    const std::lock_guard lock(shard.mutex);
    shard.refusals.note(ticket, scope);
    const ReadSection<P> section;
    const auto outdated = [&](const Node& node) { return node.walk.get() < ticket && scope.covers(node.space.get(), node.leaf.get()); };
    table_.for_each_equal(place, outdated, [&](Node& node) {
      take_out(shard, node);
      retire(shard, node);
      reader.counters_.removed.add();
    });
  }

  void sweep_shard(Reader& reader, Shard& shard, vm::Ticket ticket, const vm::Scope& scope) {
    const std::lock_guard lock(shard.mutex);
    shard.refusals.note(ticket, scope);
    const ReadSection<P> section;
    for (Node* node = shard.queue.oldest(); node != nullptr;) {
      Node& current = *node;
      node = node->next;
      if (current.walk.get() >= ticket || !scope.covers(current.space.get(), current.leaf.get())) continue;
      take_out(shard, current);
      retire(shard, current);
      reader.counters_.removed.add();
    }
  }

  // Under the shard's mutex, inside a read-side section.
  void take_out(Shard& shard, Node& node) {
    const bool erased = table_.erase(node);
    INTERLOCK_INVARIANT(erased, "a leaf in its shard's queue was not in the table");
    shard.queue.remove(node);
    superpages_.removed(node.leaf.get().level);
  }

  void retire(Shard& shard, Node& node) {
    node.backlog = &backlog_;
    node.next = std::exchange(shard.retired, &node);
    backlog_.fetch_add(1, vm::relaxed);
    if (++shard.retired_count < retired_together) return;
    Rcu<P>::defer(&reclaim, std::exchange(shard.retired, nullptr));
    shard.retired_count = 0;
    shard.deferred = true;
  }
  static void reclaim(void* chain) {
    for (auto* node = static_cast<Node*>(chain); node != nullptr;) {
      Node* const next = node->next;
      node->backlog->fetch_sub(1, vm::relaxed);
      P::destroy(node);
      node = next;
    }
  }

  sync::TicketClock<P> clock_;
  sync::SuperpageCensus<P> superpages_;
  RcuHashTable<P, Node> table_;
  std::vector<Shard> shards_;
  const vm::u32 shard_capacity_;
  alignas(64) typename P::template atomic<vm::u64> backlog_{0};  // nodes out of the table, not freed yet
  std::vector<Reader> readers_;
};

static_assert(vm::TlbLayer<Tlb<vm::NativePlatform>>);

}  // namespace variants::rcu_variant
