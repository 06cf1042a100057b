// SPDX-License-Identifier: Apache-2.0
#include "tests/isa/engine_user.hpp"

#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <tuple>

#include "tests/isa/fault_program.hpp"
#include "vm/hart/clock.hpp"
#include "vm/hart/engine.hpp"
#include "vm/hart/trap.hpp"
#include "vm/memory/guest_memory.hpp"
#include "vm/translate/block.hpp"

namespace isa_fuzz {

namespace {

using namespace vm;

constexpr u64 ram_bytes = u64{64} << 20;
constexpr u64 trap_page = ram_base + ram_bytes - page_bytes;  // holds a WFI: the engine's traps end there
constexpr u32 wfi = 0x1050'0073;
constexpr u64 most_exits = 50'000'000;
constexpr u64 system_call_exit = 93;

u64 page_of(u64 address) { return address & ~(page_bytes - 1); }

struct Range {
  u64 first;
  u64 end;
  bool contains(u64 address) const { return address >= first && address < end; }
};
Range pages_of(u64 address, u64 bytes) { return {address, page_of(address + bytes + page_bytes - 1)}; }

class UserProcess {
 public:
  UserProcess(const Program& program, u32 micro_tlb_entries)
      : program_(program),
        text_(pages_of(program.text_address, program.text.size())),
        data_(pages_of(program.data_address, program.data.size())),
        memory_(make_memory()),
        owned_hart_(std::make_unique<Hart>(HartId{0}, *memory_, clock_, micro_tlb_entries)),
        hart_(*owned_hart_) {
    memory_->write(trap_page, std::as_bytes(std::span(&wfi, 1)));
    memory_->write(program.text_address, std::as_bytes(std::span(program.text)));
    memory_->write(program.data_address, std::as_bytes(std::span(program.data)));
    hart_.csr.mtvec = trap_page;
    hart_.csr.mstatus |= mstatus::fs;
    go_on_at(program.text_address);
  }
  ~UserProcess() {
    for (auto& [key, block] : blocks_) std::free(block);
  }
  UserProcess(const UserProcess&) = delete;
  UserProcess& operator=(const UserProcess&) = delete;

  Finished run() {
    Finished finished;
    for (u64 exits = 0;; ++exits) {
      const Exit exit = vm::run(hart_, entry_);
      entry_ = nullptr;
      if (exit.kind == ExitKind::wait && !after_trap(finished.failure)) break;
      serve(exit);
      if (exits == most_exits) {
        finished.failure = "the engine goes round in circles at pc " + hexadecimal(hart_.pc);
        break;
      }
    }
    finished.data.resize(program_.data.size());
    memory_->read(program_.data_address, std::as_writable_bytes(std::span(finished.data)));
    return finished;
  }

 private:
  struct Less {
    bool operator()(const BlockKey& a, const BlockKey& b) const {
      return std::tie(a.start, a.second.value, a.context) < std::tie(b.start, b.second.value, b.context);
    }
  };

  static std::unique_ptr<GuestMemory> make_memory() {
    auto made = GuestMemory::create(ram_bytes);
    if (!made) {
      std::fprintf(stderr, "isa_fuzz: %s\n", made.error().message.c_str());
      std::exit(1);
    }
    return std::move(*made);
  }

  static std::string hexadecimal(u64 value) {
    char text[32];
    std::snprintf(text, sizeof text, "0x%" PRIx64, value);
    return text;
  }

  void go_on_at(u64 pc) {
    hart_.csr.privilege = Privilege::user;
    hart_.pc = pc;
    hart_.slots.drop();
    hart_.drop_blocks();
    update_regime(hart_);
    entry_ = nullptr;
  }

  // The hart has taken a trap. False: the program is over.
  bool after_trap(std::string& failure) {
    const Csrs& csr = hart_.csr;
    if (csr.mcause == static_cast<u64>(Cause::ecall_from_user)) {
      if (hart_.x[17] == system_call_exit) return false;
      hart_.x[10] = 0;
      go_on_at(csr.mepc + 4);
      return true;
    }
    if (program_.log_cursor == 0) {
      failure = "the engine takes a trap: cause " + std::to_string(csr.mcause) + ", epc " + hexadecimal(csr.mepc) + ", tval " +
                hexadecimal(csr.mtval);
      return false;
    }
    deliver();
    return true;
  }

