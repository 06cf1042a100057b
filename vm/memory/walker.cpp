// SPDX-License-Identifier: Apache-2.0
#include "vm/memory/walker.hpp"

#include "vm/hart/pmp.hpp"
#include "vm/memory/guest_memory.hpp"

namespace vm {

namespace {

// A PTE: N 63 | PBMT 62..61 | reserved 60..54 | PPN 53..10 | RSW 9..8 | D A G U X W R V
namespace pte {
constexpr u64 valid = 1;
constexpr u64 readable = 2;
constexpr u64 writable = 4;
constexpr u64 executable = 8;
constexpr u64 user = 16;
constexpr u64 accessed = 64;
constexpr u64 dirty = 128;
constexpr u64 reserved = ~u64{0} << 54;
constexpr u64 frame(u64 entry) { return (entry >> 10) & ((u64{1} << 44) - 1); }
}  // namespace pte

constexpr unsigned index_bits = 9;

// satp's mode 8 is Sv39; each next mode has one level more.
constexpr unsigned levels_of(unsigned mode) { return mode - 5; }

bool canonical(u64 address, unsigned levels) {
  const unsigned unused = 64 - (page_shift + index_bits * levels);
  return static_cast<u64>(static_cast<i64>(address << unused) >> unused) == address;
}

u64 updates(Access access) { return access == Access::store ? pte::accessed | pte::dirty : pte::accessed; }

}  // namespace

Permission check_leaf(const Leaf& leaf, Access access, Privilege privilege, bool sum, bool mxr) {
  const u64 entry = leaf.pte;
  const bool of_user = (entry & pte::user) != 0;
  if (privilege == Privilege::user) {
    if (!of_user) return Permission::fault;
  } else if (of_user && (access == Access::fetch || !sum)) {
    return Permission::fault;
  }
  const u64 loads_by = mxr ? pte::readable | pte::executable : pte::readable;
  const u64 granting = access == Access::fetch ? pte::executable : access == Access::load ? loads_by : pte::writable;
  if ((entry & granting) == 0) return Permission::fault;
  return (entry & updates(access)) == updates(access) ? Permission::ok : Permission::needs_update;
}

Walk walk(Hart& hart, Space space, u64 address, Access access, Privilege privilege, bool sum, bool mxr) {
  GuestMemory& memory = hart.memory;
  Walk result;
  const auto page_fault = [&] {
    result.fault = page_fault_of(access);
    return result;
  };
  const auto access_fault = [&] {
    result.fault = access_fault_of(access);
    return result;
  };
  const unsigned levels = levels_of(space.mode());
  if (!canonical(address, levels)) return page_fault();

  for (;;) {  // once more whenever another hart changed the leaf between its reading and its update
    u64 table = space.root().value << page_shift;
    for (unsigned level = levels - 1;; --level) {
      const u64 index = (address >> (page_shift + index_bits * level)) & ((1u << index_bits) - 1);
      const u64 at = table + index * sizeof(u64);
      if (!memory.contains(at, sizeof(u64)) || !pmp_allows(hart, at, sizeof(u64), Access::load, Privilege::supervisor))
        return access_fault();
      const u64 entry = memory.load_pte(at);
      if ((entry & pte::valid) == 0 || (entry & (pte::readable | pte::writable)) == pte::writable || (entry & pte::reserved) != 0) {
        return page_fault();
      }
      if ((entry & (pte::readable | pte::executable)) == 0) {  // points to the next table
        if (level == 0 || (entry & (pte::user | pte::accessed | pte::dirty)) != 0) return page_fault();
        table = pte::frame(entry) << page_shift;
        continue;
      }
      const u64 low = (u64{1} << (index_bits * level)) - 1;  // page-number bits that a superpage does not translate
      result.leaf = {entry, Vpn{(address >> page_shift) & ~low}, static_cast<u8>(level)};
      const Permission permission = check_leaf(result.leaf, access, privilege, sum, mxr);
      if (permission == Permission::fault || (pte::frame(entry) & low) != 0) return page_fault();
      if (permission == Permission::ok) return result;
      if (!pmp_allows(hart, at, sizeof(u64), Access::store, Privilege::supervisor)) return access_fault();
      result.leaf.pte = entry | updates(access);
      if (!memory.compare_exchange_pte(at, entry, result.leaf.pte)) break;
      result.written = GuestPhysical{at}.page();
      return result;
    }
  }
}

}  // namespace vm
