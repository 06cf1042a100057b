// SPDX-License-Identifier: Apache-2.0
#include "vm/machine/translation.hpp"

#include "vm/hart/pmp.hpp"
#include "vm/memory/walker.hpp"
#include "vm/translate/block.hpp"

namespace vm {

namespace {

Privilege privilege_of(Regime regime) {
  switch (regime) {
    case Regime::user: return Privilege::user;
    case Regime::supervisor:
    case Regime::supervisor_sum: return Privilege::supervisor;
    case Regime::machine: break;
  }
  return Privilege::machine;
}

Cause access_fault(Access access) {
  if (access == Access::fetch) return Cause::fetch_access_fault;
  return access == Access::store ? Cause::store_access_fault : Cause::load_access_fault;
}

Permission permission(const Hart& hart, const Translation& t, Access access) {
  return check_leaf(*t.leaf, access, privilege_of(t.regime), t.regime == Regime::supervisor_sum, hart.csr.mxr());
}

bool is_32_bit(u16 halfword) { return (halfword & 3) == 3; }

u16 load_halfword(const GuestMemory& memory, u64 physical) {
  return __atomic_load_n(reinterpret_cast<const u16*>(memory.host(physical)), __ATOMIC_RELAXED);
}

// May the micro-TLB keep it? It needs one answer for the whole page, and room for the two pages of a crossing access at once.
bool keep(const Hart& hart, bool uniform) { return uniform && hart.micro_tlb.entries() >= 2; }

const FetchEntry* find_fetch(const Hart& hart, u64 address) {
  if (const FetchEntry* entry = hart.micro_tlb.find_fetch(hart.fetch_regime, address)) return entry;
  for (const FetchEntry& slot : hart.slots.fetch) {
    if (slot.page == (address & ~(page_bytes - 1))) return &slot;
  }
  return nullptr;
}

}  // namespace

Translation begin_translation(const Hart& hart, u64 address, Access access, u8 width) {
  Translation t;
  t.address = address;
  t.page = Vpn{address >> page_shift};
  t.access = access;
  t.width = width == 0 ? 1 : width;
  t.regime = access == Access::fetch ? hart.fetch_regime : hart.data_regime;
  t.paged = t.regime != Regime::machine && Space{hart.csr.satp}.mode() != 0;
  return t;
}

bool permitted(const Hart& hart, const Translation& t) { return t.leaf && permission(hart, t, t.access) == Permission::ok; }

Ppn walk_into(Hart& hart, Translation& t) {
  const Walk walked = walk(hart, Space{hart.csr.satp}, t.address, t.access, privilege_of(t.regime), t.regime == Regime::supervisor_sum, hart.csr.mxr());
  t.fault = walked.fault;
  if (walked.fault) {
    t.leaf.reset();
  } else {
    t.leaf = walked.leaf;
  }
  return walked.written;
}

void install(Hart& hart, Translation& t) {
  const u64 page = t.address & ~(page_bytes - 1);
  const u64 frame = t.paged ? t.leaf->frame(t.page).value << page_shift : page;
  const u64 physical = frame | (t.address & (page_bytes - 1));
  const Privilege privilege = privilege_of(t.regime);
  const u8 level = t.paged ? t.leaf->level : u8{0};
  const bool global = t.paged && t.leaf->global();
  const u64 length = std::min<u64>(t.width, page_bytes - (t.address & (page_bytes - 1)));
  if (!pmp_allows(hart, physical, length, t.access, privilege)) {
    t.fault = access_fault(t.access);
    return;
  }
  if (t.access == Access::fetch) {
    const FetchEntry entry{page, frame, level, global};
    if (keep(hart, pmp_page_uniform(hart, Ppn{frame >> page_shift}, Access::fetch, privilege))) {
      hart.micro_tlb.fill(t.regime, entry);
    } else {
      hart.slots.add(entry);
    }
    return;
  }

  MicroTlbEntry entry;
  entry.page = page;
  entry.frame = frame;
  entry.leaf_level = level;
  entry.global = global;
  entry.device = !hart.memory.contains(frame, page_bytes);
  const Ppn ppn{frame >> page_shift};
  const bool uniform = pmp_page_uniform(hart, ppn, Access::load, privilege) && pmp_page_uniform(hart, ppn, Access::store, privilege);
  // A split page, or one of another kind of access: the slot serves this access only.
  const bool may_load = !t.paged || permission(hart, t, Access::load) == Permission::ok;
  const bool may_store = !t.paged || permission(hart, t, Access::store) == Permission::ok;
  entry.readable = may_load && (uniform ? pmp_allows(hart, physical, length, Access::load, privilege) : t.access == Access::load);
  entry.writable = may_store && (uniform ? pmp_allows(hart, physical, length, Access::store, privilege) : t.access == Access::store);
  if (!uniform && t.access == Access::store) entry.readable = may_load && pmp_allows(hart, physical, length, Access::load, privilege);
  if (!entry.device) {
    entry.addend = reinterpret_cast<u64>(hart.memory.host(frame)) - page;
    if (entry.readable) entry.load_tag = page;
    if (entry.writable && t.access == Access::store) {
      entry.tracked = !hart.memory.pages().grant_write(ppn, hart.id);
      if (!entry.tracked) entry.store_tag = page;
    } else {
      entry.writable = false;  // the first store asks again, and takes write permission then
    }
  }
  if (keep(hart, uniform)) {
    hart.micro_tlb.fill(t.regime, entry);
  } else {
    hart.slots.add(entry);
  }
}

std::span<const u8> BlockSite::first_bytes(const GuestMemory& memory) const {
  const u64 length = narrow ? first_length : page_bytes - (key.start & (page_bytes - 1));
  return {memory.host(key.start), length};
}

std::span<const u8> BlockSite::second_bytes(const GuestMemory& memory) const {
  if (key.second == no_page) return {};
  return {memory.host(key.second.value << page_shift), 2};
}

BlockSite find_site(const Hart& hart, const GuestMemory& memory) {
  BlockSite site;
  const u64 offset = hart.pc & (page_bytes - 1);
  const FetchEntry* here = find_fetch(hart, hart.pc);
  if (here == nullptr) {
    site.missing = true;
    site.missing_address = hart.pc;
    return site;
  }
  site.key.start = here->frame | offset;
  site.key.context = block_context(hart);
  if (!memory.contains(here->frame, page_bytes)) {
    site.fault = Cause::fetch_access_fault;
    return site;
  }
  const bool last_halfword = offset == page_bytes - 2;
  const bool wide = is_32_bit(load_halfword(memory, site.key.start));
  if (last_halfword && wide) {
    const FetchEntry* next = find_fetch(hart, hart.pc + 2);
    if (next == nullptr) {
      site.missing = true;
      site.missing_address = hart.pc + 2;
      return site;
    }
    if (!memory.contains(next->frame, page_bytes)) {
      site.fault = Cause::fetch_access_fault;
      return site;
    }
    site.key.second = Ppn{next->frame >> page_shift};
  }
  const Privilege privilege = hart.csr.privilege;
  if (!pmp_page_uniform(hart, site.key.first_page(), Access::fetch, privilege) ||
      (site.key.second != no_page && !pmp_page_uniform(hart, site.key.second, Access::fetch, privilege))) {
    site.narrow = true;
    site.first_length = wide && !last_halfword ? 4 : 2;
    const bool allowed = pmp_allows(hart, site.key.start, site.first_length, Access::fetch, privilege) &&
                         (site.key.second == no_page || pmp_allows(hart, site.key.second.value << page_shift, 2, Access::fetch, privilege));
    if (!allowed) site.fault = Cause::fetch_access_fault;
  }
  return site;
}

void apply_fence(Hart& hart, const Scope& scope) {
  if (scope.page) {
    hart.micro_tlb.flush_page(scope.page->value << page_shift, !scope.asid);
  } else if (scope.asid) {
    hart.micro_tlb.flush_asid();
  } else {
    hart.micro_tlb.flush_translated();
  }
  hart.slots.drop();
  code_context_changed(hart);
}

void retain_store_permission(Hart& hart, GuestMemory& memory, const Exit& exit) {
  const u64 page = exit.virtual_address & ~(page_bytes - 1);
  const MicroTlbEntry* entry = hart.micro_tlb.find_data(hart.data_regime, page);
  if (entry == nullptr || !entry->tracked || !memory.pages().grant_write(Ppn{entry->frame >> page_shift}, hart.id)) return;
  MicroTlbEntry direct = *entry;
  direct.tracked = false;
  direct.store_tag = page;
  hart.micro_tlb.fill(hart.data_regime, direct);
}

}  // namespace vm
