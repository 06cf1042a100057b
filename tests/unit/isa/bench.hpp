// SPDX-License-Identifier: Apache-2.0
// A hart on a test bench: it runs a few instructions at ram_base in machine mode and stops at WFI. The bench answers the engine's Exits:
// translation is the identity (or what map() says), blocks live in a plain map, the one device is a table of written values.
// A trap goes to a WFI too: look at mcause, mepc and mtval then.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include "vm/hart/clock.hpp"
#include "vm/hart/engine.hpp"
#include "vm/hart/trap.hpp"
#include "vm/memory/guest_memory.hpp"
#include "vm/translate/block.hpp"
#include "vm/translate/op.hpp"

namespace bench {

using namespace vm;

inline constexpr u64 code = ram_base;
inline constexpr u64 trap_vector = ram_base + 0x8000;
inline constexpr u64 data = ram_base + 0x10000;
inline constexpr u64 device = 0x1000'0000;
inline constexpr u32 wfi = 0x10500073;
inline constexpr u32 nop = 0x00000013;
inline constexpr u64 no_trap = ~u64{0};

// RAM that several harts may share.
inline std::unique_ptr<GuestMemory> make_memory() {
  auto made = GuestMemory::create(u64{4} << 20);
  if (!made) std::abort();
  return std::move(*made);
}

class Bench {
 public:
  explicit Bench(u32 micro_tlb_entries = 16, GuestMemory* shared = nullptr, u32 id = 0)
      : own_memory_(shared == nullptr ? make_memory() : nullptr),
        memory(shared == nullptr ? *own_memory_ : *shared),
        hart_(std::make_unique<Hart>(HartId{id}, memory, clock_, micro_tlb_entries)),
        hart(*hart_) {
    put(trap_vector, {wfi});
    hart.csr.mtvec = trap_vector;
    hart.csr.mstatus |= mstatus::fs & (u64{1} << 13);  // initial
    code_context_changed(hart);
    hart.csr.mcause = no_trap;
    start(code);
  }
  ~Bench() {
    for (Block* block : all_blocks_) std::free(block);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  // Instructions at `address`: long ones where the two low bits say so.
  u64 put(u64 address, const std::vector<u32>& instructions) {
    for (const u32 bits : instructions) {
      const u64 length = (bits & 3) == 3 ? 4 : 2;
      memory.write(address, std::as_bytes(std::span(&bits, 1)).first(length));
      address += length;
    }
    return address;
  }
  // Puts instructions and a final WFI at `code` and runs them.
  void execute(std::vector<u32> instructions) {
    instructions.push_back(wfi);
    put(code, instructions);
    drop_code();
    start(code);
    run();
  }
  void start(u64 pc) {
    hart.pc = pc;
    hart.csr.mcause = no_trap;
    hart.csr.mepc = hart.csr.mtval = 0;
    entry_ = nullptr;
    hart.drop_blocks();
  }

  template <class T>
  T load(u64 address) {
    T value;
    memory.read(address, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  template <class T>
  void store(u64 address, T value) {
    memory.write(address, std::as_bytes(std::span(&value, 1)));
  }

  // Until WFI or for at most `exits` Exits; false in the latter case. `exits_` counts by kind.
  bool run(u64 most_exits = 1'000'000) {
    for (u64 i = 0; i < most_exits; ++i) {
      if (!step()) return true;
    }
    return false;
  }

  // Runs to the next Exit and serves it. False: it was WFI.
  bool step() {
    last = vm::run(hart, entry_);
    entry_ = nullptr;
    ++exits[last.kind];
    if (on_exit) on_exit(last);
    return serve(last);
  }

  // Instructions executed without the WFI that ended them.
  u64 retired() const { return hart.retired - 1; }
  bool trapped() const { return hart.csr.mcause != no_trap; }
  void map(u64 page, u64 frame) {
    frames_[page] = frame;
    hart.micro_tlb.flush();
    code_context_changed(hart);
  }
  void forbid(u64 page) { forbidden_.insert(page); }
  void drop_code() {
    for (auto& [key, block] : blocks_) block->retire();
    blocks_.clear();
    hart.drop_blocks();
  }
  Block* block_at(u64 pc) {
    for (auto& [key, block] : blocks_) {
      if (key.start == pc) return block;
    }
    return nullptr;
  }

 private:
  struct Less {
    bool operator()(const BlockKey& a, const BlockKey& b) const {
      return std::tie(a.start, a.second.value, a.context) < std::tie(b.start, b.second.value, b.context);
    }
  };
  static constexpr u64 page_of(u64 address) { return address & ~(page_bytes - 1); }

 public:
  u64 frame_of(u64 address) const {
    const auto found = frames_.find(page_of(address));
    return found == frames_.end() ? page_of(address) : found->second;
  }

 private:
  bool serve(const Exit& exit) {
    switch (exit.kind) {
      case ExitKind::translate: translate(exit); return true;
      case ExitKind::block: enter_block(); return true;
      case ExitKind::device:
        if (exit.access == Access::store) {
          device_writes.emplace_back(exit.address, exit.value);
          complete_access(hart, exit, 0);
        } else {
          complete_access(hart, exit, device_value);
        }
        return true;
      case ExitKind::code_written:
        for (const Ppn page : exit.pages) {
          if (page == no_page || !memory.pages().untrack(page)) continue;
          std::erase_if(blocks_, [&](auto& pair) {
            const bool hit = pair.first.first_page() == page || pair.first.second == page;
            if (hit) pair.second->retire();
            return hit;
          });
        }
        hart.signals.code_write.fetch_add(1, release, "code_write_done");
        return true;
      case ExitKind::reserve:
        memory.reservations().track(exit.address);
        memory.reservations().make_ready(exit.address);
        return true;
      case ExitKind::fence_vma:
        hart.micro_tlb.flush();
        hart.slots.drop();
        code_context_changed(hart);
        return true;
      case ExitKind::wait: return false;
      case ExitKind::fence_i: return true;
      case ExitKind::safepoint: hart.signals.attention.exchange(0, relaxed); return true;
    }
    return true;
  }

  void translate(const Exit& exit) {
    const u64 page = page_of(exit.address);
    if (forbidden_.contains(page)) return take_trap(hart, page_fault_of(exit.access), exit.address);
    MicroTlbEntry entry;
    entry.page = page;
    entry.frame = frame_of(page);
    entry.device = !memory.contains(entry.frame, page_bytes);
    entry.readable = true;
    entry.writable = entry.device || exit.access == Access::store;
    if (!entry.device) {
      entry.addend = reinterpret_cast<u64>(memory.host(entry.frame)) - page;
      entry.load_tag = page;
      if (exit.access == Access::store) {
        entry.tracked = !memory.pages().grant_write(Ppn{entry.frame >> page_shift}, hart.id);
        if (!entry.tracked) entry.store_tag = page;
      }
    }
    if (hart.micro_tlb.entries() == 0) {
      hart.slots.add(entry);
    } else {
      hart.micro_tlb.fill(hart.data_regime, entry);
    }
  }

  void enter_block() {
    const u64 frame = frame_of(hart.pc);
    const u64 start = frame | (hart.pc % page_bytes);
    BlockKey key{start, no_page, block_context(hart)};
    const std::span<const u8> first(memory.host(start), page_bytes - start % page_bytes);
    const u64 next_frame = frame_of(hart.pc + page_bytes);
    const std::span<const u8> second(memory.host(next_frame), page_bytes);
    if (first.size() == 2 && (first[0] & 3) == 3) key.second = Ppn{next_frame >> page_shift};
    hart.micro_tlb.fill(hart.fetch_regime, FetchEntry{page_of(hart.pc), frame, 0, false});
    hart.micro_tlb.fill(hart.fetch_regime, FetchEntry{page_of(hart.pc) + page_bytes, next_frame, 0, false});
    Block*& block = blocks_[key];
    if (block == nullptr) {
      for (const Ppn page : {key.first_page(), key.second}) {
        if (page != no_page) memory.pages().track(page);
      }
      hart.micro_tlb.revoke_writes();
      hart.slots.drop();
      if (!builder_.decode(hart.pc, key.context, first, {})) builder_.decode(hart.pc, key.context, first, second);
      EXPECT_EQ(builder_.straddles(), key.second != no_page);
      block = Block::make_in(std::aligned_alloc(16, Block::total_bytes(block_slots, builder_.payload_bytes())), ObjectKind::block,
                             block_slots, builder_.payload_bytes());
      builder_.emit(*block);
      block->key = key;
      all_blocks_.push_back(block);
    }
    if (hart.link_from != nullptr) hart.link_from->slot(hart.link_slot).store(block, release, "link");
    hart.link_from = nullptr;
    remember_block(hart, hart.pc, block);
    entry_ = block;
  }

  std::unique_ptr<GuestMemory> own_memory_;
  MachineClock clock_;
  BlockBuilder builder_;
  Block* entry_ = nullptr;
  std::map<BlockKey, Block*, Less> blocks_;
  std::vector<Block*> all_blocks_;
  std::map<u64, u64> frames_;
  std::set<u64> forbidden_;

 public:
  GuestMemory& memory;
  std::map<ExitKind, u64> exits;
  Exit last;
  u64 device_value = 0;
  std::vector<std::pair<u64, u64>> device_writes;
  std::function<void(const Exit&)> on_exit;

 private:
  std::unique_ptr<Hart> hart_;

 public:
  Hart& hart;
};

}  // namespace bench
