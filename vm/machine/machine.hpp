// SPDX-License-Identifier: Apache-2.0
// A machine: harts on host threads, memory, board, and the three layers of one variant.
// make_machine is defined once for each variant (vm/machine/machine.variant.cpp): a program gets the layers of the variant it links.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vm/error.hpp"
#include "vm/layers/device_registers.hpp"
#include "vm/layers/gc.hpp"
#include "vm/layers/tlb.hpp"
#include "vm/machine/loader.hpp"
#include "vm/machine/phase.hpp"
#include "vm/machine/run_control.hpp"

namespace vm {

struct DiskConfig {
  std::string path;
  bool read_only = false;
};

struct MachineConfig {
  LoadConfig load;                        // load.harts is set from `harts`
  u32 harts = 1;                          // 1..64
  u64 memory_bytes = u64{256} << 20;      // a multiple of 4 KiB
  u32 micro_tlb_entries = 256;            // 0, or a power of two up to 1024
  u32 tlb_capacity = 4096;                // leaves in the TLB layer, a power of two
  u64 heap_bytes = u64{16} << 20;         // of the GC layer
  std::vector<DiskConfig> disks;          // virtio-blk, in order; up to 5
  bool virtio_console = false;            // also hvc0; host input then goes there
  int console_output = -1;                // file descriptor; -1: none
  int console_input = -1;
  bool console_raw = false;               // the input is a terminal: raw mode, and Ctrl-A as escape key
  std::function<void(std::span<const u8>)> console_capture;
  bool sample_phases = false;             // apportion time to layers by a sampler thread
  std::vector<unsigned> cpus;             // hart i is pinned to cpus[i % size]; empty: not pinned
};

struct HartReport {
  u64 retired = 0;                        // instructions
  u64 cpu_nanoseconds = 0;
  std::array<u64, 16> exits{};            // by ExitKind
  u64 interrupts = 0;
  u64 walks = 0;
  u64 builds = 0;
  std::array<u64, phase_names> samples{}; // by PhaseName; all 0 without sample_phases
};

struct MachineReport {
  StopReason reason = StopReason::running;
  u32 code = 0;                           // of the power-off
  u64 wall_nanoseconds = 0;
  std::vector<HartReport> harts;
  TlbStatistics tlb;
  GcStatistics gc;
  RegistersStatistics registers;
  u64 handshakes = 0;
};

class Machine {
 public:
  virtual ~Machine() = default;
  // Runs until the guest powers off or resets, or stop() is called. Once.
  virtual MachineReport run() = 0;
  // From any thread, and from a signal handler's deferred context; run() returns soon.
  virtual void stop() = 0;
};

// Errors: a parameter out of range, memory that cannot be had, a file that cannot be loaded.
Result<std::unique_ptr<Machine>> make_machine(const MachineConfig& config);

// The layers that make_machine uses, for tables.
struct VariantDescription {
  std::string name;
  std::string tlb_from, gc_from, device_registers_from;
  Progress tlb_lookup, tlb_fill, inspect, mutate;
  PauseKind pause;
};
VariantDescription describe_variant();

}  // namespace vm
