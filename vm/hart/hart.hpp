// SPDX-License-Identifier: Apache-2.0
// The state of one hart. It is owned by the thread that runs its vCPU loop, except for the members of Signals, which any thread may use.
// Source: RISC-V Unprivileged 20191213; Privileged 1.12; Sstc 1.0.
#pragma once
#include <array>

#include "vm/hart/csrs.hpp"
#include "vm/hart/exit.hpp"
#include "vm/layers/gc.hpp"
#include "vm/memory/micro_tlb.hpp"
#include "vm/memory/reservations.hpp"
#include "vm/platform/native.hpp"

namespace vm {

using Block = Object<NativePlatform>;  // its payload: vm/translate/block.hpp

class GuestMemory;   // vm/memory/guest_memory.hpp
class MachineClock;  // vm/hart/clock.hpp

// Bits of Signals::attention: why a running hart should come to a safepoint.
enum AttentionBit : u32 {
  attention_interrupt = 1,   // Signals::lines, mtimecmp or enable bits may have changed
  attention_collector = 2,   // the GC layer
  attention_handshake = 4,   // vm/machine/handshake.hpp: permissions to drop, an epoch to acknowledge
  attention_stop = 8,        // the machine powers off, resets or was interrupted by its user
};

// What other threads may touch. On cache lines of its own.
struct alignas(128) Signals {
  NativePlatform::atomic<u32> attention{0};      // AttentionBit; the futex of a hart in WFI
  NativePlatform::atomic<u32> sleeping{0};       // 1 while the hart may be parked on `attention`
  NativePlatform::atomic<u64> lines{0};          // levels of MSIP, MEIP, SEIP and the SSIP latch, at their mip positions
  NativePlatform::atomic<u64> mtimecmp{~u64{0}};  // ticks of 10 MHz
  // Odd from just before a store, AMO or SC to a tracked page until the loop has invalidated the page: fence.i on another hart, which may
  // have seen the new bytes, waits for it (release store before the bytes; the fence.i side loads with acquire after it saw them).
  NativePlatform::atomic<u32> code_write{0};
};

// A direct-mapped cache from pc to block. An entry counts only for the generation that it was made in.
struct JumpEntry {
  u64 pc = no_tag;
  Block* block = nullptr;
  u64 generation = 0;
};
inline constexpr unsigned jump_cache_entries = 4096;

// A translation for one restarted instruction: works at any micro-TLB size. Dropped when the instruction has used it, and at any
// trap, fence, satp or privilege change, safepoint.
struct TransientSlots {
  std::array<MicroTlbEntry, 2> data;
  std::array<FetchEntry, 2> fetch;
  u8 next_data = 0;
  u8 next_fetch = 0;
  void drop();
  void add(const MicroTlbEntry& entry);
  void add(const FetchEntry& entry);
};

struct alignas(128) Hart {
  Hart(HartId hart, GuestMemory& guest_memory, const MachineClock& machine_clock, u32 micro_tlb_entries);

  // x[32] is where writes to x0 go; x[0] stays 0.
  std::array<u64, 33> x{};
  u64 pc = 0;
  std::array<u64, 32> f{};
  u64 retired = 0;                 // instructions, exact at every Exit and counter read (minstret adds its own offset)
  i32 budget = 0;                  // instructions left of the engine's slice, as of `retired`

  // The regime that loads and stores run in now, kept by update_regime() (MPRV included).
  MicroTlbEntry* data_table = nullptr;
  u64 data_mask = 0;
  Regime data_regime = Regime::machine;
  Regime fetch_regime = Regime::machine;

  // Where run() goes on inside a block after a translate, device or reserve Exit; void after drop_blocks().
  Block* resume_block = nullptr;
  const void* resume_op = nullptr;
  // The chain to make once the block at pc is known: slot `link_slot` of `link_from`.
  Block* link_from = nullptr;
  u8 link_slot = 0;

  u64 jump_generation = 1;         // of the jump cache: see code_context_changed() in vm/hart/trap.hpp
  TransientSlots slots;
  Reservation reservation;         // of LR; survives Exits
  Csrs csr;
  MicroTlb micro_tlb;
  std::array<JumpEntry, jump_cache_entries> jump_cache{};  // not used when the micro-TLB has 0 entries

  const HartId id;
  GuestMemory& memory;
  const MachineClock& clock;
  u64 timer_poll_countdown = 0;    // engine slices until the timers are looked at again

  // Counts of what the loop did, for --stats: private to the hart, read after it stopped.
  struct Counts {
    std::array<u64, 16> exits{};   // by ExitKind
    u64 traps = 0;
    u64 interrupts = 0;
    u64 walks = 0;
    u64 builds = 0;
  } counts;

  Signals signals;

  // Forgets every block pointer that the hart holds: at a safepoint that asks for it.
  void drop_blocks();
};

}  // namespace vm
