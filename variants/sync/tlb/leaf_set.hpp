// SPDX-License-Identifier: Apache-2.0
// LeafSet: eight leaves, a tag byte for each, and the memory of invalidations that goes with them. Plain state: one lock or one hart owns
// it. Invariant: a tag of 0 marks a free way; at most one way holds a given (space, first page, level), with its newest walk (T1). Layout:
// 56 bytes of header, so that an 8-byte-aligned lock before it shares its cache line; then two leaves a line. A hit touches two lines.
//
//  the word of a way: ticket << 3 | level
#pragma once
#include <bit>
#include <optional>

#include "variants/sync/tlb/refusals.hpp"
#include "variants/sync/tlb/stored.hpp"
#include "vm/layers/tlb.hpp"

namespace variants::sync {

class LeafSet {
 public:
  static constexpr unsigned ways = 8;

  struct Outcome {
    Stored what;
    vm::u8 evicted_level = 0;
  };

  // The leaf with this key whose walk is not older than `since`.
  [[gnu::always_inline]] std::optional<vm::Leaf> find(vm::u64 place, vm::Ticket since, vm::Space space, vm::Vpn first,
                                                      unsigned level) const {
    for (vm::u64 candidates = equal_tags(tag(place)); candidates != 0; candidates &= candidates - 1) {
      const Way& way = ways_[way_of(candidates)];
      if (way.holds(space, first, level)) {
        if (way.walk() < since) return std::nullopt;
        return vm::Leaf{way.pte, first, static_cast<vm::u8>(level)};
      }
    }
    return std::nullopt;
  }

  // Stores the leaf of a walk unless an invalidation refuses it, or a newer walk's leaf is there. `limit`: ways in use, 1 to 8.
  Outcome store(vm::u64 place, vm::Ticket walk, vm::Space space, const vm::Leaf& leaf, unsigned limit) {
    switch (refusals_.judge(walk, space, leaf)) {
      case Verdict::covered: return {Stored::refused};
      case Verdict::unknown: return {Stored::refused_unknown};
      case Verdict::accepted: break;
    }
    for (vm::u64 candidates = equal_tags(tag(place)); candidates != 0; candidates &= candidates - 1) {
      Way& way = ways_[way_of(candidates)];
      if (!way.holds(space, leaf.first, leaf.level)) continue;
      if (way.walk() > walk) return {Stored::superseded};
      way = Way(walk, space, leaf);
      return {Stored::replaced};
    }
    const unsigned free = way_of(equal_tags(0));  // 8 if none
    if (free < limit) {
      put(free, place, Way(walk, space, leaf));
      return {Stored::added};
    }
    const unsigned victim = hand_;
    hand_ = static_cast<vm::u8>((hand_ + 1) % limit);
    const auto level = static_cast<vm::u8>(ways_[victim].level());
    put(victim, place, Way(walk, space, leaf));
    return {Stored::evicted, level};
  }

  // An invalidation: removes the leaves in scope whose walks are older, calls removed(level) for each, and refuses such walks from now on.
  template <class Removed>
  void sweep(vm::Ticket ticket, const vm::Scope& scope, Removed&& removed) {
    refusals_.note(ticket, scope);
    remove_older(
        ticket, [&](const Way& way) { return scope.covers(way.space, way.leaf()); }, removed);
  }

  // Removes every leaf of an older walk, and refuses such walks from now on: more than anyone asked for.
  template <class Removed>
  void flush(vm::Ticket ticket, Removed&& removed) {
    refusals_.refuse_before(ticket);
    remove_older(
        ticket, [](const Way&) { return true; }, removed);
  }

 private:
  struct Way {
    Way() = default;
    Way(vm::Ticket walk, vm::Space in, const vm::Leaf& leaf)
        : space(in), first(leaf.first), pte(leaf.pte), word(walk.value << 3 | leaf.level) {}
    vm::Ticket walk() const { return {word >> 3}; }
    unsigned level() const { return word & 7; }
    vm::Leaf leaf() const { return {pte, first, static_cast<vm::u8>(level())}; }
    bool holds(vm::Space in, vm::Vpn page, unsigned at) const { return space == in && first == page && level() == at; }

    vm::Space space;
    vm::Vpn first;
    vm::u64 pte = 0;
    vm::u64 word = 0;
  };

  static constexpr vm::u64 ones = 0x0101'0101'0101'0101;
  static vm::u8 tag(vm::u64 place) {
    const auto top = static_cast<vm::u8>(place >> 56);
    return top == 0 ? 1 : top;
  }
  // Bit 7 of each byte of tags_ that equals `tag`, and of no other: a free way may still hold the key that it had.
  vm::u64 equal_tags(vm::u8 tag) const {
    constexpr vm::u64 low = ones * 0x7f;
    const vm::u64 difference = tags_ ^ (ones * tag);
    return ~(((difference & low) + low) | difference | low);
  }
  static unsigned way_of(vm::u64 candidates) { return static_cast<unsigned>(std::countr_zero(candidates)) / 8; }
  void set_tag(unsigned way, vm::u8 tag) { tags_ = (tags_ & ~(vm::u64{0xff} << (8 * way))) | vm::u64{tag} << (8 * way); }
  void put(unsigned way, vm::u64 place, const Way& leaf) {
    ways_[way] = leaf;
    set_tag(way, tag(place));
  }

  template <class Covered, class Removed>
  void remove_older(vm::Ticket ticket, const Covered& covered, Removed&& removed) {
    if (tags_ == 0) return;
    for (unsigned w = 0; w < ways; ++w) {
      if ((tags_ >> (8 * w) & 0xff) == 0 || ways_[w].walk() >= ticket || !covered(ways_[w])) continue;
      set_tag(w, 0);
      removed(ways_[w].level());
    }
  }

  vm::u64 tags_ = 0;
  vm::u8 hand_ = 0;
  Refusals<1> refusals_;
  std::array<Way, ways> ways_{};
};

}  // namespace variants::sync
