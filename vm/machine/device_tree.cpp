// SPDX-License-Identifier: Apache-2.0
// Node by node, in the order of the finished tree.
#include "vm/machine/device_tree.hpp"

#include <libfdt.h>

#include <algorithm>

#include "vm/devices/memory_map.hpp"
#include "vm/devices/plic.hpp"
#include "vm/machine/device_tree_writer.hpp"
#include "vm/machine/loader_program.hpp"

namespace vm {
namespace {

constexpr u32 software_supervisor = 1, software_machine = 3, timer_machine = 7, external_supervisor = 9, external_machine = 11;
constexpr u32 uart_clock_hertz = 3'686'400;

// Phandles: 1 PLIC, 2 syscon, then an interrupt controller and a cpu for each hart.
constexpr u32 plic_phandle = 1;
constexpr u32 syscon_phandle = 2;
constexpr u32 intc_phandle(u32 hart) { return 3 + 2 * hart; }
constexpr u32 cpu_phandle(u32 hart) { return 4 + 2 * hart; }

std::string unit(const char* kind, u64 address) { return std::string{kind} + "@" + hexadecimal(address).substr(2); }

// interrupts-extended: for each hart its controller and each of `lines`.
std::vector<u32> to_each_hart(u32 harts, std::initializer_list<u32> lines) {
  std::vector<u32> cells;
  for (u32 hart = 0; hart < harts; ++hart) {
    for (const u32 line : lines) {
      cells.push_back(intc_phandle(hart));
      cells.push_back(line);
    }
  }
  return cells;
}

void write_chosen(TreeWriter& tree, const Chosen& chosen) {
  tree.begin("chosen");
  tree.text("stdout-path", "/soc/" + unit("serial", devices::uart_window.base));
  if (chosen.bootargs) tree.text("bootargs", *chosen.bootargs);
  if (chosen.initrd) {
    tree.number("linux,initrd-start", chosen.initrd->first);
    tree.number("linux,initrd-end", chosen.initrd->end);
  }
  if (chosen.rng_seed) tree.cells("rng-seed", *chosen.rng_seed);
  tree.end();
}

void write_cpus(TreeWriter& tree, const BoardConfig& board) {
  tree.begin("cpus");
  tree.cell("#address-cells", 1);
  tree.cell("#size-cells", 0);
  tree.cell("timebase-frequency", board.timebase_hertz);
  for (u32 hart = 0; hart < board.harts; ++hart) {
    tree.begin(unit("cpu", hart));
    tree.text("device_type", "cpu");
    tree.cell("reg", hart);
    tree.text("status", "okay");
    tree.text("compatible", "riscv");
    tree.text("riscv,isa", board.isa);
    tree.text("mmu-type", board.mmu_type);
    tree.cell("phandle", cpu_phandle(hart));
    tree.begin("interrupt-controller");
    tree.cell("#address-cells", 0);
    tree.cell("#interrupt-cells", 1);
    tree.flag("interrupt-controller");
    tree.text("compatible", "riscv,cpu-intc");
    tree.cell("phandle", intc_phandle(hart));
    tree.end();
    tree.end();
  }
  tree.begin("cpu-map");
  tree.begin("cluster0");
  for (u32 hart = 0; hart < board.harts; ++hart) {
    tree.begin("core" + std::to_string(hart));
    tree.cell("cpu", cpu_phandle(hart));
    tree.end();
  }
  tree.end();
  tree.end();
  tree.end();
}

void write_interrupt_controllers(TreeWriter& tree, u32 harts) {
  using devices::aclint_window;
  using devices::plic_window;
  using devices::sswi_window;
  tree.begin(unit("mswi", aclint_window.base));
  tree.text("compatible", "riscv,aclint-mswi");
  tree.reg({{aclint_window.base, 0x4000}});
  tree.cells("interrupts-extended", to_each_hart(harts, {software_machine}));
  tree.flag("interrupt-controller");
  tree.cell("#address-cells", 0);
  tree.cell("#interrupt-cells", 0);
  tree.end();

  tree.begin(unit("mtimer", aclint_window.base + 0xbff8));
  tree.text("compatible", "riscv,aclint-mtimer");
  tree.reg({{aclint_window.base + 0xbff8, 0x4008}, {aclint_window.base + 0x4000, 0x7ff8}});
  tree.cells("interrupts-extended", to_each_hart(harts, {timer_machine}));
  tree.end();

  tree.begin(unit("sswi", sswi_window.base));
  tree.text("compatible", "riscv,aclint-sswi");
  tree.reg({{sswi_window.base, sswi_window.bytes}});
  tree.cells("interrupts-extended", to_each_hart(harts, {software_supervisor}));
  tree.flag("interrupt-controller");
  tree.cell("#address-cells", 0);
  tree.cell("#interrupt-cells", 0);
  tree.end();

  tree.begin(unit("plic", plic_window.base));
  tree.texts("compatible", {"sifive,plic-1.0.0", "riscv,plic0"});
  tree.reg({{plic_window.base, plic_window.bytes}});
  tree.cells("interrupts-extended", to_each_hart(harts, {external_machine, external_supervisor}));
  tree.flag("interrupt-controller");
  tree.cell("#interrupt-cells", 1);
  tree.cell("#address-cells", 0);
  tree.cell("riscv,ndev", devices::PlicState::sources - 1);
  tree.cell("phandle", plic_phandle);
  tree.end();
}

void write_interrupt(TreeWriter& tree, u32 source) {
  tree.cell("interrupts", source);
  tree.cell("interrupt-parent", plic_phandle);
}

void write_peripherals(TreeWriter& tree) {
  tree.begin(unit("test", devices::syscon_window.base));
  tree.texts("compatible", {"sifive,test1", "sifive,test0", "syscon"});
  tree.reg({{devices::syscon_window.base, devices::syscon_window.bytes}});
  tree.cell("phandle", syscon_phandle);
  tree.end();

  tree.begin(unit("rtc", devices::rtc_window.base));
  tree.text("compatible", "google,goldfish-rtc");
  tree.reg({{devices::rtc_window.base, devices::rtc_window.bytes}});
  write_interrupt(tree, devices::rtc_source);
  tree.end();

  tree.begin(unit("serial", devices::uart_window.base));
  tree.text("compatible", "ns16550a");
  tree.reg({{devices::uart_window.base, devices::uart_window.bytes}});
  tree.cell("clock-frequency", uart_clock_hertz);
  write_interrupt(tree, devices::uart_source);
  tree.end();

  for (u32 slot = 0; slot < devices::virtio_slots; ++slot) {
    const devices::Window window = devices::virtio_window(slot);
    tree.begin(unit("virtio_mmio", window.base));
    tree.text("compatible", "virtio,mmio");
    tree.reg({{window.base, window.bytes}});
    write_interrupt(tree, devices::virtio_source(slot));
    tree.end();
  }
}

void write_syscon(TreeWriter& tree, const char* node, const char* compatible, u32 value) {
  tree.begin(node);
  tree.text("compatible", compatible);
  tree.cell("regmap", syscon_phandle);
  tree.cell("offset", 0);
  tree.cell("value", value);
  tree.end();
}

std::optional<Error> check_board(const BoardConfig& board) {
  const auto wrong = [](const std::string& what) { return Error{"device tree: " + what}; };
  if (board.harts == 0 || board.harts > max_harts) return wrong(std::to_string(board.harts) + " harts; give 1 to 64");
  if (board.memory_bytes == 0 || board.memory_bytes % page_bytes != 0) {
    return wrong(std::to_string(board.memory_bytes) + " bytes of RAM; give a multiple of 4096");
  }
  if (!board.isa.starts_with("rv64")) return wrong("the ISA string '" + board.isa + "' does not begin with rv64");
  // A text ends at its first zero byte; what follows would be lost unseen.
  if (board.chosen.bootargs && board.chosen.bootargs->find('\0') != std::string::npos)
    return wrong("the kernel command line contains a zero byte");
  return {};
}

}  // namespace

Result<std::vector<std::byte>> make_device_tree(const BoardConfig& board) {
  if (auto error = check_board(board)) return *error;
  TreeWriter tree;
  for (const PhysicalRange& range : board.reserved) tree.reserve(range.first, range.end - range.first);
  tree.begin("");
  tree.cell("#address-cells", 2);
  tree.cell("#size-cells", 2);
  tree.text("compatible", "riscv-virtio");
  tree.text("model", "interlock,virt");
  write_chosen(tree, board.chosen);
  tree.begin(unit("memory", ram_base));
  tree.text("device_type", "memory");
  tree.reg({{ram_base, board.memory_bytes}});
  tree.end();
  write_cpus(tree, board);
  write_syscon(tree, "poweroff", "syscon-poweroff", 0x5555);
  write_syscon(tree, "reboot", "syscon-reboot", 0x7777);
  tree.begin("soc");
  tree.cell("#address-cells", 2);
  tree.cell("#size-cells", 2);
  tree.text("compatible", "simple-bus");
  tree.flag("ranges");
  write_interrupt_controllers(tree, board.harts);
  write_peripherals(tree);
  tree.end();
  tree.end();
  return tree.finish();
}

}  // namespace vm
