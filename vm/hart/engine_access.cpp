// SPDX-License-Identifier: Apache-2.0
// The slow path of loads and stores: devices, misaligned and crossing accesses, tracked pages and lines, transient slots.
#include "vm/hart/engine_access.hpp"

#include <algorithm>
#include <utility>

#include "vm/memory/guest_memory.hpp"

namespace vm {
namespace {

constexpr u64 page_of(u64 address) { return address & ~(page_bytes - 1); }
constexpr u64 offset_in_page(u64 address) { return address & (page_bytes - 1); }

const MicroTlbEntry* find_entry(const Hart& hart, u64 address) {
  const MicroTlbEntry& entry = hart.data_table[(address >> page_shift) & hart.data_mask];
  if (entry.page == page_of(address)) return &entry;
  for (const MicroTlbEntry& slot : hart.slots.data) {
    if (slot.page == page_of(address)) return &slot;
  }
  return nullptr;
}

Outcome ask_for_translation(u64 address, u64 width, Access access, Exit& exit) {
  exit.kind = ExitKind::translate;
  exit.access = access;
  exit.address = address;
  exit.width = static_cast<u8>(width);
  return Outcome::restart;
}

// An entry may lack the permission because its leaf does, or because nobody has asked for it yet: the loop knows. A writable entry
// without a tag whose page was not tracked has had its permission revoked: the loop grants it again, or tracks.
bool may_load(const MicroTlbEntry* entry) { return entry != nullptr && entry->readable; }
bool may_store(const MicroTlbEntry* entry) {
  return entry != nullptr && entry->writable && (entry->device || entry->tracked || entry->store_tag == entry->page);
}

Outcome access_fault(Access access, u64 address, Fault& fault) {
  fault = Fault{access_fault_of(access), address};
  return Outcome::trap;
}

Outcome ask_device(Hart& hart, const MicroTlbEntry& entry, u64 address, u8 width, Access access, Exit& exit) {
  exit.kind = ExitKind::device;
  exit.access = access;
  exit.width = width;
  exit.address = entry.frame | offset_in_page(address);
  exit.virtual_address = address;
  use_slots(hart);
  return Outcome::restart;
}

// The part of an access that lies in one page.
struct Part {
  u64 host = 0;
  u64 physical = 0;
  u64 bytes = 0;
  bool code = false;
};
Part part_of(const MicroTlbEntry& entry, u64 address, u64 bytes) {
  return Part{address + entry.addend, entry.frame | offset_in_page(address), bytes, entry.tracked};
}

// Naturally aligned accesses are single-copy atomic; others are made byte by byte, as the manual allows.
u64 load_bytes(u64 host, u64 bytes) {
  if (bytes == 8 && host % 8 == 0) return load_host<u64>(host);
  if (bytes == 4 && host % 4 == 0) return load_host<u32>(host);
  if (bytes == 2 && host % 2 == 0) return load_host<u16>(host);
  u64 value = 0;
  for (u64 i = 0; i < bytes; ++i) value |= static_cast<u64>(load_host<u8>(host + i)) << (8 * i);
  return value;
}
void store_bytes(u64 host, u64 bytes, u64 value) {
  if (bytes == 8 && host % 8 == 0) return store_host<u64>(host, value);
  if (bytes == 4 && host % 4 == 0) return store_host<u32>(host, static_cast<u32>(value));
  if (bytes == 2 && host % 2 == 0) return store_host<u16>(host, static_cast<u16>(value));
  for (u64 i = 0; i < bytes; ++i) store_host<u8>(host + i, static_cast<u8>(value >> (8 * i)));
}

// The reservation words of the lines that a store hits, locked in the order of their indexes so that two stores cannot wait for
// each other. A word that is 0 is not taken: no LR has ever touched its line (vm/memory/reservations.hpp).
class LockedLines {
 public:
  LockedLines(Reservations& reservations, u64 first, u64 second) : reservations_(reservations) {
    if (Reservations::index(first) > Reservations::index(second)) std::swap(first, second);
    take(first);
    if (Reservations::index(first) != Reservations::index(second)) take(second);
  }
  ~LockedLines() {
    while (count_ > 0) reservations_.unlock(taken_[--count_], true);
  }
  LockedLines(const LockedLines&) = delete;
  LockedLines& operator=(const LockedLines&) = delete;