  // Does what the program's signal handler does under an operating system.
  void deliver() {
    const Csrs& csr = hart_.csr;
    const auto cause = static_cast<Cause>(csr.mcause);
    u64 signal = SIGSEGV;
    u64 address = csr.mtval;
    switch (cause) {
      case Cause::illegal_instruction: signal = SIGILL, address = csr.mepc; break;
      case Cause::breakpoint: signal = SIGTRAP, address = csr.mepc; break;
      case Cause::misaligned_load:
      case Cause::misaligned_store: signal = SIGBUS; break;
      default: break;
    }
    u64 cursor = 0;
    memory_->read(program_.log_cursor, std::as_writable_bytes(std::span(&cursor, 1)));
    const FaultRecord record{signal, address, csr.mepc};
    memory_->write(cursor, std::as_bytes(std::span(&record, 1)));
    cursor += sizeof record;
    memory_->write(program_.log_cursor, std::as_bytes(std::span(&cursor, 1)));
    const u64 from = text_.contains(csr.mepc) ? csr.mepc : hart_.x[1];
    go_on_at((from & ~(cell_bytes - 1)) + cell_bytes);
  }

  void serve(const Exit& exit) {
    switch (exit.kind) {
      case ExitKind::translate: return translate(exit);
      case ExitKind::block: return enter_block();
      case ExitKind::reserve:
        memory_->reservations().track(exit.address);
        memory_->reservations().make_ready(exit.address);
        return;
      case ExitKind::safepoint: hart_.signals.attention.exchange(0, relaxed); return;
      default: return;  // fences; no page here is a device, and no page is both code and data
    }
  }

  void translate(const Exit& exit) {
    const u64 page = page_of(exit.address);
    const bool readable = text_.contains(exit.address) || data_.contains(exit.address);
    const bool writable = data_.contains(exit.address);
    if (exit.access == Access::store ? !writable : !readable) return take_trap(hart_, page_fault_of(exit.access), exit.address);
    MicroTlbEntry entry;
    entry.page = entry.frame = entry.load_tag = page;
    entry.readable = true;
    entry.addend = reinterpret_cast<u64>(memory_->host(page)) - page;
    if (writable) {
      entry.writable = true;
      entry.store_tag = page;
      memory_->pages().grant_write(Ppn{page >> page_shift}, hart_.id);
    }
    if (hart_.micro_tlb.entries() == 0) {
      hart_.slots.add(entry);
    } else {
      hart_.micro_tlb.fill(hart_.data_regime, entry);
    }
  }

  bool may_fetch(u64 address) const { return hart_.csr.privilege == Privilege::machine || text_.contains(address); }

  void enter_block() {
    const u64 pc = hart_.pc;
    if (!may_fetch(pc)) return take_trap(hart_, Cause::fetch_page_fault, pc);
    const u64 left = page_bytes - pc % page_bytes;
    const std::span<const u8> first(memory_->host(pc), left);
    BlockKey key{pc, no_page, block_context(hart_)};
    if (left == 2 && (first[0] & 3) == 3) {
      if (!may_fetch(pc + 2)) return take_trap(hart_, Cause::fetch_page_fault, pc + 2);
      key.second = Ppn{(pc + 2) >> page_shift};
    }
    hart_.micro_tlb.fill(hart_.fetch_regime, FetchEntry{page_of(pc), page_of(pc), 0, false});
    if (key.second != no_page) hart_.micro_tlb.fill(hart_.fetch_regime, FetchEntry{page_of(pc + 2), page_of(pc + 2), 0, false});
    Block*& block = blocks_[key];
    if (block == nullptr) block = build(key, first);
    if (hart_.link_from != nullptr) hart_.link_from->slot(hart_.link_slot).store(block, relaxed);
    hart_.link_from = nullptr;
    remember_block(hart_, pc, block);
    entry_ = block;
  }

  Block* build(const BlockKey& key, std::span<const u8> first) {
    const std::span<const u8> second =
        key.second == no_page ? std::span<const u8>{} : std::span<const u8>(memory_->host(key.second.value << page_shift), 2);
    builder_.decode(hart_.pc, key.context, first, second);
    void* const storage = std::aligned_alloc(16, Block::total_bytes(block_slots, builder_.payload_bytes()));
    Block* const block = Block::make_in(storage, ObjectKind::block, block_slots, builder_.payload_bytes());
    builder_.emit(*block);
    block->key = key;
    return block;
  }

  const Program& program_;
  const Range text_;
  const Range data_;
  std::unique_ptr<GuestMemory> memory_;
  MachineClock clock_;
  std::unique_ptr<Hart> owned_hart_;
  Hart& hart_;
  BlockBuilder builder_;
  Block* entry_ = nullptr;
  std::map<BlockKey, Block*, Less> blocks_;
};

}  // namespace

Finished run_on_engine(const Program& program, u32 micro_tlb_entries) { return UserProcess(program, micro_tlb_entries).run(); }

}  // namespace isa_fuzz
