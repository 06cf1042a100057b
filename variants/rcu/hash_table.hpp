// SPDX-License-Identifier: Apache-2.0
// RcuHashTable<P, Node>: the facade over liburcu's lock-free hash table (cds_lfht). Nodes are intrusive (Node derives from RcuHashNode<P>),
// the caller computes the hash, and a match is any callable bool(const Node&): it is asked only about nodes of an equal hash.
// Protocol:  every operation runs inside a read-side section of Rcu<P>, on a registered thread. Nodes come from P::make; whoever gets a
// node
//            back from erase or replace owns it alone, and hands it to Rcu<P>::defer: readers may still look at it until a grace period
//            ends.
// Invariant: while keys enter through insert and replace alone, at most one node of a key is in the table at any time.
// Progress:  lock-free; a find or an iteration never waits, restarts or writes. The table has a fixed number of buckets: nothing is
// resized. Source:    urcu/rculfhash.h (liburcu 0.13). Ordering: a successful insert, replace or erase is a full barrier before and after
// its commit;
//            find and the iterations order as rcu_dereference.
// Proof:     tests/rcu/hash_table.cpp; the model checker has a specification in place of the library.
#pragma once
#include <concepts>
#include <type_traits>
#include <utility>

#include "variants/rcu/rcu.hpp"
#include "vm/platform/invariant.hpp"
#include "vm/platform/native.hpp"

// After the flavour's header: rculfhash.h asks for it.
#include <urcu/rculfhash.h>

namespace variants::rcu_variant {

template <vm::Platform P>
class RcuHashNode;

template <vm::Platform P, class Node>
class RcuHashTable;

// The base of a node: one link, at offset 0 of this base.
template <>
class RcuHashNode<vm::NativePlatform> {
 private:
  template <vm::Platform P, class Node>
  friend class RcuHashTable;
  cds_lfht_node link_{};
};

template <class Node>
class RcuHashTable<vm::NativePlatform, Node> {
  using Base = RcuHashNode<vm::NativePlatform>;

 public:
  // Where find found a node: what replace_at needs. Valid until the end of the read-side section.
  class Position {
   public:
    Node* node() const { return of(iterator_.node); }
    explicit operator bool() const { return iterator_.node != nullptr; }

   private:
    friend class RcuHashTable;
    cds_lfht_iter iterator_{};
  };

  // buckets: a power of two; about the number of nodes expected. Any thread.
  explicit RcuHashTable(vm::u64 buckets) : table_(cds_lfht_new_flavor(buckets, buckets, buckets, 0, &urcu_memb_flavor, nullptr)) {
    static_assert(std::derived_from<Node, Base>);
    INTERLOCK_INVARIANT(table_ != nullptr, "no hash table of %llu buckets: a power of two, and memory for it, are needed",
                        static_cast<unsigned long long>(buckets));
  }
  RcuHashTable(const RcuHashTable&) = delete;
  RcuHashTable& operator=(const RcuHashTable&) = delete;
  // Empty by now, and no thread is in a section that used it. Not inside a read-side section.
  ~RcuHashTable() {
    const int result = cds_lfht_destroy(table_, nullptr);
    INTERLOCK_INVARIANT(result == 0, "the table still holds nodes (%d)", result);
  }

  // The first node of this hash that matches; nullptr if none.
  template <std::predicate<const Node&> Match>
  [[gnu::always_inline]] Node* find(vm::u64 hash, const Match& match) const {
    return locate(hash, match).node();
  }
  template <std::predicate<const Node&> Match>
  [[gnu::always_inline]] Position locate(vm::u64 hash, const Match& match) const {
    Position position;
    cds_lfht_lookup(table_, hash, &matches<Match>, &match, &position.iterator_);
    return position;
  }

  // Adds `node` unless one that matches is there. Returns nullptr if it was added, else the one there (`node` stays the caller's).
  template <std::predicate<const Node&> Match>
  Node* insert(vm::u64 hash, const Match& match, Node& node) {
    prepare(node);
    cds_lfht_node* const present = cds_lfht_add_unique(table_, hash, &matches<Match>, &match, link(node));
    return present == link(node) ? nullptr : of(present);
  }

  // Adds `node`, in place of the one that matches if there is one. Returns the node displaced, or nullptr. A find that runs meanwhile
  // finds exactly one of the two.
  template <std::predicate<const Node&> Match>
  Node* replace(vm::u64 hash, const Match& match, Node& node) {
    prepare(node);
    return of(cds_lfht_add_replace(table_, hash, &matches<Match>, &match, link(node)));
  }

  // Puts `node` in place of the one at `position`, of the same hash. False if that one has been removed meanwhile.
  template <std::predicate<const Node&> Match>
  bool replace_at(Position& position, vm::u64 hash, const Match& match, Node& node) {
    prepare(node);
    return cds_lfht_replace(table_, &position.iterator_, hash, &matches<Match>, &match, link(node)) == 0;
  }

  // Removes `node`. True for the one caller that removed it.
  bool erase(Node& node) { return cds_lfht_del(table_, link(node)) == 0; }

  // Visits each node of this hash that matches. visit(Node&) may erase the node that it is given.
  template <std::predicate<const Node&> Match, std::invocable<Node&> Visit>
  void for_each_equal(vm::u64 hash, const Match& match, Visit&& visit) {
    cds_lfht_iter iterator;
    cds_lfht_lookup(table_, hash, &matches<Match>, &match, &iterator);
    while (cds_lfht_node* const current = cds_lfht_iter_get_node(&iterator)) {
      cds_lfht_next_duplicate(table_, &matches<Match>, &match, &iterator);
      visit(*of(current));
    }
  }

  // Visits each node. visit(Node&) may erase the node that it is given.
  template <std::invocable<Node&> Visit>
  void for_each(Visit&& visit) {
    cds_lfht_iter iterator;
    cds_lfht_first(table_, &iterator);
    while (cds_lfht_node* const current = cds_lfht_iter_get_node(&iterator)) {
      seen_by_tsan::acquired(*current);
      cds_lfht_next(table_, &iterator);
      visit(*of(current));
    }
  }

 private:
  static cds_lfht_node* link(Node& node) { return &static_cast<Base&>(node).link_; }
  static Node* of(cds_lfht_node* link) {
    static_assert(std::is_standard_layout_v<Base>, "the link and its base have one address");
    return link == nullptr ? nullptr : static_cast<Node*>(reinterpret_cast<Base*>(link));
  }
  template <class Match>
  static int matches(cds_lfht_node* link, const void* match) {
    seen_by_tsan::acquired(*link);
    return (*static_cast<const Match*>(match))(std::as_const(*of(link))) ? 1 : 0;
  }
  // What the library's commit publishes, and its rcu_dereference sees: TSan is told, for the library is not instrumented.
  static void prepare(Node& node) {
    cds_lfht_node_init(link(node));
    seen_by_tsan::released(*link(node));
  }

  cds_lfht* const table_;
};

}  // namespace variants::rcu_variant
