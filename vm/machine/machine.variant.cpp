// SPDX-License-Identifier: Apache-2.0
// The machine with the layers of the selected variant.
#include "vm/machine/machine.hpp"

#include <pthread.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "selected_variant.hpp"
#include "vm/devices/virtio_block.hpp"
#include "vm/devices/virtio_entropy.hpp"
#include "vm/machine/board.hpp"
#include "vm/machine/phase_sampler.hpp"
#include "vm/machine/vcpu.hpp"

namespace vm {
namespace {

using Tlb = selected_variant::Tlb<NativePlatform>;
using Gc = selected_variant::Gc<NativePlatform>;
template <class State, class Sink>
using Registers = selected_variant::DeviceRegisters<NativePlatform, State, Sink>;
using VariantBoard = Board<Registers>;
using VariantVcpu = Vcpu<Tlb, Gc, VariantBoard>;

static_assert(TlbLayer<Tlb>, "see vm/layers/tlb.hpp");
static_assert(GcLayer<Gc, NativePlatform>, "see vm/layers/gc.hpp");

constexpr std::size_t disk_limit = 5;

// Blocks hold no resource beyond their storage.
void finalize_block(void*, Object<NativePlatform>&) {}

class VariantMachine final : public Machine {
 public:
  VariantMachine(const MachineConfig& config, std::unique_ptr<GuestMemory> memory, const BootState& boot,
                 std::vector<std::unique_ptr<devices::VirtioBackend>> backends, devices::VirtioConsole* virtio_console)
      : config_(config),
        memory_(std::move(memory)),
        backends_(std::move(backends)),
        harts_(make_harts(boot)),
        handshake_(pointers()),
        tlb_(TlbConfig{config.tlb_capacity, config.harts}),
        gc_(GcConfig{config.heap_bytes, config.harts}, Finalizer<NativePlatform>{finalize_block, nullptr}),
        board_(parts(virtio_console)) {
    for (const auto& hart : harts_) control_.add(hart->signals);
    memory_->set_code_write_sink({[](void* context, Ppn page) { complete(static_cast<Gc*>(context)->invalidate(page)); }, &gc_});
    for (const auto& hart : harts_) {
      vcpus_.push_back(std::make_unique<VariantVcpu>(*hart, typename VariantVcpu::Machine{tlb_, gc_, board_, handshake_, *memory_, control_, pointers()}));
    }
  }

  MachineReport run() override {
    MachineReport report;
    report.harts.resize(harts_.size());
    const auto start = NativePlatform::now();
    board_.start();
    std::optional<PhaseSampler> sampler;
    if (config_.sample_phases) {
      std::vector<const Phase*> phases;
      for (const auto& vcpu : vcpus_) phases.push_back(&vcpu->phase());
      sampler.emplace(std::move(phases));
    }
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < harts_.size(); ++i) threads.emplace_back([this, i, &report] { run_hart(i, report.harts[i]); });
    for (std::thread& thread : threads) thread.join();
    if (sampler) {
      sampler->stop();
      for (unsigned i = 0; i < harts_.size(); ++i) report.harts[i].samples = sampler->counts(i);
    }
    board_.stop();
    report.wall_nanoseconds = static_cast<u64>((NativePlatform::now() - start).count());
    report.reason = control_.reason();
    report.code = control_.code();
    report.tlb = tlb_.statistics();
    report.gc = gc_.statistics();
    report.registers = board_.statistics();
    report.handshakes = handshake_.runs();
    return report;
  }

  devices::Console& console() { return board_.console(); }

  void stop() override { control_.stop(StopReason::stopped, 0); }

 private:
  std::vector<std::unique_ptr<Hart>> make_harts(const BootState& boot) {
    std::vector<std::unique_ptr<Hart>> harts;
    for (u32 i = 0; i < config_.harts; ++i) {
      auto hart = std::make_unique<Hart>(HartId{i}, *memory_, clock_, config_.micro_tlb_entries);
      hart->pc = boot.pc;
      hart->x[10] = i;
      hart->x[11] = boot.device_tree;
      hart->x[12] = boot.dynamic_information;
      harts.push_back(std::move(hart));
    }
    return harts;
  }

  std::vector<Hart*> pointers() const {
    std::vector<Hart*> result;
    for (const auto& hart : harts_) result.push_back(hart.get());
    return result;
  }

  BoardParts parts(devices::VirtioConsole* virtio_console) {
    BoardParts parts{.harts = pointers(), .memory = *memory_, .clock = clock_, .control = control_};
    for (u32 slot = 0; slot < backends_.size(); ++slot) {
      parts.slots[slot] = backends_[slot].get();
      if (backends_[slot].get() == virtio_console && virtio_console != nullptr) parts.virtio_console_slot = slot;
    }
    parts.virtio_console = virtio_console;
    parts.input_to_virtio = virtio_console != nullptr;
    parts.console.output = config_.console_output;
    parts.console.capture = config_.console_capture;
    parts.console.input = config_.console_input;
    parts.console.raw = config_.console_raw;
    parts.console.escape_key = config_.console_raw;
    parts.worker_started = [this] { gc_.attach(); };  // DMA invalidates code
    parts.worker_stopping = [this] { gc_.detach(); };
    return parts;
  }

