// SPDX-License-Identifier: Apache-2.0
// Guest RAM: one region, mapped on demand, with its page states and reservation words.
// No host address outside the region can come out of it: every access checks its range, and a guard page stands on each side.
// Accesses by several harts at once are made by relaxed host atomics of the access's width when it is aligned: on x86-64 that gives
// guest programs TSO, stronger than RVWMO demands.
#pragma once
#include <cstring>
#include <memory>
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
};

}  // namespace vm
