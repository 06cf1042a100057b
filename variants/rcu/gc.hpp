// SPDX-License-Identifier: Apache-2.0
// The RCU GC: finds without locks, a collector that marks beside the running mutators, and grace periods for handshakes.
// Protocol:  a mutator's read section runs from safepoint to safepoint: opened by busy, closed by idle, renewed by safepoint. A collection
// is one
//            cycle of variants/rcu/concurrent_marking.hpp by the mutator that asked for it, which leaves its own section for as long: so
//            two that collect at once wait for each other outside of sections. A handshake counts itself, raises every mutator's attention
//            and waits for a grace period. The index and G4 are variants/rcu/block_table.hpp's.
// Invariant: an object is freed only after a grace period that began when nothing marked referred to it. A mutator whose new section began
//            after a handshake's start reads the new count there, and drops what its engine cached: so nothing outlives a handshake in a
//            cache.
// Progress:  find and link lock-free; safepoint wait-free; publish, erase and invalidate blocking on one or two stripes, and they never
// wait for
//            a grace period; allocate and collect blocking. Nobody waits in safepoint, idle or busy.
// Backlog:   retired objects count against the heap's limit until they are freed. When they exceed a quarter of it, or when index
//            nodes wait for a grace period by the thousands, the next allocation waits for their reclamation itself.
// Source:    McKenney and Slingwine, "Read-copy update", PDCS 1998; Desnoyers et al., TPDS 2012; the marking's own.
// Proof:     tests/contract/gc_*.cpp
#pragma once
#include <memory>
#include <mutex>

#include "variants/rcu/block_table.hpp"
#include "variants/rcu/concurrent_marking.hpp"
#include "variants/sync/attention.hpp"
#include "variants/sync/heap_pacing.hpp"

namespace variants::rcu_variant {

template <vm::Platform P>
class Gc {
  using Tally = sync::LayerTally<P>;

 public:
  using Object = vm::Object<P>;
  static constexpr vm::PauseKind pause_kind = vm::PauseKind::handshake;
  static constexpr vm::u64 index_backlog_limit = 1 << 14;  // nodes

  class alignas(64) Mutator {
    friend class Gc;
    vm::Attention<P> attention_;
    bool running_ = false;
    vm::u64 handshakes_seen_ = 0;
    sync::DropNotice drop_;
    sync::MutatorTally<P> tally_;
    alignas(64) ObjectStack<P, sync::all_objects> born_;  // since the last sweep: pushed by the owner, taken by the collector
  };

  Gc(vm::GcConfig config, vm::Finalizer<P> finalizer)
      : config_(config),
        finalizer_(finalizer),
        pacing_(config.heap_bytes),
        table_(std::make_unique<BlockTable<P>>(tally_, buckets_for(config.heap_bytes))),
        mutators_(std::make_unique<Mutator[]>(config.harts)) {}
  Gc(const Gc&) = delete;
  Gc& operator=(const Gc&) = delete;
  // All mutators are idle, and the caller is in no read section.
  ~Gc() {
    attach();
    table_.reset();
    gather();
    objects_.free_all(finalizer_, tally_);
    detach();
  }

  void attach() { Rcu<P>::register_thread(); }
  void detach() { Rcu<P>::unregister_thread(); }
  Mutator& mutator(vm::HartId hart, vm::Attention<P> attention) {
    INTERLOCK_INVARIANT(hart.value < config_.harts, "hart %u of %u", hart.value, config_.harts);
    Mutator& mutator = mutators_[hart.value];
    const std::lock_guard lock(attentions_);
    mutator.attention_ = attention;
    return mutator;
  }

  vm::Ready<Object*> allocate(Mutator& mutator, vm::ObjectKind kind, unsigned slots, vm::u32 payload) {
    safepoint(mutator);
    const vm::u64 bytes = Object::total_bytes(slots, payload);
    if (table_->backlog() > index_backlog_limit) [[unlikely]]
      await_index_backlog(mutator);
    const bool many_retired = tally_.deferred_bytes.load(vm::relaxed) > config_.heap_bytes / 4;
    if (many_retired || pacing_.collection_due(used_.load(vm::relaxed))) [[unlikely]]
      collect_for(mutator, 0);
    bool room = claim(bytes);
    // The first collection evicts what is cold and chills the rest; so the second one evicts whatever has not run meanwhile.
    for (int attempt = 0; !room && attempt < 2 && bytes <= config_.heap_bytes; ++attempt) {
      collect_for(mutator, bytes);
      room = claim(bytes);
    }
    if (!room) return {nullptr};
    Object* object = sync::make_object<P>(kind, slots, payload);
    object->mark.store(marking_.mark_of_new(), vm::relaxed);
    mutator.born_.push(object);
    mutator.tally_.allocated.add();
    return {object};
  }

