// SPDX-License-Identifier: Apache-2.0
// Guest RAM: its bounds hold for every address and length; reservations and code pages notice every write.
#include "vm/memory/guest_memory.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace {

using namespace vm;

constexpr u64 size = 16 * page_bytes;

std::unique_ptr<GuestMemory> make(u64 bytes = size) { return std::move(*GuestMemory::create(bytes)); }

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
  std::vector<std::byte> out;
  for (const int value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

TEST(memory, ram_sizes_that_cannot_be_are_refused_with_the_mend) {
  for (const u64 bytes : {u64{0}, u64{1}, page_bytes - 1, page_bytes + 1, ~u64{0}, ~u64{0} << page_shift, u64{1} << 50}) {
    const auto memory = GuestMemory::create(bytes);
    ASSERT_FALSE(memory) << bytes;
    EXPECT_NE(memory.error().message.find(std::to_string(bytes)), std::string::npos);
  }
  EXPECT_TRUE(GuestMemory::create(page_bytes));
}

TEST(memory, fresh_ram_reads_as_zero_and_keeps_what_is_written) {
  const auto memory = make();
  std::vector<std::byte> whole(size);
  ASSERT_TRUE(memory->read(ram_base, whole));
  for (const std::byte b : whole) ASSERT_EQ(b, std::byte{0});
  std::mt19937_64 random(3);
  std::vector<std::byte> model(size);
  for (unsigned i = 0; i < 2000; ++i) {
    const u64 offset = random() % size;
    std::vector<std::byte> piece(random() % std::min<u64>(size - offset, 300));
    for (std::byte& b : piece) b = static_cast<std::byte>(random());
    ASSERT_TRUE(memory->write(ram_base + offset, piece));
    std::copy(piece.begin(), piece.end(), model.begin() + static_cast<std::ptrdiff_t>(offset));
    std::vector<std::byte> back(piece.size());
    ASSERT_TRUE(memory->read(ram_base + offset, back));
    ASSERT_EQ(back, piece);
  }
  ASSERT_TRUE(memory->read(ram_base, whole));
  EXPECT_EQ(whole, model);
}

TEST(memory, contains_agrees_with_unbounded_arithmetic) {
  const auto memory = make();
  std::mt19937_64 random(5);
  const u64 corners[] = {0,
                         1,
                         8,
                         page_bytes,
                         size - 1,
                         size,
                         size + 1,
                         ram_base - 1,
                         ram_base,
                         ram_base + size - 1,
                         ram_base + size,
                         ~u64{0},
                         ~u64{0} - 7,
                         u64{1} << 63,
                         0 - ram_base};
  const auto pick = [&] {
    const u64 near = corners[random() % std::size(corners)] + random() % 17 - 8;
    return random() % 8 == 0 ? random() : near;
  };
  for (unsigned i = 0; i < 1'000'000; ++i) {
    const u64 physical = pick();
    const u64 length = pick();
    const bool inside = physical >= ram_base && u128{physical} + length <= u128{ram_base} + size;
    ASSERT_EQ(memory->contains(physical, length), inside) << std::hex << physical << " " << length;
  }
}

// Accesses of every kind of wrong range: refused, and no byte of RAM changes; the guards on both sides would end the process.
TEST(memory, an_access_that_is_not_all_ram_touches_nothing) {
  const auto memory = make();
  std::vector<std::byte> marks(size, std::byte{0x5a});
  ASSERT_TRUE(memory->write(ram_base, marks));
  std::mt19937_64 random(6);
  std::vector<std::byte> piece(2 * size, std::byte{0xff});
  for (unsigned i = 0; i < 200'000; ++i) {
    const u64 length = random() % 4 == 0 ? size + 1 + random() % size : 1 + random() % 64;
    u64 physical = 0;
    switch (random() % 4) {
      case 0: physical = ram_base - 1 - random() % 63; break;
      case 1: physical = ram_base + size - length + 1 + random() % 200; break;
      case 2: physical = ~u64{0} - random() % 128; break;  // wraps
      default: physical = random(); break;
    }
    if (memory->contains(physical, length)) continue;
    const std::span<std::byte> span(piece.data(), length);
    ASSERT_FALSE(memory->write(physical, span));
    ASSERT_FALSE(memory->read(physical, span));
  }
  for (const std::byte b : piece) ASSERT_EQ(b, std::byte{0xff}) << "a refused read wrote its destination";
  std::vector<std::byte> back(size);
  ASSERT_TRUE(memory->read(ram_base, back));
  EXPECT_EQ(back, marks);
}

TEST(memory, empty_accesses_need_an_address_in_ram) {
  const auto memory = make();
  EXPECT_TRUE(memory->write(ram_base, {}));
  EXPECT_TRUE(memory->read(ram_base + size, {}));
  EXPECT_FALSE(memory->write(ram_base - 1, {}));
}

TEST(memory, device_writes_to_a_tracked_line_move_its_version_on) {
  const auto memory = make();
  Reservations& reservations = memory->reservations();
  const u64 line = ram_base + 0x1000;
  reservations.track(line);
  reservations.make_ready(line);
  const auto version = [&] { return reservations.word(line).load(relaxed); };
  const u32 before = version();
  ASSERT_TRUE(memory->write(line - 64, std::vector<std::byte>(64)));
  EXPECT_EQ(version(), before) << "the line before";
  ASSERT_TRUE(memory->write(line + 64, std::vector<std::byte>(64)));
  EXPECT_EQ(version(), before) << "the line after";
  ASSERT_TRUE(memory->write(line + 63, bytes_of({1})));
  EXPECT_EQ(version(), before + reservation_version);
  ASSERT_TRUE(memory->write(line - 64, std::vector<std::byte>(192)));
  EXPECT_EQ(version(), before + 2 * reservation_version) << "one of several lines";
  std::vector<std::byte> into(64);
  ASSERT_TRUE(memory->read(line, into));
  EXPECT_EQ(version(), before + 2 * reservation_version) << "reading breaks nothing";
}

TEST(memory, the_sink_hears_of_each_code_page_once_after_its_bytes_are_there) {
  const auto memory = make();
  struct Heard {
    GuestMemory* memory;
    std::vector<u64> pages;
    std::vector<std::byte> seen;
  } heard{memory.get(), {}, {}};
  memory->set_code_write_sink({[](void* context, Ppn page) {
                                 auto& h = *static_cast<Heard*>(context);
                                 h.pages.push_back(page.value);
                                 std::byte b{};
                                 h.memory->read(page.value << page_shift, {&b, 1});
                                 h.seen.push_back(b);
                                 EXPECT_FALSE(h.memory->pages().tracked(page));
                               },
                               &heard});
  const Ppn first{ram_base >> page_shift};
  memory->pages().track({first.value + 1});
  memory->pages().track({first.value + 3});
  ASSERT_TRUE(memory->write(ram_base, std::vector<std::byte>(5 * page_bytes, std::byte{7})));
  EXPECT_EQ(heard.pages, (std::vector<u64>{first.value + 1, first.value + 3}));
  EXPECT_EQ(heard.seen, (std::vector<std::byte>{std::byte{7}, std::byte{7}}));
  ASSERT_TRUE(memory->write(ram_base, std::vector<std::byte>(5 * page_bytes)));
  EXPECT_EQ(heard.pages.size(), 2u);
}

TEST(memory, ptes_are_exchanged_only_when_expected_and_break_reservations) {
  const auto memory = make();
  const u64 at = ram_base + 0x2008;
  EXPECT_TRUE(memory->compare_exchange_pte(at, 0, 0x55));
  EXPECT_FALSE(memory->compare_exchange_pte(at, 0, 0x66));
  EXPECT_EQ(memory->load_pte(at), 0x55u);
  memory->reservations().track(at);
  memory->reservations().make_ready(at);
  const u32 before = memory->reservations().word(at).load(relaxed);
  EXPECT_FALSE(memory->compare_exchange_pte(at, 0, 0x66));
  EXPECT_EQ(memory->reservations().word(at).load(relaxed), before) << "nothing was written";
  EXPECT_TRUE(memory->compare_exchange_pte(at, 0x55, 0x66));
  EXPECT_EQ(memory->reservations().word(at).load(relaxed), before + reservation_version);
  EXPECT_EQ(memory->load_pte(at), 0x66u);
}

}  // namespace
