// SPDX-License-Identifier: Apache-2.0
// A hart's inbox of invalidated pages: any thread posts, the hart drains.
// Protocol:  each post takes the next number under the lock and makes it visible in `posted_`; the owner drains when `posted_` is not what
//            it drained last. A full inbox forgets the pages and says "all" instead, so a hart that sleeps for long costs bounded memory.
// Invariant: when drain returns, each post that happened before the call has been handed out, by its page or as "all".
// Progress:  nothing_new and last_posted wait-free; post and drain blocking.
// Source:    broadcast invalidation as in QEMU's async_run_on_cpu queues.
#pragma once
#include <mutex>
#include <utility>
#include <vector>

#include "vm/layers/gc.hpp"

namespace variants::private_variant {

template <vm::Platform P>
class alignas(64) Inbox {
 public:
  static constexpr std::size_t capacity = 1024;  // pages

  void post(vm::Ppn page) {
    const std::lock_guard lock(mutex_);
    if (pages_.size() == capacity) full_ = true;
    if (full_) {
      pages_.clear();
    } else {
      pages_.push_back(page);
    }
    // bytes_before_posted: the write to the page is visible to whoever reads this number. Pairs with posted_before_bytes.
    posted_.store(posted_.load(vm::relaxed) + 1, vm::release, "bytes_before_posted");
  }

  // The number of the newest post: a build that reads bytes after this call needs no post up to that number.
  vm::u64 last_posted() const {
    // posted_before_bytes: the number is read before the page's bytes are. Pairs with bytes_before_posted. Without it a builder could
    //   count an invalidation as past and yet have read the bytes from before it: a stale block would be published.
    return posted_.load(vm::acquire, "posted_before_bytes");
  }

  // The rest is for the owner. Relaxed: a post that happened before this load is seen by coherence, and the lock orders the contents.
  [[gnu::always_inline]] bool nothing_new() const { return posted_.load(vm::relaxed) == drained_; }

  // Calls one(page, number) for each post, or all(number) if there were too many.
  template <class One, class All>
  void drain(One one, All all) {
    std::vector<vm::Ppn> pages;
    bool full;
    vm::u64 number = drained_;
    {
      const std::lock_guard lock(mutex_);
      pages.swap(pages_);
      full = std::exchange(full_, false);
      drained_ = posted_.load(vm::relaxed);
    }
    if (full) all(drained_);
    for (const vm::Ppn page : pages) one(page, ++number);
  }

 private:
  typename P::template atomic<vm::u64> posted_{0};  // written under mutex_
  vm::u64 drained_ = 0;                             // the owner's
  typename P::mutex mutex_;                         // held for one push or swap; never across a suspension
  std::vector<vm::Ppn> pages_;
  bool full_ = false;
};

}  // namespace variants::private_variant
