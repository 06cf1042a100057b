// SPDX-License-Identifier: Apache-2.0
// The vCPU loop: one coroutine for every variant. It runs the engine, and serves each Exit by asking the layers.
// A layer operation that is ready costs nothing here; one that suspends (the coroutine tier) suspends the loop.
// Every awaitable is a named local before its co_await (g++ 12 miscompiles some temporaries there).
//
// Restarting: an Exit that needs a translation first (a block whose page is unknown) is served again after it, by `again_`.
// Safepoints: safepoint(), allocate and collect of the GC layer, and idle/busy. The hart then holds no block: hart.drop_blocks().
#pragma once
#include "vm/hart/clock.hpp"
#include "vm/hart/csr.hpp"
#include "vm/hart/engine.hpp"
#include "vm/hart/pmp.hpp"
#include "vm/hart/trap.hpp"
#include "vm/machine/handshake.hpp"
#include "vm/machine/phase.hpp"
#include "vm/machine/run_control.hpp"
#include "vm/machine/space_history.hpp"
#include "vm/machine/translation.hpp"
#include "vm/machine/vcpu_task.hpp"
#include "vm/memory/guest_memory.hpp"
#include "vm/memory/walker.hpp"
#include "vm/translate/block.hpp"

namespace vm {

template <class Tlb, class Gc, class Board>
class Vcpu {
 public:
  struct Machine {
    Tlb& tlb;
    Gc& gc;
    Board& board;
    Handshake& handshake;
    GuestMemory& memory;
    RunControl& control;
    std::vector<Hart*> harts;
  };

  Vcpu(Hart& hart, const Machine& machine)
      : hart_(hart),
        m_(machine),
        reader_(machine.tlb.reader(hart.id)),
        mutator_(machine.gc.mutator(hart.id, Attention<NativePlatform>{&hart.signals.attention, attention_collector})),
        scratch_(scratch_bytes) {}

  const Phase& phase() const { return phase_; }