  vm::Ready<Object*> find(Mutator& mutator, const vm::BlockKey& key) {
    mutator.tally_.finds.add();
    Object* object = table_->find(key);
    if (object != nullptr) mutator.tally_.found.add();
    return {object};
  }

  vm::Ticket begin_build(Mutator&, std::array<vm::Ppn, 2>) { return table_->now(); }

  vm::Ready<vm::Published<P>> publish(Mutator& mutator, vm::Ticket ticket, const vm::BlockKey& key, Object* object) {
    const vm::Published<P> result = table_->insert(ticket, key, object, [&](Object* added) { marking_.shade(added); });
    if (result.outcome == vm::Publication::published) mutator.tally_.published.add();
    if (result.outcome == vm::Publication::refused) mutator.tally_.refused.add();
    return {result};
  }

  // A target that has been retired is not linked: the slot is cut.
  void link(Mutator& mutator, Object& source, unsigned index, Object* target) {
    mutator.tally_.links.add();
    if (target != nullptr) {
      if (target->warm()) {
        marking_.shade(target);
      } else {
        target = nullptr;
      }
    }
    // target_before_slot: the target's header and payload are visible to whoever follows the slot. Pairs with the acquire load of a
    //   hart that follows slots, and with slot_before_target in the collector. Without it that hart enters a block whose code it does not
    //   see.
    source.slot(index).store(target, vm::release, "target_before_slot");
  }

  vm::Ready<void> invalidate(vm::Ppn page) {
    Tally::add(tally_.invalidates);
    const ReadSection<P> section;
    table_->invalidate(page);
    return {};
  }

  vm::Ready<bool> erase(Mutator&, const vm::BlockKey& key) { return {table_->erase(key)}; }

  void safepoint(Mutator& mutator) {
    INTERLOCK_INVARIANT(mutator.running_, "a safepoint of an idle mutator");
    mutator.drop_.begin_safepoint();
    sync::clear_attention(mutator.attention_);
    Rcu<P>::read_unlock();
    Rcu<P>::read_lock();
    notice_handshakes(mutator);
    // Somebody waits for a grace period that may begin only now, after this section: come back soon. awaited_before_attention: whoever
    // cleared an attention finds the count that was raised before it; without it the wait would last as long as this mutator runs.
    if (awaited_.load(vm::relaxed) != 0) [[unlikely]]
      mutator.attention_.raise();
  }
  void idle(Mutator& mutator) {
    INTERLOCK_INVARIANT(mutator.running_, "idle without busy");
    mutator.running_ = false;
    Rcu<P>::read_unlock();
  }
  void busy(Mutator& mutator) {
    INTERLOCK_INVARIANT(!mutator.running_, "busy without idle");
    mutator.running_ = true;
    sync::clear_attention(mutator.attention_);
    Rcu<P>::read_lock();
    notice_handshakes(mutator);
    if (awaited_.load(vm::relaxed) != 0) [[unlikely]]
      mutator.attention_.raise();
    mutator.drop_.give();
  }
  bool drops_cached_objects(Mutator& mutator) { return mutator.drop_.read(); }

  vm::Ready<void> collect(Mutator& mutator) {
    collect_for(mutator, 0);
    return {};
  }

  vm::GcStatistics statistics() {
    vm::GcStatistics sum;
    tally_.add_to(sum);
    for (vm::u32 i = 0; i < config_.harts; ++i) mutators_[i].tally_.add_to(sum);
    sum.live_bytes = used_.load(vm::relaxed);
    return sum;
  }

 private:
  static vm::u64 buckets_for(vm::u64 heap_bytes) {
    constexpr vm::u64 usual_block = 512;  // bytes
    vm::u64 buckets = 256;
    while (buckets < heap_bytes / usual_block) buckets *= 2;
    return buckets;
  }

