// SPDX-License-Identifier: Apache-2.0
// What the TLB contract tests share: leaves whose PTE says what they are, the four forms of sfence.vma, and the layer under test.
//
//  PTE bits   | meaning
//  63 .. 40   | version of the translation
//  39 ..  8   | hash of (space, first page, level): a PTE paired with another leaf's place is seen
//   7 ..  0   | D A G U X W R V, G by the leaf
#pragma once
#include <cstdlib>
#include <ostream>
#include <string>

#include "selected_variant.hpp"
#include "vm/layers/tlb.hpp"
#include "vm/platform/native.hpp"

namespace vm {
inline void PrintTo(const Leaf& leaf, std::ostream* out) {
  *out << "leaf{pte " << std::hex << leaf.pte << " first " << leaf.first.value << std::dec << " level " << unsigned{leaf.level} << "}";
}
}  // namespace vm

namespace tlb_test {

using Tlb = selected_variant::Tlb<vm::NativePlatform>;
static_assert(vm::TlbLayer<Tlb>);

using vm::Asid;
using vm::complete;
using vm::HartId;
using vm::Leaf;
using vm::Scope;
using vm::Space;
using vm::Ticket;
using vm::u16;
using vm::u32;
using vm::u64;
using vm::u8;
using vm::Vpn;

inline constexpr unsigned sv39 = 8, sv48 = 9, sv57 = 10;  // satp modes
constexpr Space space_of(unsigned mode, unsigned asid, u64 root) { return {u64{mode} << 60 | u64{asid} << 44 | root}; }

constexpr u64 mixed(u64 x) {  // splitmix64
  x += 0x9e37'79b9'7f4a'7c15;
  x = (x ^ x >> 30) * 0xbf58'476d'1ce4'e5b9;
  x = (x ^ x >> 27) * 0x94d0'49bb'1331'11eb;
  return x ^ x >> 31;
}

constexpr Vpn first_page(Vpn page, unsigned level) { return {page.value & ~((u64{1} << (9 * level)) - 1)}; }

constexpr u64 signature(Space space, Vpn first, unsigned level) {
  return (mixed(mixed(space.satp) ^ mixed(first.value + level)) & 0xffff'ffff) << 8;
}

// The leaf of `level` that contains `page`.
constexpr Leaf leaf_of(Space space, Vpn page, unsigned level, u32 version = 0, bool global = false) {
  const Vpn first = first_page(page, level);
  return {u64{version} << 40 | signature(space, first, level) | 0xcf | (global ? 0x20U : 0U), first, static_cast<u8>(level)};
}
constexpr u32 version_of(const Leaf& leaf) { return static_cast<u32>(leaf.pte >> 40); }
constexpr bool untorn(Space space, const Leaf& leaf) {
  return (leaf.pte & 0xff'ffff'ff00) == signature(space, leaf.first, leaf.level) && first_page(leaf.first, leaf.level) == leaf.first;
}

constexpr Scope everything() { return {}; }
constexpr Scope one_page(Vpn page) { return {page, {}}; }
constexpr Scope one_asid(unsigned asid) { return {{}, Asid{static_cast<u16>(asid)}}; }
constexpr Scope page_and_asid(Vpn page, unsigned asid) { return {page, Asid{static_cast<u16>(asid)}}; }

// The layer, with the calling thread attached.
struct Attached : Tlb {
  explicit Attached(vm::TlbConfig config) : Tlb(config) { attach(); }
  ~Attached() { detach(); }

  Reader& hart(u32 index) { return reader(HartId{index}); }
  std::optional<Leaf> find(u32 hart_index, Space space, Vpn page, Ticket since = {}) {
    return complete(lookup(hart(hart_index), since, space, page));
  }
  bool put(u32 hart_index, Space space, const Leaf& leaf) {
    return complete(fill(hart(hart_index), begin_walk(hart(hart_index)), space, leaf));
  }
  bool put(u32 hart_index, Ticket walk, Space space, const Leaf& leaf) { return complete(fill(hart(hart_index), walk, space, leaf)); }
  void fence(u32 hart_index, const Scope& scope) { complete(invalidate(hart(hart_index), scope)); }
};

// INTERLOCK_STRESS multiplies the length of the randomized tests (default 1).
inline u64 scaled(u64 amount) {
  const char* const factor = std::getenv("INTERLOCK_STRESS");
  const double by = factor == nullptr ? 1.0 : std::atof(factor);
  return by <= 0 ? amount : static_cast<u64>(static_cast<double>(amount) * by) + 1;
}

// INTERLOCK_SEED replays one randomized run; each failure prints the seed that it needs.
inline std::optional<u64> replayed_seed() {
  const char* const seed = std::getenv("INTERLOCK_SEED");
  return seed == nullptr ? std::nullopt : std::optional<u64>{std::strtoull(seed, nullptr, 0)};
}
inline std::string replay(u64 seed) { return "replay with INTERLOCK_SEED=" + std::to_string(seed); }

// A small seeded generator: the same stream everywhere.
class Random {
 public:
  explicit Random(u64 seed) : state_(seed) {}
  u64 next() { return mixed(state_++ * 0x2545'f491'4f6c'dd1d); }
  u64 below(u64 limit) { return next() % limit; }
  bool one_in(u64 n) { return below(n) == 0; }

 private:
  u64 state_;
};

}  // namespace tlb_test
