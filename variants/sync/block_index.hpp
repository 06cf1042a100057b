// SPDX-License-Identifier: Apache-2.0
// The index from keys to objects, with the lists by page that invalidation needs. It has no synchronization of its own.
// Protocol:  the caller holds the lock that guards this structure (shared for find), or is the only thread that uses it.
// Invariant: a block that is in the index is not retired, and a block that has been taken out of it is. Plain objects are roots while
//            they are in the index; taking them out does not retire them.
// Progress:  bounded; constant on average but for insertions that grow the table.
#pragma once
#include <unordered_map>
#include <vector>

#include "variants/sync/page_blocks.hpp"

namespace variants::sync {

template <vm::Platform P>
class BlockIndex {
 public:
  using Object = vm::Object<P>;

  Object* find(const vm::BlockKey& key) const {
    const auto entry = entries_.find(key);
    return entry == entries_.end() ? nullptr : entry->second;
  }
  // The object that the index holds for the key now: `object`, or one that was there before.
  Object* insert(const vm::BlockKey& key, Object* object) {
    const auto [entry, inserted] = entries_.try_emplace(key, object);
    if (!inserted) return entry->second;
    object->key = key;
    for_each_page(key, [&](vm::Ppn page) { pages_.add(page, object); });
    return object;
  }
  // Takes one entry out; a block is retired by that. False: there was none.
  bool erase(const vm::BlockKey& key, LayerTally<P>& tally) {
    const auto entry = entries_.find(key);
    if (entry == entries_.end()) return false;
    take_out(entry->second, key, tally);
    return true;
  }
  void invalidate(vm::Ppn page, LayerTally<P>& tally) {
    pages_.for_each(page, [&](Object* block) { take_out(block, block->key, tally); });
  }
  void invalidate_all(LayerTally<P>& tally) {
    take_out_if(tally, [](const vm::BlockKey& key, const Object&) { return key.context != vm::plain_context; });
  }
  void evict_cold(LayerTally<P>& tally) {
    const auto cold = [](const vm::BlockKey&, const Object& object) { return object.kind == vm::ObjectKind::block && object.cold(); };
    LayerTally<P>::add(tally.evicted, take_out_if(tally, cold));
  }
  template <class F>
  void for_each(F f) const {
    for (const auto& [key, object] : entries_) f(object);
  }

 private:
  template <class Choice>
  vm::u64 take_out_if(LayerTally<P>& tally, Choice choice) {
    std::vector<std::pair<vm::BlockKey, Object*>> chosen;
    for (const auto& [key, object] : entries_) {
      if (choice(key, *object)) chosen.emplace_back(key, object);
    }
    for (const auto& [key, object] : chosen) take_out(object, key, tally);
    return chosen.size();
  }
  void take_out(Object* object, const vm::BlockKey key, LayerTally<P>& tally) {
    for_each_page(key, [&](vm::Ppn page) { pages_.remove(page, object); });
    entries_.erase(key);
    if (object->kind == vm::ObjectKind::block) retire_object(*object, tally);
  }

  std::unordered_map<vm::BlockKey, Object*, BlockKeyHash> entries_;
  PageBlocks<P> pages_;
};

}  // namespace variants::sync
