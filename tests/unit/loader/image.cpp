// SPDX-License-Identifier: Apache-2.0
// Linux Image loading: placement by the header, and a refusal for each rule that the header may break.
#include "vm/machine/image.hpp"

#include "tests/unit/loader/program_file.hpp"

namespace {

using namespace tests;

constexpr u64 base = 0x8000'0000;
constexpr u64 mebibyte = u64{1} << 20;
constexpr vm::PhysicalRange ram{base, base + 16 * mebibyte};

TEST(loader_image, the_kernel_goes_to_its_text_offset_with_zeros_behind) {
  auto memory = vm::GuestMemory::create(4 * mebibyte);
  ASSERT_TRUE(memory);
  const Bytes file = make_image(1000, 2000, 2 * mebibyte);
  ASSERT_TRUE((*memory)->write(base + 2 * mebibyte, Bytes(3000, std::byte{0xff})));
  const auto loaded = vm::load_linux_image(file, "kernel 'k'", base, **memory);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->entry, base + 2 * mebibyte);
  EXPECT_EQ(loaded->end, base + 2 * mebibyte + 2000);
  Bytes back(2001);
  ASSERT_TRUE((*memory)->read(loaded->entry, back));
  EXPECT_EQ(back[999], std::byte{0x13});
  EXPECT_EQ(back[1000], std::byte{0});
  EXPECT_EQ(back[1999], std::byte{0});
  EXPECT_EQ(back[2000], std::byte{0xff});
}

TEST(loader_image, headers_of_version_0_1_have_only_the_first_magic) {
  Bytes file = make_image(1000, 2000, 0);
  poke<u32>(file, 56, 0);
  EXPECT_TRUE(vm::plan_linux_image(file, "kernel 'k'", base, ram));
}

TEST(loader_image, every_broken_rule_is_refused_by_name_and_offset) {
  struct Case {
    u64 offset, value;
    unsigned width;
    std::string at, says;
  };
  const Case cases[] = {
      {0, 0x8b1f, 2, "0x0", "gunzip"},
      {0, 0xfd2f'b528, 4, "0x0", "unzstd"},
      {8, 0x1000, 8, "0x8", "2 MiB"},
      {8, u64{1} << 40, 8, "0x10", "more memory"},
      {8, ~u64{0} << 21, 8, "0x10", "more memory"},
      {16, 999, 8, "0x10", "damaged"},
      {16, 16 * mebibyte - 0x20'0000 + 1, 8, "0x10", "more memory"},
      {16, ~u64{0}, 8, "0x10", "more memory"},
      {24, 1, 8, "0x18", "big-endian"},
  };
  for (const Case& c : cases) {
    Bytes file = make_image(1000, 2000, 2 * mebibyte);
    std::memcpy(file.data() + c.offset, &c.value, c.width);
    expect_error(vm::plan_linux_image(file, "kernel 'Image'", base, ram), {c.says, "kernel 'Image': at offset " + c.at + ":"});
  }
  Bytes no_magic = make_image(1000, 2000, 0);
  std::memset(no_magic.data() + 48, 0, 12);
  expect_error(vm::plan_linux_image(no_magic, "kernel 'Image'", base, ram), {"no RISC-V Image magic", "at offset 0x38:"});
  Bytes half_magic = make_image(1000, 2000, 0);
  poke<u32>(half_magic, 56, 0);
  poke<u32>(half_magic, 32, 1 << 16);
  expect_error(vm::plan_linux_image(half_magic, "kernel 'Image'", base, ram), {"lacks its magic", "at offset 0x38:"});
}

TEST(loader_image, every_truncation_of_the_header_is_refused) {
  const Bytes whole = make_image(64, 2000, 0);
  for (std::size_t length = 0; length < 64; ++length) {
    expect_error(vm::plan_linux_image(std::span{whole}.first(length), "kernel 'Image'", base, ram),
                 {"truncated", "at offset " + vm::hexadecimal(length)});
  }
}

}  // namespace