  VcpuTask loop() {
    busy();
    Exit exit;
    Block* entry = nullptr;
    bool again = false;
    while (!m_.control.stopping()) {
      if (!again) {
        phase_.enter(PhaseName::engine);
        exit = run(hart_, entry);
        entry = nullptr;
        ++hart_.counts.exits[static_cast<unsigned>(exit.kind)];
        phase_.enter(PhaseName::loop);
      }
      again = false;

      // What to translate before the exit can be served; a block exit may find that it needs nothing.
      bool translate = exit.kind == ExitKind::translate;
      Access access = exit.access;
      u64 address = exit.address;
      BlockSite site;
      if (exit.kind == ExitKind::block) {
        site = find_site(hart_, m_.memory);
        translate = site.missing;
        access = Access::fetch;
        address = site.missing_address;
      }

      if (translate) {
        Translation translation = begin_translation(hart_, address, access, exit.width);
        if (translation.paged) {
          const Space space{hart_.csr.satp};
          std::optional<Ticket> since = history_.find(space);
          phase_.enter(PhaseName::tlb);
          if (!since) {
            since = m_.tlb.fresh(reader_);
            history_.add(space, *since);
          }
          auto lookup = m_.tlb.lookup(reader_, *since, space, translation.page);
          translation.leaf = co_await lookup;
          phase_.enter(PhaseName::loop);
          // A cached leaf that does not permit the access is no reason for a fault: the walk decides.
          if (!permitted(hart_, translation)) {
            ++hart_.counts.walks;
            phase_.enter(PhaseName::tlb);
            const Ticket ticket = m_.tlb.begin_walk(reader_);
            phase_.enter(PhaseName::loop);
            const Ppn dirtied = walk_into(hart_, translation);
            if (dirtied != no_page && m_.memory.pages().untrack(dirtied)) {
              phase_.enter(PhaseName::gc);
              auto invalidation = m_.gc.invalidate(dirtied);
              co_await invalidation;
            }
            if (!translation.fault) {
              phase_.enter(PhaseName::tlb);
              auto fill = m_.tlb.fill(reader_, ticket, space, *translation.leaf);
              co_await fill;
            }
            phase_.enter(PhaseName::loop);
          }
        }
        if (!translation.fault) install(hart_, translation);
        if (translation.fault) {
          take_trap(hart_, *translation.fault, address);
        } else {
          again = exit.kind == ExitKind::block;
        }
        continue;
      }

      switch (exit.kind) {
        case ExitKind::translate: break;  // served above

        case ExitKind::block: {
          if (site.fault) {
            take_trap(hart_, *site.fault, hart_.pc);
            break;
          }
          phase_.enter(PhaseName::gc);
          auto search = m_.gc.find(mutator_, site.key);
          Block* found = site.narrow ? nullptr : co_await search;
          phase_.enter(PhaseName::loop);
          const bool built = found == nullptr;
          bool shared = true;
          if (built) {
            hart_.link_from = nullptr;  // building passes safepoints
            ++hart_.counts.builds;
            for (unsigned attempt = 0; found == nullptr && !site.narrow && attempt < build_attempts; ++attempt) {
              const std::array<Ppn, 2> pages{site.key.first_page(), site.key.second};
              phase_.enter(PhaseName::gc);
              const Ticket ticket = m_.gc.begin_build(mutator_, pages);
              phase_.enter(PhaseName::loop);
              revoke_writers(pages);
              builder_.decode(hart_.pc, site.key.context, site.first_bytes(m_.memory), site.second_bytes(m_.memory));
              phase_.enter(PhaseName::gc);
              auto allocation = m_.gc.allocate(mutator_, ObjectKind::block, block_slots, builder_.payload_bytes());
              Block* block = co_await allocation;
              if (block == nullptr) {
                auto collection = m_.gc.collect(mutator_);
                co_await collection;
                auto second_allocation = m_.gc.allocate(mutator_, ObjectKind::block, block_slots, builder_.payload_bytes());
                block = co_await second_allocation;
              }
              passed_safepoint();
              if (block == nullptr) break;  // exhausted: the scratch block serves
              builder_.emit(*block);
              auto publication = m_.gc.publish(mutator_, ticket, site.key, block);
              const Published<NativePlatform> published = co_await publication;
              phase_.enter(PhaseName::loop);
              found = published.object;
            }
            phase_.enter(PhaseName::loop);
          }
          if (found == nullptr) {
            // No room, the bytes keep changing, or the PMP splits the page: a private block, run once.
            found = build_scratch(site);
            shared = false;
          }
          if (shared) {
            if (hart_.link_from != nullptr && hart_.link_from != scratch_block_) m_.gc.link(mutator_, *hart_.link_from, hart_.link_slot, found);
            remember_block(hart_, hart_.pc, found);
          }
          hart_.link_from = nullptr;
          hart_.slots.fetch = {};
          entry = found;
          break;
        }

        case ExitKind::device: {
          m_.board.wait_for_room();
          phase_.enter(PhaseName::registers);
          auto operation = m_.board.access(hart_.id, exit);
          const DeviceAnswer answer = co_await operation;
          phase_.enter(PhaseName::loop);
          if (answer.accepted) {
            complete_access(hart_, exit, answer.value);
          } else {
            take_trap(hart_, exit.access == Access::store ? Cause::store_access_fault : Cause::load_access_fault, exit.virtual_address);
          }
          look_at_interrupts();
          break;
        }

        case ExitKind::code_written: {
          phase_.enter(PhaseName::gc);
          for (const Ppn page : exit.pages) {
            if (page == no_page || !m_.memory.pages().untrack(page)) continue;
            auto invalidation = m_.gc.invalidate(page);
            co_await invalidation;
          }
          // code_write_done: whoever sees an even count sees the index without the old blocks. pairs with wait_for_code_writes.
          hart_.signals.code_write.fetch_add(1, release, "code_write_done");
          phase_.enter(PhaseName::loop);
          retain_store_permission(hart_, m_.memory, exit);
          break;
        }

        case ExitKind::reserve:
          m_.memory.reservations().track(exit.address);
          if (m_.harts.size() > 1) shake_hands(HandshakeKind::order_stores);
          m_.memory.wait_for_device_writes();
          m_.memory.reservations().make_ready(exit.address);
          break;

        case ExitKind::fence_i:
          wait_for_code_writes();
          pass_safepoint();  // G4: what an invalidate retired is not entered after it
          break;

        case ExitKind::fence_vma: {
          apply_fence(hart_, exit.scope);
          // page_table_before_invalidate: store-load. This hart's page-table stores are in memory before any walk that the
          //   invalidate does not cover can begin. pairs with the variant's ticket order. Without it such a walk reads the old entry.
          NativePlatform::fence(seq_cst, "page_table_before_invalidate");
          phase_.enter(PhaseName::tlb);
          auto invalidation = m_.tlb.invalidate(reader_, exit.scope);
          co_await invalidation;
          phase_.enter(PhaseName::loop);
          history_.forget(exit.scope);
          break;
        }

        case ExitKind::wait:
          wait_for_interrupt();
          break;

        case ExitKind::safepoint:
          serve_attention();
          break;
      }
    }
    idle();
  }

 private:
  static constexpr unsigned build_attempts = 3;
  static constexpr std::size_t scratch_bytes = 16384;

  // The hart holds no block pointer that the collector does not know of from here on.
  void busy() {
    m_.tlb.busy(reader_);
    m_.gc.busy(mutator_);
    m_.board.busy(hart_.id);
    m_.handshake.busy(hart_);
    hart_.drop_blocks();
  }
  void idle() {
    hart_.drop_blocks();
    m_.handshake.idle(hart_);
    m_.board.idle(hart_.id);
    m_.gc.idle(mutator_);
    m_.tlb.idle(reader_);
  }
  void pass_safepoint() {
    // It may block until a collection ends: nobody's handshake may wait for it.
    m_.handshake.idle(hart_);
    phase_.enter(PhaseName::gc);
    m_.gc.safepoint(mutator_);
    phase_.enter(PhaseName::loop);
    m_.handshake.busy(hart_);
    passed_safepoint();
  }
  void passed_safepoint() {
    if (m_.gc.drops_cached_objects(mutator_)) hart_.drop_blocks();
  }

