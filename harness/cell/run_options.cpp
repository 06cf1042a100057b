// SPDX-License-Identifier: Apache-2.0
#include "harness/cell/run_options.hpp"

#include <charconv>

namespace harness {

vm::Result<vm::u64> parse_size(const std::string& text, const std::string& option) {
  vm::u64 number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  vm::u64 unit = 1;
  bool good = failure == std::errc{};
  if (good && rest != end) {
    switch (*rest) {
      case 'K': case 'k': unit = vm::u64{1} << 10; break;
      case 'M': case 'm': unit = vm::u64{1} << 20; break;
      case 'G': case 'g': unit = vm::u64{1} << 30; break;
      default: good = false;
    }
    good = good && rest + 1 == end;
  }
  if (!good || number > (~vm::u64{0} / unit)) return vm::Error{option + " '" + text + "' is no size: write bytes, or a number with K, M or G, such as 256M"};
  return number * unit;
}

void declare_run_options(CLI::App& app, RunOptions& options) {
  vm::MachineConfig& machine = options.machine;
  app.add_option("--variant", options.variant, "the layers to run on: a variant's name, or a mix as built (see `interlock list`)")->capture_default_str();
  app.add_option("--bios", machine.load.bios, "firmware: a file, `default` (Debian's OpenSBI) or `none` (the kernel starts in M mode)")->capture_default_str();
  app.add_option("--kernel", machine.load.kernel, "an ELF program or a Linux Image");
  app.add_option("--initrd", machine.load.initrd, "an initial RAM disk");
  app.add_option("--dtb", machine.load.dtb, "a device tree; made for the machine if not given");
  app.add_option("--append", machine.load.append, "the kernel's command line");
  app.add_option("--harts", machine.harts, "1 to 64, each on a host thread")->capture_default_str();
  app.add_option("--memory", options.memory, "guest RAM: bytes, or with K, M, G")->capture_default_str();
  app.add_option("--disk", options.disks, "a raw image for virtio-blk; FILE,ro opens it read-only; may be given up to 5 times");
  app.add_flag("--virtio-console", machine.virtio_console, "also hvc0, which then gets the terminal's input");
  app.add_option("--micro-tlb", machine.micro_tlb_entries, "entries of each hart's private micro-TLB: 0, or a power of two up to 1024")->capture_default_str();
  app.add_option("--tlb-capacity", machine.tlb_capacity, "leaves in the TLB layer, a power of two")->capture_default_str();
  app.add_option("--heap", options.heap, "the GC layer's heap for translated code: bytes, or with K, M, G")->capture_default_str();
  app.add_option("--seed", machine.load.seed, "makes /chosen/rng-seed and the entropy device repeatable");
  app.add_option("--cpus", machine.cpus, "host processors to pin harts to, in turn")->delimiter(',');
  app.add_flag("--stats", options.stats, "print what the harts and layers did, when the machine stops");
  app.add_flag("--no-reboot", options.no_reboot, "a reset of the guest ends the run");
  app.add_flag("--no-input", options.quiet_input, "do not read standard input");
  app.footer(
      "The terminal is the guest's serial console. Ctrl-A x leaves, Ctrl-A h helps, Ctrl-A Ctrl-A sends Ctrl-A.\n"
      "Exit status: the guest's power-off code; 1 if the machine cannot start; 2 for wrong usage; 130 after an interrupt.\n\n"
      "examples:\n"
      "  interlock run --kernel build/guests/linux/Image --initrd build/guests/linux/initrd.cpio.gz --append console=ttyS0 --harts 2\n"
      "  interlock run --variant rcu --bios none --kernel build/guests/bare-metal/hello.elf --harts 4 --stats\n");
}

vm::Result<void> finish_run_options(RunOptions& options) {
  const auto memory = parse_size(options.memory, "--memory");
  if (!memory) return memory.error();
  options.machine.memory_bytes = *memory;
  const auto heap = parse_size(options.heap, "--heap");
  if (!heap) return heap.error();
  options.machine.heap_bytes = *heap;
  for (const std::string& disk : options.disks) {
    const bool read_only = disk.size() > 3 && disk.ends_with(",ro");
    options.machine.disks.push_back({read_only ? disk.substr(0, disk.size() - 3) : disk, read_only});
  }
  const bool bare = options.machine.load.bios == "none";
  if (bare && options.machine.load.kernel.empty()) return vm::Error{"--bios none needs --kernel: there is nothing to run"};
  return {};
}

}  // namespace harness
