// SPDX-License-Identifier: Apache-2.0
// The device tree, read back with libfdt: the board's nodes and values, and what is done to trees from files.
#include "vm/machine/device_tree.hpp"

#include <libfdt.h>

#include <cstdlib>

#include "tests/unit/loader/program_file.hpp"
#include "vm/devices/memory_map.hpp"

namespace {

using namespace tests;

vm::BoardConfig board(u32 harts) {
  vm::BoardConfig config;
  config.harts = harts;
  config.memory_bytes = u64{256} << 20;
  return config;
}

Bytes tree_of(const vm::BoardConfig& config) {
  auto tree = vm::make_device_tree(config);
  if (!tree) {
    ADD_FAILURE() << tree.error().message;
    std::abort();
  }
  return *tree;
}

std::string text(const Bytes& tree, const char* path, const char* property) {
  int length = 0;
  const auto* value = static_cast<const char*>(fdt_getprop(tree.data(), fdt_path_offset(tree.data(), path), property, &length));
  return value == nullptr ? "absent" : std::string(value, static_cast<std::size_t>(length) - 1);
}
std::vector<u32> cells(const Bytes& tree, const char* path, const char* property) {
  int length = 0;
  const auto* value = static_cast<const fdt32_t*>(fdt_getprop(tree.data(), fdt_path_offset(tree.data(), path), property, &length));
  std::vector<u32> result;
  for (int i = 0; value != nullptr && i < length / 4; ++i) result.push_back(fdt32_to_cpu(value[i]));
  return result;
}
using Cells = std::vector<u32>;

TEST(loader_device_tree, the_board_is_qemus_virt) {
  const Bytes tree = tree_of(board(2));
  EXPECT_TRUE(vm::check_device_tree(tree, "tree"));
  struct Case {
    const char* path;
    const char* compatible;
    Cells reg;
  };
  const Case cases[] = {
      {"/soc/test@100000", "sifive,test1", {0, 0x100000, 0, 0x1000}},
      {"/soc/rtc@101000", "google,goldfish-rtc", {0, 0x101000, 0, 0x1000}},
      {"/soc/mswi@2000000", "riscv,aclint-mswi", {0, 0x2000000, 0, 0x4000}},
      {"/soc/mtimer@200bff8", "riscv,aclint-mtimer", {0, 0x200bff8, 0, 0x4008, 0, 0x2004000, 0, 0x7ff8}},
      {"/soc/sswi@2f00000", "riscv,aclint-sswi", {0, 0x2f00000, 0, 0x4000}},
      {"/soc/plic@c000000", "sifive,plic-1.0.0", {0, 0xc000000, 0, 0x600000}},
      {"/soc/serial@10000000", "ns16550a", {0, 0x10000000, 0, 0x100}},
      {"/soc/virtio_mmio@10001000", "virtio,mmio", {0, 0x10001000, 0, 0x1000}},
      {"/soc/virtio_mmio@10008000", "virtio,mmio", {0, 0x10008000, 0, 0x1000}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(cells(tree, c.path, "reg"), c.reg) << c.path;
    EXPECT_EQ(text(tree, c.path, "compatible").substr(0, std::strlen(c.compatible)), c.compatible) << c.path;
  }
  EXPECT_EQ(cells(tree, "/memory@80000000", "reg"), (Cells{0, 0x80000000, 0, 0x10000000}));
  EXPECT_EQ(cells(tree, "/cpus", "timebase-frequency"), Cells{10'000'000});
  EXPECT_EQ(cells(tree, "/soc/plic@c000000", "riscv,ndev"), Cells{95});
  EXPECT_EQ(cells(tree, "/soc/serial@10000000", "interrupts"), Cells{10});
  EXPECT_EQ(cells(tree, "/soc/rtc@101000", "interrupts"), Cells{11});
  EXPECT_EQ(cells(tree, "/soc/virtio_mmio@10003000", "interrupts"), Cells{3});
  EXPECT_EQ(cells(tree, "/soc/serial@10000000", "interrupt-parent"), cells(tree, "/soc/plic@c000000", "phandle"));
  for (const char* node : {"/poweroff", "/reboot"}) EXPECT_EQ(cells(tree, node, "regmap"), cells(tree, "/soc/test@100000", "phandle"));
  EXPECT_EQ(cells(tree, "/poweroff", "value"), Cells{0x5555});
  EXPECT_EQ(cells(tree, "/reboot", "value"), Cells{0x7777});
  EXPECT_EQ(text(tree, "/chosen", "stdout-path"), "/soc/serial@10000000");
  EXPECT_EQ(text(tree, "/chosen", "bootargs"), "absent");
}

TEST(loader_device_tree, interrupts_reach_every_hart) {
  for (const u32 harts : {1u, 3u, 64u}) {
    const Bytes tree = tree_of(board(harts));
    const Cells plic = cells(tree, "/soc/plic@c000000", "interrupts-extended");
    const Cells machine_software = cells(tree, "/soc/mswi@2000000", "interrupts-extended");
    const Cells timer = cells(tree, "/soc/mtimer@200bff8", "interrupts-extended");
    const Cells supervisor_software = cells(tree, "/soc/sswi@2f00000", "interrupts-extended");
    ASSERT_EQ(plic.size(), 4 * harts);
    ASSERT_EQ(machine_software.size(), 2 * harts);
    for (u32 hart = 0; hart < harts; ++hart) {
      char unit[16];
      std::snprintf(unit, sizeof unit, "cpu@%x", hart);
      const std::string cpu = std::string{"/cpus/"} + unit;
      ASSERT_EQ(cells(tree, cpu.c_str(), "reg"), Cells{hart});
      EXPECT_EQ(text(tree, cpu.c_str(), "riscv,isa"), board(1).isa);
      EXPECT_EQ(text(tree, cpu.c_str(), "mmu-type"), "riscv,sv57");
      const Cells controller = cells(tree, (cpu + "/interrupt-controller").c_str(), "phandle");
      ASSERT_EQ(controller.size(), 1u);
      EXPECT_EQ((Cells{plic[4 * hart], plic[4 * hart + 1], plic[4 * hart + 2], plic[4 * hart + 3]}),
                (Cells{controller[0], 11, controller[0], 9}));
      EXPECT_EQ((Cells{machine_software[2 * hart], machine_software[2 * hart + 1]}), (Cells{controller[0], 3}));
      EXPECT_EQ((Cells{timer[2 * hart], timer[2 * hart + 1]}), (Cells{controller[0], 7}));
      EXPECT_EQ((Cells{supervisor_software[2 * hart], supervisor_software[2 * hart + 1]}), (Cells{controller[0], 1}));
      const std::string core = "/cpus/cpu-map/cluster0/core" + std::to_string(hart);
      EXPECT_EQ(cells(tree, core.c_str(), "cpu"), cells(tree, cpu.c_str(), "phandle"));
    }
  }
}

TEST(loader_device_tree, chosen_and_reservations_are_as_asked) {
  vm::BoardConfig config = board(1);
  config.chosen.bootargs = "console=ttyS0 quiet";
  config.chosen.initrd = vm::PhysicalRange{0x8800'0000, 0x8812'3456};
  config.chosen.rng_seed = std::array<u32, 8>{1, 2, 3, 4, 5, 6, 7, 8};
  config.reserved = {{0x8fdf'f000, 0x8fe0'0000}};
  const Bytes tree = tree_of(config);
  EXPECT_EQ(text(tree, "/chosen", "bootargs"), "console=ttyS0 quiet");
  EXPECT_EQ(cells(tree, "/chosen", "linux,initrd-start"), (Cells{0, 0x8800'0000}));
  EXPECT_EQ(cells(tree, "/chosen", "linux,initrd-end"), (Cells{0, 0x8812'3456}));
  EXPECT_EQ(cells(tree, "/chosen", "rng-seed"), (Cells{1, 2, 3, 4, 5, 6, 7, 8}));
  u64 address = 0, bytes = 0;
  ASSERT_EQ(fdt_num_mem_rsv(tree.data()), 1);
  ASSERT_EQ(fdt_get_mem_rsv(tree.data(), 0, &address, &bytes), 0);
  EXPECT_EQ(address, 0x8fdf'f000u);
  EXPECT_EQ(bytes, 0x1000u);
}

TEST(loader_device_tree, firmware_finds_room_to_edit_in_place) {
  Bytes tree = tree_of(board(64));
  const Bytes addition(3'000, std::byte{7});
  EXPECT_EQ(fdt_setprop(tree.data(), fdt_path_offset(tree.data(), "/chosen"), "added", addition.data(), static_cast<int>(addition.size())),
            0);
}

TEST(loader_device_tree, parameters_out_of_range_are_refused) {
  vm::BoardConfig config = board(0);
  expect_error(vm::make_device_tree(config), {"1 to 64"});
  config = board(65);
  expect_error(vm::make_device_tree(config), {"65 harts", "1 to 64"});
  config = board(1);
  config.memory_bytes = 4097;
  expect_error(vm::make_device_tree(config), {"4097 bytes", "multiple of 4096"});
  config = board(1);
  config.isa = "rv32i";
  expect_error(vm::make_device_tree(config), {"'rv32i'"});
  config = board(1);
  config.chosen.bootargs = std::string("a\0b", 3);
  expect_error(vm::make_device_tree(config), {"zero byte"});
  config.chosen.bootargs = std::string(300'000, 'x');
  expect_error(vm::make_device_tree(config), {"shorten the kernel command line"});
}

TEST(loader_device_tree, a_file_gets_our_chosen_and_keeps_the_rest) {
  vm::BoardConfig config = board(2);
  config.chosen.bootargs = "old";
  const Bytes from = tree_of(config);
  vm::Chosen chosen;
  chosen.bootargs = "new and much longer than before " + std::string(1000, 'y');
  chosen.initrd = vm::PhysicalRange{0x8800'0000, 0x8900'0000};
  const vm::PhysicalRange reserved[] = {{0x8fdf'f000, 0x8fe0'0000}};
  const auto patched = vm::patch_device_tree(from, "device tree 'd'", chosen, reserved);
  ASSERT_TRUE(patched) << patched.error().message;
  EXPECT_TRUE(vm::check_device_tree(*patched, "tree"));
  EXPECT_EQ(text(*patched, "/chosen", "bootargs"), *chosen.bootargs);
  EXPECT_EQ(cells(*patched, "/chosen", "linux,initrd-end"), (Cells{0, 0x8900'0000}));
  EXPECT_EQ(text(*patched, "/chosen", "stdout-path"), "/soc/serial@10000000");
  EXPECT_EQ(cells(*patched, "/soc/plic@c000000", "interrupts-extended"), cells(from, "/soc/plic@c000000", "interrupts-extended"));
  EXPECT_EQ(fdt_num_mem_rsv(patched->data()), 1);
  const auto untouched = vm::patch_device_tree(from, "device tree 'd'", {}, {});
  ASSERT_TRUE(untouched);
  EXPECT_EQ(text(*untouched, "/chosen", "bootargs"), "old");
}

TEST(loader_device_tree, a_tree_without_chosen_gets_one) {
  Bytes bare(4096);
  ASSERT_EQ(fdt_create_empty_tree(bare.data(), static_cast<int>(bare.size())), 0);
  vm::Chosen chosen;
  chosen.bootargs = "b";
  const auto patched = vm::patch_device_tree(bare, "device tree 'd'", chosen, {});
  ASSERT_TRUE(patched) << patched.error().message;
  EXPECT_EQ(text(*patched, "/chosen", "bootargs"), "b");
}

TEST(loader_device_tree, damaged_files_are_refused_by_name_and_offset) {
  const Bytes whole = tree_of(board(1));
  const u32 used = fdt_totalsize(whole.data());
  for (std::size_t length = 0; length < 40; ++length) {
    expect_error(vm::check_device_tree(std::span{whole}.first(length), "device tree 'd'"),
                 {"truncated", "device tree 'd': at offset " + vm::hexadecimal(length) + ":"});
  }
  expect_error(vm::check_device_tree(std::span{whole}.first(used - 1), "device tree 'd'"), {"truncated", "at offset 0x4:"});
  Bytes damaged = whole;
  damaged[0] = std::byte{0};
  expect_error(vm::check_device_tree(damaged, "device tree 'd'"), {"dtc -O dtb", "at offset 0x0:"});
  for (const u64 field : {8, 12, 16, 24, 32, 36}) {  // offsets, the oldest compatible version, and sizes
    damaged = whole;
    poke<u32>(damaged, field, 0xffff'ffff);
    expect_error(vm::check_device_tree(damaged, "device tree 'd'"), {"damaged", "at offset 0x8:"});
  }
  damaged = whole;
  poke<u32>(damaged, fdt_off_dt_struct(whole.data()) + 8, cpu_to_fdt32(99));  // no such token
  expect_error(vm::check_device_tree(damaged, "device tree 'd'"), {"damaged", "dtc -O dtb"});
  expect_error(vm::patch_device_tree(damaged, "device tree 'd'", {}, {}), {"device tree 'd'"});
}

// The second opinion of the compiler's own checks: it warns of what bindings forbid.
TEST(loader_device_tree, dtc_finds_nothing_to_warn_about) {
  if (std::system("dtc --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "dtc is not installed";
  const Folder folder;
  for (const u32 harts : {1u, 64u}) {
    const std::string blob = folder.file("tree.dtb", tree_of(board(harts)));
    const std::string report = folder.path("report");
    ASSERT_EQ(std::system(("dtc -I dtb -O dts -o " + folder.path("tree.dts") + " " + blob + " 2> " + report).c_str()), 0);
    std::ifstream lines(report);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(lines), {}), "");
    EXPECT_GT(std::filesystem::file_size(folder.path("tree.dts")), 3000u);
  }
}

}  // namespace
