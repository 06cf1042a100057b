// SPDX-License-Identifier: Apache-2.0
// The private micro-TLB: what is filled is found until it is displaced or flushed; flushes match by leaf.
#include "vm/memory/micro_tlb.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace {

using namespace vm;

constexpr Regime all_regimes[] = {Regime::user, Regime::supervisor, Regime::supervisor_sum, Regime::machine};
constexpr Regime translated[] = {Regime::user, Regime::supervisor, Regime::supervisor_sum};

MicroTlbEntry data_entry(u64 page, u8 level = 0, bool global = false) {
  MicroTlbEntry entry;
  entry.page = entry.load_tag = entry.store_tag = page;
  entry.frame = page + 0x8000'0000;
  entry.leaf_level = level;
  entry.global = global;
  entry.readable = entry.writable = true;
  return entry;
}

void fill_both(MicroTlb& tlb, Regime regime, u64 page, u8 level = 0, bool global = false) {
  tlb.fill(regime, data_entry(page, level, global));
  tlb.fill(regime, FetchEntry{page, page + 0x8000'0000, level, global});
}

// Both tables agree, because both were filled alike.
bool holds(const MicroTlb& tlb, Regime regime, u64 address) {
  const bool data = tlb.find_data(regime, address) != nullptr;
  EXPECT_EQ(data, tlb.find_fetch(regime, address) != nullptr);
  return data;
}

TEST(memory, a_micro_tlb_of_no_entries_never_holds_anything) {
  MicroTlb tlb(0);
  EXPECT_EQ(tlb.entries(), 0u);
  EXPECT_EQ(tlb.index_mask(), 0u);
  for (const Regime regime : all_regimes) {
    fill_both(tlb, regime, 0x1000);
    EXPECT_FALSE(holds(tlb, regime, 0x1000));
    EXPECT_EQ(tlb.data(regime)->load_tag, no_tag) << "the engine's own look finds no tag";
  }
  tlb.flush();
  tlb.flush_page(0x1000, true);
}

TEST(memory, entries_are_found_in_their_own_regime_by_any_address_of_their_page) {
  MicroTlb tlb(16);
  fill_both(tlb, Regime::supervisor, 0x7000);
  EXPECT_TRUE(holds(tlb, Regime::supervisor, 0x7000));
  EXPECT_TRUE(holds(tlb, Regime::supervisor, 0x7fff));
  EXPECT_FALSE(holds(tlb, Regime::supervisor, 0x8000));
  EXPECT_FALSE(holds(tlb, Regime::supervisor, 0x17000)) << "same index, other page";
  EXPECT_FALSE(holds(tlb, Regime::user, 0x7000));
  EXPECT_EQ(tlb.data(Regime::supervisor)[7 & tlb.index_mask()].page, 0x7000u) << "where the engine looks";
  fill_both(tlb, Regime::supervisor, 0x17000);
  EXPECT_FALSE(holds(tlb, Regime::supervisor, 0x7000)) << "displaced";
}

TEST(memory, flushes_reach_the_regimes_that_they_name) {
  MicroTlb tlb(16);
  const auto fill = [&] {
    for (const Regime regime : all_regimes) {
      fill_both(tlb, regime, 0x1000);
      fill_both(tlb, regime, 0x2000, 0, true);
    }
  };
  fill();
  tlb.flush_translated();
  for (const Regime regime : translated) {
    EXPECT_FALSE(holds(tlb, regime, 0x1000));
    EXPECT_FALSE(holds(tlb, regime, 0x2000)) << "global ones, too";
  }
  EXPECT_TRUE(holds(tlb, Regime::machine, 0x1000));
  fill();
  tlb.flush_asid();
  for (const Regime regime : translated) {
    EXPECT_FALSE(holds(tlb, regime, 0x1000));
    EXPECT_TRUE(holds(tlb, regime, 0x2000));
  }
  EXPECT_TRUE(holds(tlb, Regime::machine, 0x1000));
  fill();
  tlb.flush();
  for (const Regime regime : all_regimes) {
    EXPECT_FALSE(holds(tlb, regime, 0x1000));
    EXPECT_FALSE(holds(tlb, regime, 0x2000));
  }
}

TEST(memory, flush_page_spares_the_machine_regime_and_globals_when_asked) {
  MicroTlb tlb(16);
  for (const Regime regime : all_regimes) fill_both(tlb, regime, 0x3000, 0, true);
  tlb.flush_page(0x3abc, false);
  for (const Regime regime : all_regimes) EXPECT_TRUE(holds(tlb, regime, 0x3000));
  tlb.flush_page(0x3abc, true);
  for (const Regime regime : translated) EXPECT_FALSE(holds(tlb, regime, 0x3000));
  EXPECT_TRUE(holds(tlb, Regime::machine, 0x3000));
}

TEST(memory, every_fragment_of_a_superpage_dies_with_any_address_of_it) {
  for (u8 level = 0; level <= 4; ++level) {
    const u64 leaf_bytes = u64{1} << (12 + 9 * level);
    const u64 leaf = level == 4 ? 0xffff'0000'0000'0000 : 3 * leaf_bytes;
    MicroTlb tlb(256);
    const std::vector<u64> fragments = {leaf, leaf + leaf_bytes - page_bytes, leaf + leaf_bytes / 2};
    for (const u64 page : fragments) fill_both(tlb, Regime::user, page & ~(page_bytes - 1), level);
    const u64 neighbour = leaf - 5 * page_bytes;
    fill_both(tlb, Regime::user, neighbour, 0);
    tlb.flush_page(leaf + leaf_bytes / 4, false);
    for (const u64 page : fragments) EXPECT_FALSE(holds(tlb, Regime::user, page & ~(page_bytes - 1))) << "level " << +level;
    EXPECT_TRUE(holds(tlb, Regime::user, neighbour)) << "level " << +level;
  }
}

TEST(memory, revoking_takes_stores_and_leaves_loads) {
  MicroTlb tlb(16);
  MicroTlbEntry device = data_entry(0x5000);
  device.device = true;
  device.load_tag = device.store_tag = no_tag;
  for (const Regime regime : all_regimes) {
    tlb.fill(regime, data_entry(0x4000));
    tlb.fill(regime, device);
  }
  tlb.revoke_writes();
  for (const Regime regime : all_regimes) {
    const MicroTlbEntry* entry = tlb.find_data(regime, 0x4000);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->load_tag, 0x4000u);
    EXPECT_EQ(entry->store_tag, no_tag);
    EXPECT_TRUE(entry->readable);
    EXPECT_FALSE(entry->writable) << "the slow path must ask again, too";
    EXPECT_TRUE(tlb.find_data(regime, 0x5000)->writable) << "a device holds no code";
  }
}

// Against a list of what may be there: nothing covered by a flush survives it; what is found is what was filled last.
TEST(memory, random_fills_and_flushes_agree_with_a_model) {
  struct Known {
    Regime regime;
    u64 page;
    u8 level;
    bool global;
  };
  std::mt19937_64 random(42);
  for (const u32 entries : {1u, 16u, 256u}) {
    MicroTlb tlb(entries);
    std::vector<Known> known;
    const auto forget = [&](auto covered) { std::erase_if(known, covered); };
    for (unsigned step = 0; step < 20'000; ++step) {
      const u64 page = (random() % 4096) << page_shift;
      const Regime regime = all_regimes[random() % 4];
      switch (random() % 64) {
        case 0:
          tlb.flush_translated();
          forget([](const Known& k) { return k.regime != Regime::machine; });
          break;
        case 1:
          tlb.flush_asid();
          forget([](const Known& k) { return k.regime != Regime::machine && !k.global; });
          break;
        case 2:
          tlb.flush();
          known.clear();
          break;
        case 3:
        case 4:
        case 5:
        case 6: {
          const bool with_global = random() % 2 != 0;
          tlb.flush_page(page | (random() & 0xfff), with_global);
          forget([&](const Known& k) {
            return k.regime != Regime::machine && (with_global || !k.global) && k.page >> (12 + 9 * k.level) == page >> (12 + 9 * k.level);
          });
          break;
        }
        default: {
          const u8 level = random() % 32 == 0 ? 1 : 0;
          const bool global = random() % 4 == 0;
          fill_both(tlb, regime, page, level, global);
          forget([&](const Known& k) { return k.regime == regime && ((k.page ^ page) >> page_shift & tlb.index_mask()) == 0; });
          known.push_back({regime, page, level, global});
        }
      }
      ASSERT_LE(known.size(), 4u * entries);
      if (step % 16 != 0) continue;
      std::size_t found = 0;
      for (const Regime each : all_regimes) {
        for (u64 slot = 0; slot < entries; ++slot) found += tlb.data(each)[slot].page != no_tag ? 1 : 0;
      }
      ASSERT_EQ(found, known.size()) << "step " << step;
      for (const Known& k : known) ASSERT_TRUE(holds(tlb, k.regime, k.page)) << "step " << step;
    }
  }
}

}  // namespace