  // In a section that has just begun. Relaxed: a handshake counts itself before its grace period starts, so this section, if it
  // began after that start, sees the count (Rcu's invariant).
  void notice_handshakes(Mutator& mutator) {
    const vm::u64 handshakes = handshakes_.load(vm::relaxed);
    if (handshakes == mutator.handshakes_seen_) return;
    mutator.handshakes_seen_ = handshakes;
    mutator.drop_.give();
  }
  // Of idle mutators too: one that becomes busy just now would be missed otherwise.
  void ask_for_safepoints() {
    const std::lock_guard lock(attentions_);
    for (vm::u32 i = 0; i < config_.harts; ++i) mutators_[i].attention_.raise();
  }
  void handshake() {
    handshakes_.fetch_add(1, vm::relaxed);
    await([] { Rcu<P>::synchronize(); });
  }
  // Runs a wait for grace periods. A mutator that passes a safepoint before the grace period begins is asked again (see safepoint).
  template <class F>
  void await(F wait) {
    awaited_.fetch_add(1, vm::relaxed);
    ask_for_safepoints();  // its read-modify-write (attention_before_wait) makes the count visible to whoever sees the attention
    wait();
    awaited_.fetch_sub(1, vm::relaxed);
  }

  bool claim(vm::u64 bytes) {
    vm::u64 used = used_.load(vm::relaxed);
    while (bytes <= config_.heap_bytes - used) {
      if (used_.compare_exchange(used, used + bytes, vm::relaxed, vm::relaxed)) return true;
    }
    return false;
  }

  // Runs f outside of the mutator's section: it holds nothing, and nobody waits for it.
  template <class F>
  void outside_section(Mutator& mutator, F f) {
    const sync::Pause<P> pause(mutator.tally_);
    INTERLOCK_INVARIANT(mutator.running_, "a collection by an idle mutator");
    mutator.drop_.begin_safepoint();
    Rcu<P>::read_unlock();
    f();
    Rcu<P>::read_lock();
    notice_handshakes(mutator);
    mutator.drop_.give();
  }
  void await_index_backlog(Mutator& mutator) {
    outside_section(mutator, [this] { await([] { Rcu<P>::barrier(); }); });
  }
  // Eviction makes room for `wanted` bytes more.
  void collect_for(Mutator& mutator, vm::u64 wanted) {
    outside_section(mutator, [&] {
      // Relaxed: what this mutator cut is visible to each cycle whose first handshake ends after the mutator's section; a cycle that
      // had its first handshake before has counted itself before that section began, and so before this load.
      const vm::u64 begun = begun_.load(vm::relaxed);
      const std::lock_guard lock(collector_);
      if (begun_.load(vm::relaxed) != begun) return;
      begun_.store(begun + 1, vm::relaxed);
      cycle(wanted);
    });
  }
  void cycle(vm::u64 wanted) {
    pacing_.begun();
    if (pacing_.evicts(used_.load(vm::relaxed), wanted)) {
      const ReadSection<P> section;
      table_->evict_cold();
    }
    marking_.run([this] { handshake(); }, [this](auto shade) { table_->for_each(shade); });
    gather();
    sync::ObjectChain<P> dead;
    objects_.sweep(marking_.epoch(), dead);
    const vm::u64 freed = dead.free_all(finalizer_, tally_);
    pacing_.collected(used_.fetch_sub(freed, vm::relaxed) - freed);
    Tally::add(tally_.collections);
  }
  // Takes over what the mutators have allocated since the last sweep.
  void gather() {
    for (vm::u32 i = 0; i < config_.harts; ++i) {
      for (Object* object = mutators_[i].born_.take_all(); object != nullptr;) {
        Object* next = object->next[sync::all_objects];
        objects_.push(object);
        object = next;
      }
    }
  }

  const vm::GcConfig config_;
  const vm::Finalizer<P> finalizer_;
  sync::HeapPacing<P> pacing_;
  Tally tally_;
  std::unique_ptr<BlockTable<P>> table_;
  ConcurrentMarking<P> marking_;
  alignas(64) typename P::template atomic<vm::u64> handshakes_{0};
  alignas(64) typename P::template atomic<vm::u64> used_{0};  // bytes; claimed before an object is made, given back after it is freed
  typename P::template atomic<vm::u64> awaited_{0};           // waits for grace periods that are under way
  typename P::template atomic<vm::u64> begun_{0};             // cycles; written under collector_
  typename P::mutex attentions_;                              // where they point to; held while they are set or raised
  // Held for a whole cycle, by mutators outside of their sections only. Blocking, never across a suspension.
  typename P::mutex collector_;
  sync::ObjectChain<P> objects_;  // the collector's
  const std::unique_ptr<Mutator[]> mutators_;
};

static_assert(vm::GcLayer<Gc<vm::NativePlatform>, vm::NativePlatform>);

}  // namespace variants::rcu_variant