  void run_hart(unsigned index, HartReport& report) {
    if (!config_.cpus.empty()) {
      cpu_set_t set;
      CPU_ZERO(&set);
      CPU_SET(config_.cpus[index % config_.cpus.size()], &set);
      pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
    }
    tlb_.attach();
    gc_.attach();
    board_.attach();
    VcpuTask task = vcpus_[index]->loop();
    while (!task.done()) task.resume();
    board_.detach();
    gc_.detach();
    tlb_.detach();
    const Hart& hart = *harts_[index];
    timespec cpu{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
    report.cpu_nanoseconds = static_cast<u64>(cpu.tv_sec) * 1'000'000'000 + static_cast<u64>(cpu.tv_nsec);
    report.retired = hart.retired;
    report.exits = hart.counts.exits;
    report.interrupts = hart.counts.interrupts;
    report.walks = hart.counts.walks;
    report.builds = hart.counts.builds;
  }

  MachineConfig config_;
  MachineClock clock_;
  RunControl control_;
  std::unique_ptr<GuestMemory> memory_;
  std::vector<std::unique_ptr<devices::VirtioBackend>> backends_;
  std::vector<std::unique_ptr<Hart>> harts_;
  Handshake handshake_;
  Tlb tlb_;
  Gc gc_;
  VariantBoard board_;
  std::vector<std::unique_ptr<VariantVcpu>> vcpus_;
};

Error out_of_range(const std::string& what, const std::string& value, const std::string& range) { return {what + " is " + value + ": it must be " + range}; }

bool power_of_two(u64 value) { return value != 0 && (value & (value - 1)) == 0; }

}  // namespace

Result<std::unique_ptr<Machine>> make_machine(const MachineConfig& given) {
  MachineConfig config = given;
  if (config.harts == 0 || config.harts > max_harts) return out_of_range("the number of harts", std::to_string(config.harts), "1 to 64");
  if (config.micro_tlb_entries != 0 && (!power_of_two(config.micro_tlb_entries) || config.micro_tlb_entries > 1024)) {
    return out_of_range("the micro-TLB size", std::to_string(config.micro_tlb_entries), "0, or a power of two up to 1024");
  }
  if (!power_of_two(config.tlb_capacity) || config.tlb_capacity < 64) return out_of_range("the TLB capacity", std::to_string(config.tlb_capacity), "a power of two, at least 64");
  if (config.heap_bytes < 65536) return out_of_range("the code heap", std::to_string(config.heap_bytes) + " bytes", "at least 65536");
  if (config.disks.size() > disk_limit) return out_of_range("the number of disks", std::to_string(config.disks.size()), "at most " + std::to_string(disk_limit));
  config.load.harts = config.harts;

  auto memory = GuestMemory::create(config.memory_bytes);
  if (!memory) return memory.error();
  auto boot = load_machine(config.load, **memory);
  if (!boot) return boot.error();

  std::vector<std::unique_ptr<devices::VirtioBackend>> backends;
  for (const DiskConfig& disk : config.disks) {
    auto block = devices::VirtioBlock::open({.path = disk.path, .read_only = disk.read_only});
    if (!block) return block.error();
    backends.push_back(std::move(*block));
  }
  backends.push_back(std::make_unique<devices::VirtioEntropy>(config.load.seed));
  devices::VirtioConsole* virtio_console = nullptr;
  const auto board_console = std::make_shared<devices::Console*>(nullptr);
  if (config.virtio_console) {
    // hvc0 and the UART share one console, which exists only once the board does.
    auto console = std::make_unique<devices::VirtioConsole>([board_console](std::span<const u8> bytes) { (*board_console)->put(bytes); });
    virtio_console = console.get();
    backends.push_back(std::move(console));
  }
  auto machine = std::make_unique<VariantMachine>(config, std::move(*memory), *boot, std::move(backends), virtio_console);
  *board_console = &machine->console();
  return std::unique_ptr<Machine>(std::move(machine));
}

VariantDescription describe_variant() {
  using AnyRegisters = Registers<devices::SswiState, void (*)(const devices::SswiState::Effects&)>;
  return {selected_variant::name,     selected_variant::tlb_from, selected_variant::gc_from,      selected_variant::device_registers_from, Tlb::lookup_progress,
          Tlb::fill_progress,         AnyRegisters::inspect_progress, AnyRegisters::mutate_progress, Gc::pause_kind};
}

}  // namespace vm
