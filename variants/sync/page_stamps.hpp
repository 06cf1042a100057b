// SPDX-License-Identifier: Apache-2.0
// When was a page last invalidated? The tickets of begin_build, and the check that publish makes (G4).
// Protocol:  an invalidation takes the next number of one clock and raises the stamp of its page's bucket to it, before it looks for
//            blocks under the lock of that page. A build's ticket is the clock's value. publish, holding the same lock, refuses a block
//            if a stamp of one of its pages is newer than its ticket. Whichever of the two comes first under the lock, the other sees it:
//            publish sees the stamp, or the invalidation finds the block.
// Invariant: outdated(page, ticket) under the page's lock is true if an invalidation of the page was called after the ticket was taken
//            and has released that lock. It may also be true for another page of the same bucket: an over-refusal.
// Progress:  now and outdated wait-free; invalidated lock-free.
#pragma once
#include <array>

#include "variants/sync/block_key_hash.hpp"

namespace variants::sync {

template <vm::Platform P, unsigned bucket_bits = 10>
class PageStamps {
 public:
  vm::Ticket now() const {
    // stamp_before_bytes: the clock is read before the page's bytes are. Pairs with bytes_before_stamp. Without it a builder could hold a
    //   ticket newer than an invalidation and yet have read the bytes from before it: publish would accept a stale block.
    return {clock_.load(vm::acquire, "stamp_before_bytes")};
  }
  void invalidated(vm::Ppn page) {
    // bytes_before_stamp: the write to the page is visible to whoever reads this tick. Pairs with stamp_before_bytes in now().
    const vm::u64 tick = clock_.fetch_add(1, vm::release, "bytes_before_stamp") + 1;
    Word& stamp = stamps_[bucket(page)];
    vm::u64 seen = stamp.load(vm::relaxed);
    while (seen < tick && !stamp.compare_exchange(seen, tick, vm::relaxed, vm::relaxed)) {
    }
  }
  bool outdated(vm::Ppn page, vm::Ticket ticket) const { return stamps_[bucket(page)].load(vm::relaxed) > ticket.value; }
  // Both pages of a key at once. A plain key is on no page and never outdated.
  bool outdated(const vm::BlockKey& key, vm::Ticket ticket) const {
    bool any = false;
    for_each_page(key, [&](vm::Ppn page) { any = any || outdated(page, ticket); });
    return any;
  }

 private:
  using Word = typename P::template atomic<vm::u64>;
  static unsigned bucket(vm::Ppn page) { return static_cast<unsigned>(spread(page.value) & ((1u << bucket_bits) - 1)); }

  alignas(64) Word clock_{0};
  alignas(64) std::array<Word, 1u << bucket_bits> stamps_{};
};

}  // namespace variants::sync
