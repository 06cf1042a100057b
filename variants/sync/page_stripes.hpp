// SPDX-License-Identifier: Apache-2.0
// The blocks on each page, striped: pages are spread over locks, so that harts that build in different pages do not wait for each other.
// Protocol:  everything about a block changes under the locks of all its pages' stripes, taken in ascending order. invalidate does not
//            know the second stripe of a straddling block until it holds the first: it notes the stripe, lets go, takes both in order and
//            looks again.
// Invariant: a block is on the lists of exactly the pages of its key from publication to retirement, and what a caller does with
//            it under Held or in invalidate's callback is one step for all others.
// Progress:  blocking; no thread holds more than two stripes or waits for anything else while it holds one.
#pragma once
#include <array>

#include "variants/sync/page_blocks.hpp"

namespace variants::sync {

// Contents: what else a stripe's lock guards, by the home stripe of a key.
template <vm::Platform P, class Mutex, class Contents, unsigned stripe_bits = 6>
class PageStripes {
 public:
  using Object = vm::Object<P>;
  static constexpr unsigned stripes = 1u << stripe_bits;
  static_assert(stripe_bits <= 6, "a set of stripes is one 64-bit word");

  struct alignas(64) Stripe {
    Mutex lock;  // held for one operation on a table and a list
    PageBlocks<P> blocks;
    [[no_unique_address]] Contents contents;
  };

  Stripe& operator[](unsigned index) { return stripes_[index]; }
  Stripe& home(const vm::BlockKey& key) { return stripes_[home_index(key)]; }

  // Holds the stripes of a key exclusively.
  class Held {
   public:
    Held(PageStripes& pages, const vm::BlockKey& key) : Held(pages, home_index(key), straddles(key) ? of(key.second) : home_index(key)) {}
    Held(PageStripes& pages, unsigned one, unsigned other)
        : low_(pages[std::min(one, other)].lock), high_(pages[std::max(one, other)].lock) {
      low_.lock();
      if (&high_ != &low_) high_.lock();
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    ~Held() {
      if (&high_ != &low_) high_.unlock();
      low_.unlock();
    }

   private:
    Mutex& low_;
    Mutex& high_;
  };

  // Under Held of the key.
  void add(const vm::BlockKey& key, Object* block) {
    for_each_page(key, [&](vm::Ppn page) { stripes_[of(page)].blocks.add(page, block); });
  }
  void remove(const vm::BlockKey& key, Object* block) {
    for_each_page(key, [&](vm::Ppn page) { stripes_[of(page)].blocks.remove(page, block); });
  }

  // Calls f(block) for each block that is on the page when its stripe is first taken, with the block's stripes held. f must remove it.
  template <class F>
  void invalidate(vm::Ppn page, F f) {
    const unsigned here = of(page);
    vm::u64 others = take(page, here, here, f);
    for (; others != 0; others &= others - 1) take(page, here, static_cast<unsigned>(__builtin_ctzll(others)), f);
  }

 private:
  static unsigned of(vm::Ppn page) { return static_cast<unsigned>(spread(page.value) >> (64 - stripe_bits)); }
  static unsigned home_index(const vm::BlockKey& key) {
    return key.context == vm::plain_context ? static_cast<unsigned>(spread(key.start) >> (64 - stripe_bits)) : of(key.first_page());
  }
  // Takes the page's blocks that need no stripes but these two. Returns the further stripes that the others need.
  template <class F>
  vm::u64 take(vm::Ppn page, unsigned here, unsigned other, F f) {
    const Held held(*this, here, other);
    vm::u64 further = 0;
    stripes_[here].blocks.for_each(page, [&](Object* block) {
      const unsigned first = of(block->key.first_page());
      const unsigned second = straddles(block->key) ? of(block->key.second) : first;
      const unsigned far = first == here ? second : first;
      if (far == here || far == other) {
        f(block);
      } else {
        further |= vm::u64{1} << far;
      }
    });
    return further;
  }

  std::array<Stripe, stripes> stripes_;
};

}  // namespace variants::sync
