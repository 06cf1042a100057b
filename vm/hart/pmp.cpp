// SPDX-License-Identifier: Apache-2.0
// A region's configuration byte: L bit 7 | A bits 4..3 (0 off, 1 TOR, 2 NA4, 3 NAPOT) | X bit 2 | W bit 1 | R bit 0
#include "vm/hart/pmp.hpp"

#include "vm/hart/trap.hpp"

namespace vm {

namespace {

constexpr u8 readable = 1;
constexpr u8 writable = 2;
constexpr u8 executable = 4;
constexpr u8 locked = 0x80;
constexpr u8 writable_fields = 0x9f;
constexpr u64 address_fields = (u64{1} << 54) - 1;
enum class Match : u8 { off, tor, na4, napot };

Match match_of(u8 config) { return static_cast<Match>((config >> 3) & 3); }

PmpRegion region(const Csrs& csr, unsigned i) {
  const u64 address = csr.pmp_address[i];
  switch (match_of(csr.pmp_config[i])) {
    case Match::off: break;
    case Match::tor: {
      const u64 from = i == 0 ? 0 : csr.pmp_address[i - 1];
      if (from >= address) break;  // empty: matches nothing
      return {true, from << 2, (address << 2) - 1};
    }
    case Match::na4: return {true, address << 2, (address << 2) + 3};
    case Match::napot: {
      const u64 inside = address ^ (address + 1);  // the trailing ones and the zero above them: 4-byte units minus one
      return {true, (address & ~inside) << 2, ((address | inside) << 2) + 3};
    }
  }
  return {};
}

void pmp_changed(Hart& hart) {
  Csrs& csr = hart.csr;
  csr.pmp_used = 0;
  for (unsigned i = 0; i < pmp_regions; ++i) {
    csr.pmp[i] = region(csr, i);
    if (csr.pmp[i].on) csr.pmp_used = static_cast<u8>(i + 1);
  }
  hart.micro_tlb.flush();
  hart.slots.drop();
  code_context_changed(hart);
}

bool is_locked(const Csrs& csr, unsigned i) { return (csr.pmp_config[i] & locked) != 0; }

// The first region that overlaps [first, last], or pmp_regions.
unsigned matching(const Csrs& csr, u64 first, u64 last) {
  for (unsigned i = 0; i < csr.pmp_used; ++i) {
    const PmpRegion& r = csr.pmp[i];
    if (r.on && r.first <= last && first <= r.last) return i;
  }
  return pmp_regions;
}

bool contains(const PmpRegion& r, u64 first, u64 last) { return r.first <= first && last <= r.last; }

}  // namespace

bool pmp_allows(const Hart& hart, u64 physical, u64 length, Access access, Privilege privilege) {
  const Csrs& csr = hart.csr;
  const u64 last = physical + length - 1;
  if (last < physical) return false;  // runs over the end of the address space
  const unsigned i = matching(csr, physical, last);
  if (i == pmp_regions) return privilege == Privilege::machine;
  if (!contains(csr.pmp[i], physical, last)) return false;
  if (privilege == Privilege::machine && !is_locked(csr, i)) return true;
  const u8 needed = access == Access::fetch ? executable : access == Access::load ? readable : writable;
  return (csr.pmp_config[i] & needed) != 0;
}

bool pmp_page_uniform(const Hart& hart, Ppn page, Access, Privilege) {
  const u64 first = page.value << page_shift;
  const u64 last = first + page_bytes - 1;
  const unsigned i = matching(hart.csr, first, last);
  return i == pmp_regions || contains(hart.csr.pmp[i], first, last);
}

u64 pmp_config_read(const Hart& hart, unsigned index) {
  u64 value = 0;
  for (unsigned i = 0; i < 8; ++i) value |= static_cast<u64>(hart.csr.pmp_config[index * 4 + i]) << (8 * i);
  return value;
}

void pmp_config_write(Hart& hart, unsigned index, u64 value) {
  for (unsigned i = 0; i < 8; ++i) {
    const unsigned number = index * 4 + i;
    if (is_locked(hart.csr, number)) continue;
    u8 config = static_cast<u8>(value >> (8 * i)) & writable_fields;
    if ((config & readable) == 0) config &= static_cast<u8>(~writable);  // W without R is reserved
    hart.csr.pmp_config[number] = config;
  }
  pmp_changed(hart);
}

void pmp_address_write(Hart& hart, unsigned index, u64 value) {
  Csrs& csr = hart.csr;
  if (is_locked(csr, index)) return;
  // A locked TOR region locks its lower bound, too.
  if (index + 1 < pmp_regions && is_locked(csr, index + 1) && match_of(csr.pmp_config[index + 1]) == Match::tor) return;
  csr.pmp_address[index] = value & address_fields;
  pmp_changed(hart);
}

}  // namespace vm
