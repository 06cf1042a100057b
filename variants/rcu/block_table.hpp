// SPDX-License-Identifier: Apache-2.0
// The index from keys to objects for readers without locks: liburcu's hash table, with lists of each page's blocks and of each stripe's
// entries beside it (to go through all entries by the table itself costs a cache miss for each of its buckets).
// Protocol:  find looks in the table alone. Whoever changes an entry holds the stripes of the key's pages (variants/sync/page_stripes.hpp),
// retires
//            the block first and takes it out of the table and the lists in the same step; a reader that still meets the entry sees
//            that the block is retired, and misses. Table nodes are freed a grace period later, by Rcu<P>::defer.
// Invariant: under a key's stripes: a block is in the table if and only if it is on its pages' lists and is not retired.
// Progress:  find lock-free, without a write to anything shared; insert and removal blocking on one or two stripes.
//            All inside a read section of the caller.
// Source:    McKenney, "Is Parallel Programming Hard", chapter 9 (deferred processing): readers check a deleted flag.
// Proof:     tests/contract/gc_*.cpp
#pragma once
#include <mutex>
#include <vector>

#include "variants/rcu/hash_table.hpp"
#include "variants/sync/page_stamps.hpp"
#include "variants/sync/page_stripes.hpp"

namespace variants::rcu_variant {

template <vm::Platform P>
class BlockTable {
 public:
  using Object = vm::Object<P>;
  using Tally = sync::LayerTally<P>;

  BlockTable(Tally& tally, vm::u64 buckets) : tally_(tally), table_(buckets) {}
  BlockTable(const BlockTable&) = delete;
  BlockTable& operator=(const BlockTable&) = delete;
  // On a registered thread, outside of sections; nobody else uses the table.
  ~BlockTable() {
    for (unsigned i = 0; i < Pages::stripes; ++i) {
      const ReadSection<P> section;
      while (Node* node = pages_[i].contents.newest) remove(*node);
    }
    Rcu<P>::barrier();
  }

  Object* find(const vm::BlockKey& key) const {
    const Node* node = table_.find(hash(key), match(key));
    return node != nullptr && node->object->warm() ? node->object : nullptr;
  }

  vm::Ticket now() const { return stamps_.now(); }

  // shade(object) comes before the object can be found.
  template <class Shade>
  vm::Published<P> insert(vm::Ticket ticket, const vm::BlockKey& key, Object* object, Shade shade) {
    const Held held(pages_, key);
    if (stamps_.outdated(key, ticket)) return {vm::Publication::refused, nullptr};
    if (const Node* present = table_.find(hash(key), match(key))) {
      present->object->warm();
      return {vm::Publication::existing, present->object};
    }
    object->warm();
    object->key = key;
    shade(object);
    Node* node = P::template make<Node>(*this, key, object);
    const Node* other = table_.insert(hash(key), match(key), *node);
    INTERLOCK_INVARIANT(other == nullptr, "key %llx was published outside of its stripe", static_cast<unsigned long long>(key.start));
    pages_.home(key).contents.add(*node);
    pages_.add(key, object);
    return {vm::Publication::published, object};
  }

  void invalidate(vm::Ppn page) {
    stamps_.invalidated(page);
    pages_.invalidate(page, [&](Object* block) {
      sync::retire_object(*block, tally_);
      take_out(block->key, block);
    });
  }
  // A block is retired with its entry; a plain object only ceases to be a root.
  bool erase(const vm::BlockKey& key) {
    const Held held(pages_, key);
    const Node* node = table_.find(hash(key), match(key));
    if (node == nullptr) return false;
    if (node->object->kind == vm::ObjectKind::block) sync::retire_object(*node->object, tally_);
    take_out(key, node->object);
    return true;
  }
  void evict_cold() {
    std::vector<vm::BlockKey> cold;
    for_each_entry([&](const Node& node) {
      if (node.object->kind == vm::ObjectKind::block && node.object->cold()) cold.push_back(node.key);
    });
    for (const vm::BlockKey& key : cold) evict_if_cold(key);
  }

  // f(object) for every object that is in the index from the beginning of the call to its end; for others perhaps. Under a stripe.
  template <class F>
  void for_each(F f) {
    for_each_entry([&](const Node& node) { f(node.object); });
  }
  // Entries taken out and not yet freed.
  vm::u64 backlog() const { return backlog_.load(vm::relaxed); }

 private:
  struct Node : RcuHashNode<P> {
    Node(BlockTable& in, const vm::BlockKey& of, Object* to) : table(in), key(of), object(to) {}
    BlockTable& table;
    const vm::BlockKey key;
    Object* const object;
    Node* older = nullptr;  // among the stripe's entries
    Node* newer = nullptr;
  };
  // The entries whose home is one stripe, under its lock.
  struct Entries {
    void add(Node& node) {
      node.older = newest;
      if (newest != nullptr) newest->newer = &node;
      newest = &node;
    }
    void remove(Node& node) {
      (node.newer == nullptr ? newest : node.newer->older) = node.older;
      if (node.older != nullptr) node.older->newer = node.newer;
    }
    Node* newest = nullptr;
  };
  using Pages = sync::PageStripes<P, typename P::mutex, Entries>;
  using Held = typename Pages::Held;

  static vm::u64 hash(const vm::BlockKey& key) { return sync::BlockKeyHash{}(key); }
  static auto match(const vm::BlockKey& key) {
    return [&key](const Node& node) { return node.key == key; };
  }
  template <class F>
  void for_each_entry(F f) {
    for (unsigned i = 0; i < Pages::stripes; ++i) {
      const std::lock_guard lock(pages_[i].lock);
      for (const Node* node = pages_[i].contents.newest; node != nullptr; node = node->older) f(*node);
    }
  }

  // Under Held of the key.
  void take_out(const vm::BlockKey key, Object* object) {
    pages_.remove(key, object);
    Node* node = table_.find(hash(key), match(key));
    INTERLOCK_INVARIANT(node != nullptr && node->object == object, "block %llx is on a page's list but not in the table",
                        static_cast<unsigned long long>(key.start));
    remove(*node);
  }
  void remove(Node& node) {
    pages_.home(node.key).contents.remove(node);
    const bool erased = table_.erase(node);
    INTERLOCK_INVARIANT(erased, "key %llx was removed outside of its stripe", static_cast<unsigned long long>(node.key.start));
    backlog_.fetch_add(1, vm::relaxed);
    Rcu<P>::defer(&free_node, &node);
  }
  static void free_node(void* pointer) {
    auto* node = static_cast<Node*>(pointer);
    node->table.backlog_.fetch_sub(1, vm::relaxed);
    P::destroy(node);
  }
  // Against a hart that warms it at the same moment, one compare-exchange decides.
  void evict_if_cold(const vm::BlockKey& key) {
    const Held held(pages_, key);
    const Node* node = table_.find(hash(key), match(key));
    if (node == nullptr || node->object->kind != vm::ObjectKind::block) return;
    vm::i32 cost = node->object->entry_cost.load(vm::relaxed);
    if (cost < vm::cold_cost || !node->object->entry_cost.compare_exchange(cost, vm::retired_cost, vm::relaxed, vm::relaxed)) return;
    sync::count_retired(*node->object, tally_);
    Tally::add(tally_.evicted);
    take_out(key, node->object);
  }

  Tally& tally_;
  sync::PageStamps<P> stamps_;
  Pages pages_;
  typename P::template atomic<vm::u64> backlog_{0};
  RcuHashTable<P, Node> table_;
};

}  // namespace variants::rcu_variant
