// SPDX-License-Identifier: Apache-2.0
// ELF loading: what is accepted goes where it says; each check has a file that only it refuses, and its message names file and offset.
#include "vm/machine/elf.hpp"

#include "tests/unit/loader/program_file.hpp"

namespace {

using namespace tests;

constexpr u64 base = 0x8000'0000;
Bytes two_segments() { return make_elf({{base + 0x1000, 100, 200}, {base, 16, 16}}, base + 4); }

TEST(loader_elf, segments_go_to_their_physical_addresses_with_zeros_behind) {
  auto memory = vm::GuestMemory::create(u64{1} << 20);
  ASSERT_TRUE(memory);
  ASSERT_TRUE((*memory)->write(base + 0x1000, Bytes(4096, std::byte{0xff})));
  const Bytes file = two_segments();
  const auto loaded = vm::load_elf(file, "kernel 'k'", **memory);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->entry, base + 4);
  EXPECT_EQ(loaded->first, base);
  EXPECT_EQ(loaded->end, base + 0x1000 + 200);
  Bytes back(300);
  ASSERT_TRUE((*memory)->read(base + 0x1000, back));
  EXPECT_EQ(back[0], std::byte{1});
  EXPECT_EQ(back[99], std::byte{1});
  EXPECT_EQ(back[100], std::byte{0}) << "uninitialized memory is zeroed";
  EXPECT_EQ(back[199], std::byte{0});
  EXPECT_EQ(back[200], std::byte{0xff}) << "and nothing behind it is touched";
  ASSERT_TRUE((*memory)->read(base, back));
  EXPECT_EQ(back[15], std::byte{2});
}

TEST(loader_elf, a_virtual_entry_becomes_physical) {
  const Bytes file = make_elf({{base, 64, 64, 0xffff'ffff'8000'0000}}, 0xffff'ffff'8000'0010);
  const auto plan = vm::plan_elf(file, "kernel 'k'", small_ram);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->program.entry, base + 0x10);
}

TEST(loader_elf, position_independent_files_stay_where_they_were_linked_and_empty_segments_are_skipped) {
  Bytes file = make_elf({{base, 64, 64}, {0x10, 0, 0}}, base);
  poke<u16>(file, 16, ET_DYN);
  const auto plan = vm::plan_elf(file, "kernel 'k'", small_ram);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->segments.size(), 1u);
}

TEST(loader_elf, every_damaged_header_field_is_refused_by_name_and_offset) {
  struct Case {
    u64 offset;
    u64 value;
    unsigned width;
    std::string at, says;
  };
  constexpr u64 first_header = 64;
  const Case cases[] = {
      {0, 0x7e, 1, "0x0", "no ELF magic"},
      {4, ELFCLASS32, 1, "0x4", "64-bit"},
      {5, ELFDATA2MSB, 1, "0x5", "little-endian"},
      {6, 0, 1, "0x6", "version"},
      {16, ET_REL, 2, "0x10", "link it first"},
      {18, EM_X86_64, 2, "0x12", "not RISC-V"},
      {20, 7, 4, "0x14", "version"},
      {24, base + 0x9000, 8, "0x18", "ENTRY"},
      {24, base + 5, 8, "0x18", "odd"},
      {32, 0x10000, 8, "0x20", "truncated"},
      {32, ~u64{0} - 8, 8, "0x20", "truncated"},
      {52, 63, 2, "0x34", "header size"},
      {54, 55, 2, "0x36", "program header size"},
      {56, 0, 2, "0x38", "no program headers"},
      {56, 0xffff, 2, "0x38", "4096"},
      {56, 100, 2, "0x20", "truncated"},
      {first_header, PT_INTERP, 4, "0x40", "-static"},
      {first_header + 8, 0x100000, 8, "0x48", "truncated"},
      {first_header + 8, ~u64{0}, 8, "0x48", "truncated"},
      {first_header + 24, 0x1000, 8, "0x58", "does not lie in RAM"},
      {first_header + 24, base + 0xfffff, 8, "0x58", "does not lie in RAM"},
      {first_header + 24, ~u64{0} - 10, 8, "0x58", "does not lie in RAM"},
      {first_header + 32, 0x10000, 8, "0x60", "more bytes in the file"},
      {first_header + 40, ~u64{0}, 8, "0x58", "does not lie in RAM"},
      {first_header + 24, base + 8, 8, "0x40", "overlaps"},
  };
  for (const Case& c : cases) {
    Bytes file = two_segments();
    std::memcpy(file.data() + c.offset, &c.value, c.width);
    expect_error(vm::plan_elf(file, "kernel 'k.elf'", small_ram), {c.says, "kernel 'k.elf': at offset " + c.at + ":"});
  }
}

TEST(loader_elf, files_without_loadable_segments_are_refused) {
  Bytes file = make_elf({{base, 16, 16}}, base);
  poke<u32>(file, 64, PT_NOTE);
  expect_error(vm::plan_elf(file, "kernel 'k'", small_ram), {"no segment is to be loaded", "kernel 'k': at offset 0x40"});
}

TEST(loader_elf, every_truncation_is_refused) {
  const Bytes whole = two_segments();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto plan = vm::plan_elf(std::span{whole}.first(length), "kernel 'k'", small_ram);
    ASSERT_FALSE(plan) << length;
    ASSERT_NE(plan.error().message.find("kernel 'k': at offset 0x"), std::string::npos) << plan.error().message;
  }
}

}  // namespace
