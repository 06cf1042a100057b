// SPDX-License-Identifier: Apache-2.0
// A hart with memory and a clock, for tests that need no engine and no layers.
#pragma once
#include <gtest/gtest.h>

#include "vm/hart/clock.hpp"
#include "vm/hart/csr.hpp"
#include "vm/hart/csr_numbers.hpp"
#include "vm/hart/pmp.hpp"
#include "vm/hart/trap.hpp"
#include "vm/memory/guest_memory.hpp"

namespace hart_tests {

using namespace vm;

inline constexpr u64 test_ram_bytes = u64{1} << 20;

// Created once for a test; a hart is too large for a stack frame of a sanitized build to like.
class TestHart {
 public:
  explicit TestHart(u32 micro_tlb_entries = 16, u64 ram_bytes = test_ram_bytes, u32 number = 0)
      : memory_(std::move(*GuestMemory::create(ram_bytes))),
        hart_(std::make_unique<Hart>(HartId{number}, *memory_, clock_, micro_tlb_entries)) {}
  Hart& operator*() { return *hart_; }
  Hart* operator->() { return hart_.get(); }
  GuestMemory& memory() { return *memory_; }
  MachineClock& clock() { return clock_; }

  void set_privilege(Privilege privilege) {
    hart_->csr.privilege = privilege;
    update_regime(*hart_);
  }
  // csr_read that must succeed.
  u64 read(u16 number) {
    u64 value = 0xdead;
    EXPECT_TRUE(csr_read(*hart_, number, value)) << "reading csr 0x" << std::hex << number;
    return value;
  }
  void write(u16 number, u64 value) { EXPECT_TRUE(csr_write(*hart_, number, value)) << "writing csr 0x" << std::hex << number; }
  bool can_read(u16 number) {
    u64 value = 0;
    return csr_read(*hart_, number, value);
  }
  bool can_write(u16 number, u64 value = 0) { return csr_write(*hart_, number, value); }
  // Opens all of memory to all privileges, as OpenSBI leaves it.
  void open_pmp() {
    write(csr_pmpaddr0, ~u64{0});
    write(csr_pmpcfg0, 0x1f);
  }
  // Makes time stand at `ticks`, near enough: the clock goes on by real time.
  void set_time(u64 ticks) { clock_.set_ticks(ticks); }
  bool attention() const { return (hart_->signals.attention.load(relaxed) & attention_interrupt) != 0; }
  void clear_attention() { hart_->signals.attention.store(0, relaxed); }

 private:
  MachineClock clock_;
  std::unique_ptr<GuestMemory> memory_;
  std::unique_ptr<Hart> hart_;
};

inline constexpr u64 later = 1'000'000'000;  // ticks: farther away than any test runs

}  // namespace hart_tests
