// SPDX-License-Identifier: Apache-2.0
// Where a leaf may lie: the hash that chooses its set or its shard.
// An invalidation knows a page and perhaps an ASID, but no space, and must find every leaf that contains the page. So the hash takes the
// leaf's first page, its level, and a colour, which is the low bits of the ASID: an invalidation of one page then looks at 5 places if it
// names an ASID and at 40 if it does not, while processes that use the same addresses still spread over 8 places.
#pragma once
#include "vm/layers/tlb.hpp"

namespace variants::sync {

inline constexpr unsigned asid_colours = 8;
inline constexpr unsigned leaf_levels = vm::max_leaf_level + 1;

// The first page of the leaf of this level that would contain `page`.
constexpr vm::Vpn first_at(vm::Vpn page, unsigned level) { return {page.value & ~((vm::u64{1} << (9 * level)) - 1)}; }

constexpr unsigned colour(vm::Asid asid) { return asid.value % asid_colours; }

// 64 well mixed bits: the low ones choose a set or a bucket, the highest byte is free for a tag.
constexpr vm::u64 place(vm::Vpn first, unsigned level, unsigned colour) {
  vm::u64 x = first.value ^ (vm::u64{level} << 58) ^ (vm::u64{colour} << 54);
  x *= 0x9e37'79b9'7f4a'7c15;  // 2^64 over the golden ratio, Knuth, TAOCP 6.4
  x ^= x >> 32;
  x *= 0xd6e8'feb8'6659'fd93;  // a finalizer, so that the low bits see the high ones
  return x ^ (x >> 32);
}

// Calls visit(place) for each place where a leaf that contains `page` may lie, at every level: also at those of which no leaf is cached,
// for a fill whose walk is under way must find the invalidation there.
template <class Visit>
void for_each_place(vm::Vpn page, std::optional<vm::Asid> asid, Visit&& visit) {
  const unsigned begin = asid ? colour(*asid) : 0;
  const unsigned end = asid ? begin + 1 : asid_colours;
  for (unsigned level = 0; level < leaf_levels; ++level) {
    for (unsigned c = begin; c < end; ++c) visit(place(first_at(page, level), level, c));
  }
}

}  // namespace variants::sync
