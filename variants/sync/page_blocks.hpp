// SPDX-License-Identifier: Apache-2.0
// The blocks on each page, for invalidate(page): lists through the blocks themselves, one list a page, a straddling block on two.
// Protocol:  the caller holds the lock that guards this structure, or is the only thread that uses it.
// Invariant: a block is on the lists of exactly the pages of its key from publication to retirement.
// Progress:  add is constant; remove walks one page's list (a 4 KiB page holds at most some hundred blocks).
#pragma once
#include <unordered_map>

#include "variants/sync/block_key_hash.hpp"
#include "variants/sync/object_heap.hpp"

namespace variants::sync {

template <vm::Platform P>
class PageBlocks {
 public:
  using Object = vm::Object<P>;

  void add(vm::Ppn page, Object* block) {
    Object*& head = heads_[page.value];
    next(page, block) = head;
    head = block;
  }
  void remove(vm::Ppn page, Object* block) {
    const auto entry = heads_.find(page.value);
    INTERLOCK_INVARIANT(entry != heads_.end(), "no block is known on page %llx", static_cast<unsigned long long>(page.value));
    for (Object** link = &entry->second; *link != nullptr; link = &next(page, *link)) {
      if (*link != block) continue;
      *link = next(page, block);
      if (entry->second == nullptr) heads_.erase(entry);
      return;
    }
    INTERLOCK_INVARIANT(false, "block %llx is not on page %llx", static_cast<unsigned long long>(block->key.start),
                        static_cast<unsigned long long>(page.value));
  }
  // Calls f(block) for each block on the page. f may remove that block.
  template <class F>
  void for_each(vm::Ppn page, F f) {
    const auto entry = heads_.find(page.value);
    for (Object* block = entry == heads_.end() ? nullptr : entry->second; block != nullptr;) {
      Object* following = next(page, block);
      f(block);
      block = following;
    }
  }

 private:
  static Object*& next(vm::Ppn page, Object* block) {
    return block->next[block->key.first_page() == page ? first_page_blocks : second_page_blocks];
  }
  std::unordered_map<vm::u64, Object*> heads_;
};

}  // namespace variants::sync
