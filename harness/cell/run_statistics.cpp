// SPDX-License-Identifier: Apache-2.0
#include "harness/cell/run_statistics.hpp"

#include <fmt/core.h>

namespace harness {
namespace {

double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace

void print_statistics(const vm::MachineReport& report) {
  static constexpr const char* exit_names[] = {"translate", "block", "device", "code_written", "reserve", "fence_i", "fence_vma", "wait", "safepoint"};
  static constexpr const char* phase_labels[] = {"engine", "loop", "tlb", "gc", "registers", "idle"};
  vm::u64 retired = 0;
  vm::u64 cpu = 0;
  std::array<vm::u64, 16> exits{};
  std::array<vm::u64, vm::phase_names> samples{};
  for (const vm::HartReport& hart : report.harts) {
    retired += hart.retired;
    cpu += hart.cpu_nanoseconds;
    for (unsigned i = 0; i < exits.size(); ++i) exits[i] += hart.exits[i];
    for (unsigned i = 0; i < samples.size(); ++i) samples[i] += hart.samples[i];
  }
  fmt::print(stderr, "\nrun: {:.3f} s wall, {:.3f} s CPU in {} hart(s), {} instructions retired, {:.0f} MIPS per CPU second\n",
             static_cast<double>(report.wall_nanoseconds) / 1e9, static_cast<double>(cpu) / 1e9, report.harts.size(), retired,
             ratio(static_cast<double>(retired) * 1000, static_cast<double>(cpu)));
  fmt::print(stderr, "{:>5} {:>16} {:>10} {:>10} {:>10} {:>10}\n", "hart", "retired", "CPU ms", "interrupts", "walks", "builds");
  for (unsigned i = 0; i < report.harts.size(); ++i) {
    const vm::HartReport& hart = report.harts[i];
    fmt::print(stderr, "{:>5} {:>16} {:>10.1f} {:>10} {:>10} {:>10}\n", i, hart.retired, static_cast<double>(hart.cpu_nanoseconds) / 1e6, hart.interrupts, hart.walks,
               hart.builds);
  }
  fmt::print(stderr, "exits:");
  for (unsigned i = 0; i < std::size(exit_names); ++i) fmt::print(stderr, " {} {}", exit_names[i], exits[i]);
  const vm::TlbStatistics& tlb = report.tlb;
  const vm::GcStatistics& gc = report.gc;
  const vm::RegistersStatistics& registers = report.registers;
  fmt::print(stderr, "\ntlb: {} lookups ({:.1f} % hit), {} fills, {} refused, {} invalidates, {} removed, {} over-invalidated, {} evictions\n", tlb.lookups,
             100 * ratio(static_cast<double>(tlb.hits), static_cast<double>(tlb.lookups)), tlb.fills, tlb.refused, tlb.invalidates, tlb.removed, tlb.over_invalidated,
             tlb.evictions);
  fmt::print(stderr, "gc: {} finds ({:.1f} % found), {} allocated, {} published, {} refused, {} links, {} invalidates, {} retired, {} evicted, {} reclaimed, {} collections, ",
             gc.finds, 100 * ratio(static_cast<double>(gc.found), static_cast<double>(gc.finds)), gc.allocated, gc.published, gc.refused, gc.links, gc.invalidates, gc.retired,
             gc.evicted, gc.reclaimed, gc.collections);
  fmt::print(stderr, "{} bytes live, longest pause {:.1f} us\n", gc.live_bytes, static_cast<double>(gc.pause_nanoseconds_max) / 1e3);
  fmt::print(stderr, "registers: {} inspections, {} mutations, {} retries; handshakes: {}\n", registers.inspections, registers.mutations, registers.retries, report.handshakes);
  vm::u64 all = 0;
  for (const vm::u64 count : samples) all += count;
  if (all == 0) return;
  fmt::print(stderr, "time ({} samples):", all);
  for (unsigned i = 0; i < samples.size(); ++i) fmt::print(stderr, " {} {:.1f} %", phase_labels[i], 100 * ratio(static_cast<double>(samples[i]), static_cast<double>(all)));
  fmt::print(stderr, "\n");
}

}  // namespace harness