 private:
  void take(u64 physical) {
#if INTERLOCK_ENGINE_TRACK_STORES
    if (reservations_.word(physical).load(relaxed) == 0) return;
    reservations_.lock(physical);
    taken_[count_++] = physical;
#else
    (void)physical;
#endif
  }
  Reservations& reservations_;
  u64 taken_[2] = {};
  unsigned count_ = 0;
};

}  // namespace

void begin_code_write(Hart& hart) {
  hart.signals.code_write.fetch_add(1, relaxed);
  // code_write_before_bytes: the odd count is visible before the new bytes. pairs with wait_for_code_writes in the vCPU loop, which
  //   looks at the count after it saw the bytes. Without it a fence.i elsewhere could miss an invalidation that is under way.
  NativePlatform::fence(release, "code_write_before_bytes");
}

Outcome report_code_write(u64 address, Ppn first, Ppn second, Exit& exit) {
  exit.kind = ExitKind::code_written;
  exit.access = Access::store;
  exit.virtual_address = address;
  exit.pages[0] = first;
  exit.pages[1] = second;
  return Outcome::leave;
}

Outcome slow_load(Hart& hart, u64 address, LoadForm form, u8 destination, u64& value, Exit& exit, Fault& fault) {
  const u64 first_bytes = std::min<u64>(form.width, page_bytes - offset_in_page(address));
  const u64 rest = form.width - first_bytes;
  const MicroTlbEntry* first = find_entry(hart, address);
  if (!may_load(first)) return ask_for_translation(address, first_bytes, Access::load, exit);
  if (rest == 0 && first->device) {
    exit.destination = destination;
    exit.sign_extend = form.sign_extend;
    exit.floating = form.floating;
    return ask_device(hart, *first, address, form.width, Access::load, exit);
  }
  u64 raw = 0;
  if (rest == 0) {
    raw = load_bytes(address + first->addend, form.width);
  } else {
    const MicroTlbEntry* second = find_entry(hart, address + first_bytes);
    if (!may_load(second)) return ask_for_translation(address + first_bytes, rest, Access::load, exit);
    // tval names the part that cannot be accessed.
    if (first->device || second->device) return access_fault(Access::load, first->device ? address : address + first_bytes, fault);
    raw = load_bytes(address + first->addend, first_bytes) | load_bytes(address + first_bytes + second->addend, rest) << (8 * first_bytes);
  }
  value = extend(raw, form);
  use_slots(hart);
  return Outcome::done;
}

Outcome slow_store(Hart& hart, u64 address, u8 width, u64 value, Exit& exit, Fault& fault) {
  const u64 first_bytes = std::min<u64>(width, page_bytes - offset_in_page(address));
  const u64 rest = width - first_bytes;
  const MicroTlbEntry* first = find_entry(hart, address);
  if (!may_store(first)) return ask_for_translation(address, first_bytes, Access::store, exit);
  if (rest == 0 && first->device) {
    exit.value = width == 8 ? value : value & ((u64{1} << (8 * width)) - 1);
    return ask_device(hart, *first, address, width, Access::store, exit);
  }
  const Part low = part_of(*first, address, first_bytes);
  Part high{.physical = low.physical + first_bytes - 1};  // of an access within one page: its last byte
  if (rest != 0) {
    const MicroTlbEntry* second = find_entry(hart, address + first_bytes);
    if (!may_store(second)) return ask_for_translation(address + first_bytes, rest, Access::store, exit);
    if (first->device || second->device) return access_fault(Access::store, first->device ? address : address + first_bytes, fault);
    high = part_of(*second, address + first_bytes, rest);
  }
  const bool code = low.code || high.code;
  if (code) begin_code_write(hart);
  {
    const LockedLines lines(hart.memory.reservations(), low.physical, high.physical);
    store_bytes(low.host, low.bytes, value);
    if (rest != 0) store_bytes(high.host, high.bytes, value >> (8 * first_bytes));
  }
  use_slots(hart);
  if (!code) return Outcome::done;
  const auto written = [](const Part& part) { return part.code ? Ppn{part.physical >> page_shift} : no_page; };
  return report_code_write(address, written(low), rest != 0 ? written(high) : no_page, exit);
}

Outcome find_place(Hart& hart, u64 address, u8 width, Access access, Place& place, Exit& exit, Fault& fault) {
  if ((address & (width - 1)) != 0) {
    fault = Fault{access == Access::load ? Cause::misaligned_load : Cause::misaligned_store, address};
    return Outcome::trap;
  }
  const MicroTlbEntry* entry = find_entry(hart, address);
  if (access == Access::load ? !may_load(entry) : !may_store(entry)) return ask_for_translation(address, width, access, exit);
  if (entry->device) return access_fault(access, address, fault);
  place = Place{address + entry->addend, entry->frame | offset_in_page(address), entry->tracked};
  return Outcome::done;
}

}  // namespace vm