  void serve_attention() {
    // attention_taken: what was done before a bit was raised is visible to what serves it.
    const u32 bits = hart_.signals.attention.exchange(0, seq_cst, "attention_taken");
    if ((bits & attention_handshake) != 0) m_.handshake.acknowledge(hart_);
    m_.tlb.quiescent(reader_);
    m_.board.quiescent(hart_.id);
    if ((bits & attention_collector) != 0) pass_safepoint();
    poll_timers(hart_);
    if (take_pending_interrupt(hart_)) ++hart_.counts.interrupts;
  }

  void look_at_interrupts() {
    if ((hart_.signals.attention.load(relaxed) & attention_interrupt) == 0) return;
    hart_.signals.attention.fetch_and(~u32{attention_interrupt}, acquire, "attention_taken");
    if (take_pending_interrupt(hart_)) ++hart_.counts.interrupts;
  }

  void wait_for_interrupt() {
    idle();
    phase_.enter(PhaseName::idle);
    for (;;) {
      const u32 before = hart_.signals.attention.fetch_and(~u32{attention_interrupt}, seq_cst, "attention_taken");
      if (wake_pending(hart_) || (before & attention_stop) != 0 || m_.control.stopping()) break;
      const u64 deadline = next_timer_ticks(hart_);
      const u64 now = hart_.clock.ticks();
      if (deadline <= now) continue;
      const u64 ticks = std::min<u64>(deadline - now, longest_sleep_ticks);
      sleep_for_attention(hart_.signals, before & ~u32{attention_interrupt}, std::chrono::nanoseconds{ticks * 100});
    }
    phase_.enter(PhaseName::loop);
    busy();
    if (take_pending_interrupt(hart_)) ++hart_.counts.interrupts;
  }

  void shake_hands(HandshakeKind kind) {
    hart_.drop_blocks();
    idle();
    m_.handshake.run(hart_.id, kind);
    busy();
  }

  // The pages are about to be read as code: nobody keeps permission to write them unseen.
  void revoke_writers(const std::array<Ppn, 2>& pages) {
    bool own = false;
    bool others = false;
    std::array<u32, 2> words{};
    for (unsigned i = 0; i < pages.size(); ++i) {
      if (pages[i] == no_page) continue;
      words[i] = m_.memory.pages().track(pages[i]);
      const u32 writers = PageStates::writers(words[i]);
      own = own || writers != PageStates::nobody;
      others = others || (writers != PageStates::nobody && writers != hart_.id.value + 1);
    }
    if (own) {
      hart_.micro_tlb.revoke_writes();
      hart_.slots.drop();
    }
    if (others) shake_hands(HandshakeKind::revoke_writes);
    for (unsigned i = 0; i < pages.size(); ++i) {
      if (PageStates::writers(words[i]) != PageStates::nobody) m_.memory.pages().forget_writers(pages[i], words[i]);
    }
  }

  // A store to code by another hart may be visible before its invalidation has ended: wait for those that are under way.
  void wait_for_code_writes() {
    for (Hart* other : m_.harts) {
      if (other == &hart_) continue;
      // wait_for_code_writes: pairs with code_write_done.
      const u32 seen = other->signals.code_write.load(acquire, "wait_for_code_writes");
      if ((seen & 1) == 0) continue;
      // It takes well under a microsecond, unless the other hart has lost its processor in the middle.
      for (unsigned spins = 0; other->signals.code_write.load(acquire, "wait_for_code_writes") == seen; ++spins) {
        if (spins < 100) {
          NativePlatform::pause();
        } else {
          NativePlatform::yield();
        }
      }
    }
    m_.memory.wait_for_device_writes();
  }

  Block* build_scratch(const BlockSite& site) {
    builder_.decode(hart_.pc, site.key.context, site.first_bytes(m_.memory), site.second_bytes(m_.memory));
    INTERLOCK_INVARIANT(Block::total_bytes(block_slots, builder_.payload_bytes()) <= scratch_.size() * sizeof(scratch_[0]), "a block of %u bytes",
                        builder_.payload_bytes());
    if (scratch_block_ != nullptr) scratch_block_->unmake();
    scratch_block_ = Block::make_in(scratch_.data(), ObjectKind::block, block_slots, builder_.payload_bytes());
    builder_.emit(*scratch_block_);
    return scratch_block_;
  }

  static constexpr u64 longest_sleep_ticks = MachineClock::ticks_per_second / 10;

  struct alignas(16) Storage {
    std::byte bytes[16];
  };

  Hart& hart_;
  Machine m_;
  typename Tlb::Reader& reader_;
  typename Gc::Mutator& mutator_;
  SpaceHistory history_;
  BlockBuilder builder_;
  std::vector<Storage> scratch_;
  Block* scratch_block_ = nullptr;
  Phase phase_;
};

}  // namespace vm
