// SPDX-License-Identifier: Apache-2.0
#include "vm/memory/micro_tlb.hpp"

#include <algorithm>
#include <bit>

#include "vm/platform/invariant.hpp"

namespace vm {

namespace {

constexpr u64 page_of(u64 address) { return address & ~(page_bytes - 1); }
constexpr u64 number_of(u64 address) { return address >> page_shift; }

// Does the leaf that `entry` is a fragment of contain the address?
template <class Entry>
bool leaf_contains(const Entry& entry, u64 address) {
  return entry.page != no_tag && ((entry.page ^ address) >> (page_shift + 9 * entry.leaf_level)) == 0;
}

// A call for each table that holds something: f(entries of the table, superpages in it).
template <class Entry, class Contents, class F>
void for_each_table(Entry* entries, u64 stride, Contents& contents, unsigned count, F f) {
  for (unsigned regime = 0; regime < count; ++regime) {
    if (contents[regime].any) f(entries + regime * stride, contents[regime]);
  }
}

constexpr unsigned translated_regimes = static_cast<unsigned>(Regime::machine);
static_assert(translated_regimes + 1 == regimes, "the machine regime is the last");

}  // namespace

MicroTlb::MicroTlb(u32 entries)
    : entries_(entries),
      stride_(entries == 0 ? 1 : entries),
      data_(new MicroTlbEntry[regimes * stride_]),
      fetch_(new FetchEntry[regimes * stride_]) {
  INTERLOCK_INVARIANT(entries == 0 || std::has_single_bit(entries), "%u entries: 0 or a power of two", entries);
}

template <class Entry>
void MicroTlb::fill(Entry* table, Content& content, const Entry& entry) {
  if (entries_ == 0) return;
  table[number_of(entry.page) & index_mask()] = entry;
  content.any = true;
  content.superpages = content.superpages || entry.leaf_level != 0;
}

void MicroTlb::fill(Regime regime, const MicroTlbEntry& entry) { fill(data(regime), data_content_[static_cast<unsigned>(regime)], entry); }

void MicroTlb::fill(Regime regime, const FetchEntry& entry) {
  const unsigned number = static_cast<unsigned>(regime);
  fill(&fetch_[number * stride_], fetch_content_[number], entry);
}

const FetchEntry* MicroTlb::find_fetch(Regime regime, u64 address) const {
  const FetchEntry& entry = fetch_[static_cast<unsigned>(regime) * stride_ + (number_of(address) & index_mask())];
  return entry.page == page_of(address) ? &entry : nullptr;
}

const MicroTlbEntry* MicroTlb::find_data(Regime regime, u64 address) const {
  const MicroTlbEntry& entry = data_[static_cast<unsigned>(regime) * stride_ + (number_of(address) & index_mask())];
  return entry.page == page_of(address) ? &entry : nullptr;
}

void MicroTlb::flush() {
  const auto empty = [this](auto* table, Content& content) {
    std::fill_n(table, stride_, std::remove_reference_t<decltype(*table)>{});
    content = {};
  };
  for_each_table(data_.get(), stride_, data_content_, regimes, empty);
  for_each_table(fetch_.get(), stride_, fetch_content_, regimes, empty);
}

void MicroTlb::flush_translated() {
  const auto empty = [this](auto* table, Content& content) {
    std::fill_n(table, stride_, std::remove_reference_t<decltype(*table)>{});
    content = {};
  };
  for_each_table(data_.get(), stride_, data_content_, translated_regimes, empty);
  for_each_table(fetch_.get(), stride_, fetch_content_, translated_regimes, empty);
}

void MicroTlb::flush_page(u64 address, bool with_global) {
  const auto empty = [&](auto* table, Content& content) {
    using Entry = std::remove_reference_t<decltype(*table)>;
    const auto drop = [&](Entry& entry) {
      if (leaf_contains(entry, address) && (with_global || !entry.global)) entry = Entry{};
    };
    if (content.superpages) {
      std::for_each_n(table, stride_, drop);  // fragments lie anywhere
    } else {
      drop(table[number_of(address) & index_mask()]);
    }
  };
  for_each_table(data_.get(), stride_, data_content_, translated_regimes, empty);
  for_each_table(fetch_.get(), stride_, fetch_content_, translated_regimes, empty);
}

void MicroTlb::flush_asid() {
  const auto empty = [this](auto* table, Content&) {
    using Entry = std::remove_reference_t<decltype(*table)>;
    std::for_each_n(table, stride_, [](Entry& entry) {
      if (!entry.global) entry = Entry{};
    });
  };
  for_each_table(data_.get(), stride_, data_content_, translated_regimes, empty);
  for_each_table(fetch_.get(), stride_, fetch_content_, translated_regimes, empty);
}

void MicroTlb::revoke_writes() {
  for_each_table(data_.get(), stride_, data_content_, regimes, [this](MicroTlbEntry* table, Content&) {
    std::for_each_n(table, stride_, [](MicroTlbEntry& entry) {
      entry.store_tag = no_tag;
      entry.writable = entry.writable && entry.device;
    });
  });
}

}  // namespace vm
