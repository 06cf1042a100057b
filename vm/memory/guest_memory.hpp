// SPDX-License-Identifier: Apache-2.0
// Guest RAM: one region, mapped on demand, with its page states and reservation words.
// No host address outside the region can come out of it: every access checks its range, and a guard page stands on each side.
// Accesses by several harts at once are made by relaxed host atomics of the access's width when it is aligned: on x86-64 that gives
// guest programs TSO, stronger than RVWMO demands.
#pragma once
#include <cstring>
#include <memory>
#include <mutex>
#include <span>

#include "vm/error.hpp"
#include "vm/memory/page_states.hpp"
#include "vm/memory/reservations.hpp"

namespace vm {

inline constexpr u64 ram_base = 0x8000'0000;

// What happens after a write from outside a hart (DMA, loader) has hit tracked code pages.
struct CodeWriteSink {
  void (*run)(void* context, Ppn page) = nullptr;
  void* context = nullptr;
};

class GuestMemory {
 public:
  static Result<std::unique_ptr<GuestMemory>> create(u64 bytes);
  ~GuestMemory();
  GuestMemory(const GuestMemory&) = delete;
  GuestMemory& operator=(const GuestMemory&) = delete;

  u64 bytes() const { return bytes_; }
  bool contains(u64 physical, u64 length) const { return physical >= ram_base && length <= bytes_ && physical - ram_base <= bytes_ - length; }
  // The caller has checked contains().
  u8* host(u64 physical) const { return host_ + (physical - ram_base); }

  // Device and loader access: any alignment and length. False: not all of it is RAM (nothing is touched then).
  bool read(u64 physical, std::span<std::byte> into) const;
  // Breaks reservations of tracked lines, and reports tracked code pages to the sink after the bytes are written.
  bool write(u64 physical, std::span<const std::byte> from);
  // Returns when every write() that had begun before the call has ended, its sink calls included. Two need it:
  //   fence.i, because it may have seen the new bytes of a code page before the sink was called;
  //   a `reserve` Exit, between track() and make_ready(), because a write() that saw the word at 0 takes part in no handshake.
  // Threads: any, but never from inside a sink. Progress: blocking; one load of each of two counters if no write() is under way.
  void wait_for_device_writes() const;
  void set_code_write_sink(CodeWriteSink sink) { sink_ = sink; }

  // For the page-table walker: an aligned 8-byte PTE, which must be in RAM.
  u64 load_pte(u64 physical) const;
  // Sets A or D: true if the PTE still was `expected`. Goes through tracked reservation words; the caller reports code pages.
  bool compare_exchange_pte(u64 physical, u64 expected, u64 desired);

  PageStates& pages() { return pages_; }
  Reservations& reservations() { return reservations_; }

 private:
  GuestMemory(u8* mapping, u8* host, u64 bytes);
  u8* mapping_;
  u8* host_;
  u64 bytes_;
  PageStates pages_;
  Reservations reservations_;
  CodeWriteSink sink_;
  void store(u64 physical, std::span<const std::byte> from);
  // write()s under way, counted apart for two phases: a waiter turns the phase, so that later ones do not hold it up.
  mutable NativePlatform::atomic<u32> write_phase_{0};
  NativePlatform::atomic<u32> writes_under_way_[2]{};
  mutable std::mutex waiters_;  // one waiter turns the phase at a time; held while writes end, taken only if there are any
};

}  // namespace vm
