// SPDX-License-Identifier: Apache-2.0
// The nodes of the RCU TLB, and the queue of a shard's nodes.
#pragma once
#include "variants/rcu/hash_table.hpp"
#include "vm/layers/tlb.hpp"

namespace variants::rcu_variant {

// A cached leaf. What a reader reads is written before the node enters the table, and never again.
template <vm::Platform P>
struct TlbNode : RcuHashNode<P> {
  TlbNode(vm::Ticket of_walk, vm::Space in, const vm::Leaf& of) : walk(of_walk), space(in), leaf(of) {}

  bool holds(vm::Space in, vm::Vpn first, unsigned level) const {
    const vm::Leaf& mine = leaf.get();
    return mine.first == first && mine.level == level && space.get() == in;
  }

  typename P::template var<vm::Ticket> walk;
  typename P::template var<vm::Space> space;
  typename P::template var<vm::Leaf> leaf;
  TlbNode* previous = nullptr;                              // the shard's queue, under its mutex
  TlbNode* next = nullptr;                                  // likewise; then the retired nodes that are freed together
  typename P::template atomic<vm::u64>* backlog = nullptr;  // once it is retired
};

// The leaves of a shard, oldest first. Plain state, under the shard's mutex.
template <vm::Platform P>
class TlbQueue {
 public:
  using Node = TlbNode<P>;
  Node* oldest() const { return oldest_; }
  vm::u32 size() const { return size_; }

  void append(Node& node) {
    node.previous = newest_;
    (newest_ == nullptr ? oldest_ : newest_->next) = &node;
    newest_ = &node;
    ++size_;
  }
  void remove(Node& node) {
    (node.previous == nullptr ? oldest_ : node.previous->next) = node.next;
    (node.next == nullptr ? newest_ : node.next->previous) = node.previous;
    --size_;
  }

 private:
  Node* oldest_ = nullptr;
  Node* newest_ = nullptr;
  vm::u32 size_ = 0;
};

}  // namespace variants::rcu_variant
