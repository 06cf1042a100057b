// SPDX-License-Identifier: Apache-2.0
// Hashes of block keys and pages. A block's start is 2-byte aligned and its context has few values, so both are spread by one
// multiplication. Source: Knuth, The Art of Computer Programming, volume 3, section 6.4 (multiplicative hashing); the fold is MurmurHash3's
// finalizer step.
#pragma once
#include "vm/layers/gc.hpp"

namespace variants::sync {

constexpr vm::u64 spread(vm::u64 value) {
  value *= 0x9e37'79b9'7f4a'7c15;
  return value ^ (value >> 32);
}

struct BlockKeyHash {
  constexpr std::size_t operator()(const vm::BlockKey& key) const {
    return spread(key.start ^ (vm::u64{key.context} << 40) ^ (key.second.value << 52));
  }
};

// Calls f(page) for each page that the key is on: none, one or two.
template <class F>
constexpr void for_each_page(const vm::BlockKey& key, F f) {
  if (key.context == vm::plain_context) return;
  f(key.first_page());
  if (key.second != vm::no_page && key.second != key.first_page()) f(key.second);
}

constexpr bool straddles(const vm::BlockKey& key) {
  return key.context != vm::plain_context && key.second != vm::no_page && key.second != key.first_page();
}

}  // namespace variants::sync
