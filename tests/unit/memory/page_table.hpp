// SPDX-License-Identifier: Apache-2.0
// Builds page tables in guest RAM for the walker's tests.
#pragma once
#include "tests/unit/hart/test_hart.hpp"
#include "vm/memory/walker.hpp"

namespace memory_tests {

using namespace vm;

namespace pte_bit {
inline constexpr u64 v = 1, r = 2, w = 4, x = 8, u = 16, g = 32, a = 64, d = 128;
}

class PageTable {
 public:
  PageTable(hart_tests::TestHart& hart, unsigned mode, u64 asid = 0) : hart_(hart), mode_(mode), asid_(asid), root_(next_frame()) {}

  unsigned levels() const { return mode_ - 5; }
  Space space() const { return {u64{mode_} << 60 | asid_ << 44 | root_}; }

  // The address of the PTE for `address` at `level`, making the tables above it.
  u64 slot(u64 address, unsigned level) {
    u64 table = root_;
    for (unsigned l = levels() - 1;; --l) {
      const u64 at = (table << page_shift) + (address >> (page_shift + 9 * l) & 511) * 8;
      if (l == level) return at;
      if (load(at) == 0) store(at, next_frame() << 10 | pte_bit::v);
      table = load(at) >> 10;
    }
  }
  // Maps the leaf that contains `address` to `frame`; returns its PTE's address.
  u64 map(u64 address, unsigned level, u64 frame, u64 bits) {
    const u64 at = slot(address, level);
    store(at, frame << 10 | bits);
    return at;
  }
  u64 load(u64 at) { return hart_.memory().load_pte(at); }
  void store(u64 at, u64 value) { ASSERT_TRUE(hart_.memory().write(at, {reinterpret_cast<const std::byte*>(&value), 8})); }

 private:
  u64 next_frame() { return (ram_base >> page_shift) + frames_++; }
  hart_tests::TestHart& hart_;
  unsigned mode_;
  u64 asid_;
  u64 frames_ = 1;
  u64 root_;
};

}  // namespace memory_tests
