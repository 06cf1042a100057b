// SPDX-License-Identifier: Apache-2.0
// Whole loads: files from disk into guest RAM, and the state that harts start in.
#include <fcntl.h>
#include <libfdt.h>
#include <sys/stat.h>

#include "tests/unit/loader/program_file.hpp"
#include "vm/machine/firmware.hpp"
#include "vm/machine/initrd.hpp"
#include "vm/machine/loader.hpp"

namespace {

using namespace tests;

constexpr u64 base = vm::ram_base;
constexpr u64 mebibyte = u64{1} << 20;

std::unique_ptr<vm::GuestMemory> ram(u64 bytes) {
  auto memory = vm::GuestMemory::create(bytes);
  EXPECT_TRUE(memory);
  return std::move(*memory);
}

template <class T>
T get(const vm::GuestMemory& memory, u64 address) {
  T value{};
  EXPECT_TRUE(memory.read(address, std::as_writable_bytes(std::span{&value, 1})));
  return value;
}

// The tree at a1, copied out of guest memory.
Bytes tree_at(const vm::GuestMemory& memory, u64 address) {
  Bytes tree(fdt32_to_cpu(get<u32>(memory, address + 4)));
  EXPECT_TRUE(memory.read(address, tree));
  EXPECT_TRUE(vm::check_device_tree(tree, "tree"));
  return tree;
}

TEST(loader_files, each_failure_names_the_file_and_the_mend) {
  const Folder folder;
  expect_error(vm::read_file(folder.path("none"), "kernel"), {"kernel '" + folder.path("none") + "'", "check the path"});
  expect_error(vm::read_file(folder.path(""), "kernel"), {"is a directory"});
  expect_error(vm::read_file(folder.file("empty", {}), "kernel"), {"is empty"});
  expect_error(vm::read_file(folder.file("long", Bytes(11)), "kernel", 10), {"11 bytes", "limit of 10"});
  ASSERT_EQ(mkfifo(folder.path("pipe").c_str(), 0600), 0);
  const int keep_open = open(folder.path("pipe").c_str(), O_RDWR);
  expect_error(vm::read_file(folder.path("pipe"), "kernel"), {"no regular file"});
  close(keep_open);
  const Bytes contents(100'000, std::byte{9});
  const auto read = vm::read_file(folder.file("good", contents), "kernel");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, contents);
}

TEST(loader_machine, a_bare_metal_elf_starts_at_its_entry) {
  const Folder folder;
  auto memory = ram(4 * mebibyte);
  const auto boot = vm::load_machine(
      {.bios = "none", .kernel = folder.file("k", make_elf({{base, 64, 4096}}, base + 8)), .append = "workload=7", .harts = 3, .seed = 5},
      *memory);
  ASSERT_TRUE(boot) << boot.error().message;
  EXPECT_EQ(boot->pc, base + 8);
  EXPECT_EQ(boot->dynamic_information, 0u);
  EXPECT_FALSE(boot->firmware);
  const Bytes tree = tree_at(*memory, boot->device_tree);
  EXPECT_STREQ(static_cast<const char*>(fdt_getprop(tree.data(), fdt_path_offset(tree.data(), "/chosen"), "bootargs", nullptr)),
               "workload=7");
  EXPECT_GE(fdt_path_offset(tree.data(), "/cpus/cpu@2"), 0);
  EXPECT_LT(fdt_path_offset(tree.data(), "/cpus/cpu@3"), 0);
  EXPECT_EQ(fdt_num_mem_rsv(tree.data()), 0);
}

TEST(loader_machine, a_raw_program_without_firmware_starts_at_the_start_of_ram) {
  const Folder folder;
  auto memory = ram(mebibyte);
  const auto boot = vm::load_machine({.bios = "none", .kernel = folder.file("k", Bytes(100, std::byte{0x13}))}, *memory);
  ASSERT_TRUE(boot) << boot.error().message;
  EXPECT_EQ(boot->pc, base);
  EXPECT_EQ(get<u8>(*memory, base + 99), 0x13);
}

TEST(loader_machine, firmware_kernel_and_initrd_lie_apart_and_are_described) {
  const Folder folder;
  auto memory = ram(64 * mebibyte);
  Bytes initrd(3 * mebibyte + 123);
  for (std::size_t i = 0; i < initrd.size(); ++i) initrd[i] = static_cast<std::byte>(i >> 8 ^ i);
  const auto boot = vm::load_machine({.bios = folder.file("fw", Bytes(200'000, std::byte{1})),
                                      .kernel = folder.file("Image", make_image(5000, 9 * mebibyte, 2 * mebibyte)),
                                      .initrd = folder.file("rd", initrd),
                                      .append = "console=ttyS0"},
                                     *memory);
  ASSERT_TRUE(boot) << boot.error().message;
  EXPECT_EQ(boot->pc, base) << "the firmware comes first";
  EXPECT_EQ(boot->kernel->entry, base + 2 * mebibyte);
  Bytes back(initrd.size());
  ASSERT_TRUE(memory->read(boot->initrd->first, back));
  EXPECT_EQ(back, initrd);
  EXPECT_EQ(boot->initrd->first % 4096, 0u);
  // fw_dynamic's information: magic, version, next address, next mode (S), options, boot hart.
  const u64 expected[] = {0x4942'534f, 2, base + 2 * mebibyte, 1, 0, 0};
  for (u64 i = 0; i < 6; ++i) EXPECT_EQ(get<u64>(*memory, boot->dynamic_information + 8 * i), expected[i]) << i;
  const Bytes tree = tree_at(*memory, boot->device_tree);
  u64 reserved = 0, bytes = 0;
  ASSERT_EQ(fdt_get_mem_rsv(tree.data(), 0, &reserved, &bytes), 0);
  EXPECT_EQ(reserved, boot->dynamic_information);
  const int chosen = fdt_path_offset(tree.data(), "/chosen");
  const auto number = [&](const char* property) {
    return fdt64_ld(static_cast<const fdt64_t*>(fdt_getprop(tree.data(), chosen, property, nullptr)));
  };
  EXPECT_EQ(number("linux,initrd-start"), boot->initrd->first);
  EXPECT_EQ(number("linux,initrd-end"), boot->initrd->first + initrd.size());
  const vm::PhysicalRange parts[] = {boot->firmware->range(),
                                     boot->kernel->range(),
                                     boot->initrd->range(),
                                     {boot->dynamic_information, boot->dynamic_information + 4096},
                                     {boot->device_tree, boot->device_tree + vm::device_tree_room}};
  for (const auto& a : parts) {
    EXPECT_GE(a.first, base);
    EXPECT_LE(a.end, base + 64 * mebibyte);
    for (const auto& b : parts) EXPECT_TRUE(&a == &b || !a.overlaps(b)) << std::hex << a.first << ' ' << b.first;
  }
}

TEST(loader_machine, the_same_seed_gives_the_same_memory) {
  const Folder folder;
  const std::string kernel = folder.file("k", make_elf({{base, 64, 64}}, base));
  std::vector<Bytes> images;
  for (const std::optional<u64> seed : {std::optional<u64>{1}, {1}, {2}, {}}) {
    auto memory = ram(mebibyte);
    ASSERT_TRUE(vm::load_machine({.bios = "none", .kernel = kernel, .seed = seed}, *memory));
    images.emplace_back(mebibyte);
    ASSERT_TRUE(memory->read(base, images.back()));
  }
  EXPECT_EQ(images[0], images[1]);
  EXPECT_NE(images[0], images[2]);
  EXPECT_NE(images[0], images[3]);
}

TEST(loader_machine, a_tree_from_a_file_is_used_and_patched) {
  const Folder folder;
  vm::BoardConfig board;
  board.harts = 5;
  board.memory_bytes = mebibyte;
  board.chosen.bootargs = "from the file";
  const std::string dtb = folder.file("d.dtb", *vm::make_device_tree(board));
  const std::string kernel = folder.file("k", make_elf({{base, 64, 64}}, base));
  for (const std::string append : {"", "ours"}) {
    auto memory = ram(mebibyte);
    const auto boot = vm::load_machine({.bios = "none", .kernel = kernel, .dtb = dtb, .append = append}, *memory);
    ASSERT_TRUE(boot) << boot.error().message;
    const Bytes tree = tree_at(*memory, boot->device_tree);
    EXPECT_GE(fdt_path_offset(tree.data(), "/cpus/cpu@4"), 0);
    EXPECT_STREQ(static_cast<const char*>(fdt_getprop(tree.data(), fdt_path_offset(tree.data(), "/chosen"), "bootargs", nullptr)),
                 append.empty() ? "from the file" : "ours");
  }
}

TEST(loader_machine, errors_name_what_is_wrong) {
  const Folder folder;
  const std::string kernel = folder.file("k", make_elf({{base, 64, 64}}, base));
  const std::string firmware = folder.file("fw", Bytes(1000, std::byte{1}));
  struct Case {
    vm::LoadConfig config;
    std::string first, second;
  };
  const Case cases[] = {
      {{.bios = "none"}, "nothing to run", "give a kernel"},
      {{.bios = folder.path("gone")}, "firmware '" + folder.path("gone") + "'", "No such file"},
      {{.bios = "none", .kernel = folder.path("gone")}, "kernel '" + folder.path("gone") + "'", "No such file"},
      {{.bios = "none", .kernel = kernel, .initrd = folder.path("gone")}, "initrd '", "No such file"},
      {{.bios = "none", .kernel = kernel, .dtb = folder.path("gone")}, "device tree '", "No such file"},
      {{.bios = "none", .kernel = kernel, .dtb = kernel}, "device tree '" + kernel + "': at offset 0x0", "dtc"},
      {{.bios = "none", .kernel = kernel, .harts = 65}, "65 harts", "1 to 64"},
      {{.bios = firmware, .kernel = kernel}, "overlaps firmware '" + firmware + "'", "0x80200000"},
      {{.bios = firmware, .kernel = firmware}, "kernel '" + firmware + "': at offset 0x38", "Image magic"},
      {{.bios = "none", .kernel = kernel, .initrd = folder.file("rd", Bytes(mebibyte))}, "no room for an initrd", "at least 2 MiB"},
      {{.bios = "none", .kernel = folder.file("big", Bytes(mebibyte + 1))}, "do not fit", "more memory"},
  };
  for (const Case& c : cases) {
    auto memory = ram(mebibyte);
    expect_error(vm::load_machine(c.config, *memory), {c.first, c.second});
  }
}

TEST(loader_machine, debians_firmware_is_the_default) {
  const auto path = vm::find_firmware("default");
  if (!path) {
    expect_error(path, {"package opensbi", vm::default_firmware_paths[0]});
    GTEST_SKIP() << path.error().message;
  }
  EXPECT_NE(path->find("fw_"), std::string::npos);
  auto memory = ram(64 * mebibyte);
  const auto boot = vm::load_machine({}, *memory);
  ASSERT_TRUE(boot) << boot.error().message;
  EXPECT_EQ(boot->pc, base);
  EXPECT_GT(boot->firmware->end, base + 100'000);
}

TEST(loader_machine, the_top_of_ram_holds_what_fits_and_no_more) {
  const u64 needed = vm::device_tree_room + vm::page_bytes;
  for (const u64 size : {u64{1}, u64{2}, u64{16}, u64{8192}}) {
    const vm::PhysicalRange ram{base, base + size * mebibyte};
    for (const u64 initrd : {u64{0}, u64{1}, u64{4096}, u64{5000}}) {
      const u64 room = (initrd + 4095) / 4096 * 4096;
      for (const u64 occupied : {base, ram.end - needed - room, ram.end - needed - room + 1, ram.end, ram.end + 4096}) {
        const auto top = vm::place_at_top(ram, occupied, initrd);
        ASSERT_EQ(static_cast<bool>(top), occupied <= ram.end - needed - room) << size << ' ' << initrd;
        if (!top) continue;
        EXPECT_GE(top->initrd.first, occupied);
        EXPECT_EQ(top->initrd.first % 4096, 0u);
        EXPECT_EQ(top->initrd.end - top->initrd.first, initrd);
        EXPECT_LE(top->initrd.end, top->dynamic_information);
        EXPECT_EQ(top->dynamic_information + vm::page_bytes, top->device_tree);
        EXPECT_LE(top->device_tree + vm::device_tree_room, ram.end);
      }
    }
  }
}

}  // namespace
