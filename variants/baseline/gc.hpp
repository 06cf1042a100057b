// SPDX-License-Identifier: Apache-2.0
// The GC that most people would write: a std::unordered_map under a shared mutex, one heap under a mutex, stop-the-world collection.
// Protocol:  find takes the index lock shared; publish, erase and invalidate take it exclusively, so retirement and removal are one step.
//            A collection stops the mutators (variants/sync/stopped_world.hpp), then takes both locks, which stops device threads that
//            invalidate; it marks from the index, sweeps, and finalizes before anybody runs on.
//            A finalizer runs under both locks and calls nothing of the layer.
// Invariant: index lock before heap lock. Nobody waits for a stopped world while holding either.
// Progress:  all operations blocking; safepoint is two relaxed loads while no collection is wanted; link is wait-free.
// Source:    McCarthy, "Recursive functions of symbolic expressions", CACM 1960 (mark-sweep).
// Proof:     tests/contract/gc_*.cpp
#pragma once
#include <memory>
#include <shared_mutex>

#include "variants/baseline/condition.hpp"
#include "variants/sync/attention.hpp"
#include "variants/sync/block_index.hpp"
#include "variants/sync/heap_pacing.hpp"
#include "variants/sync/page_stamps.hpp"
#include "variants/sync/stopped_world.hpp"
#include "vm/platform/native.hpp"

namespace variants::baseline_variant {

template <vm::Platform P>
class Gc {
  using World = sync::StoppedWorld<P, typename P::mutex, Condition<P>>;
  using Tally = sync::LayerTally<P>;

 public:
  using Object = vm::Object<P>;
  static constexpr vm::PauseKind pause_kind = vm::PauseKind::stop_the_world;

  class Mutator {
    friend class Gc;
    typename World::Member member_;
    sync::DropNotice drop_;
    sync::MutatorTally<P> tally_;
  };

  Gc(vm::GcConfig config, vm::Finalizer<P> finalizer)
      : config_(config), finalizer_(finalizer), pacing_(config.heap_bytes), mutators_(std::make_unique<Mutator[]>(config.harts)) {
    for (vm::u32 i = 0; i < config.harts; ++i) world_.add(mutators_[i].member_);
  }
  Gc(const Gc&) = delete;
  Gc& operator=(const Gc&) = delete;
  ~Gc() { objects_.free_all(finalizer_, tally_); }

  void attach() {}
  void detach() {}
  Mutator& mutator(vm::HartId hart, vm::Attention<P> attention) {
    INTERLOCK_INVARIANT(hart.value < config_.harts, "hart %u of %u", hart.value, config_.harts);
    Mutator& mutator = mutators_[hart.value];
    mutator.member_.attention = attention;
    return mutator;
  }

  vm::Ready<Object*> allocate(Mutator& mutator, vm::ObjectKind kind, unsigned slots, vm::u32 payload) {
    safepoint(mutator);
    if (pacing_.collection_due(used_.load(vm::relaxed))) collect_for(mutator, 0);
    Object* object = try_allocate(kind, slots, payload);
    // The first collection evicts what is cold and chills the rest; so the second one evicts whatever has not run meanwhile.
    for (int attempt = 0; object == nullptr && attempt < 2 && Object::total_bytes(slots, payload) <= config_.heap_bytes; ++attempt) {
      collect_for(mutator, Object::total_bytes(slots, payload));
      object = try_allocate(kind, slots, payload);
    }
    if (object != nullptr) mutator.tally_.allocated.add();
    return {object};
  }

  vm::Ready<Object*> find(Mutator& mutator, const vm::BlockKey& key) {
    mutator.tally_.finds.add();
    const std::shared_lock lock(index_lock_);
    Object* object = index_.find(key);
    if (object != nullptr) {
      object->warm();
      mutator.tally_.found.add();
    }
    return {object};
  }

  vm::Ticket begin_build(Mutator&, std::array<vm::Ppn, 2>) { return stamps_.now(); }

  vm::Ready<vm::Published<P>> publish(Mutator& mutator, vm::Ticket ticket, const vm::BlockKey& key, Object* object) {
    const std::lock_guard lock(index_lock_);
    if (stamps_.outdated(key, ticket)) {
      mutator.tally_.refused.add();
      return {{vm::Publication::refused, nullptr}};
    }
    Object* held = index_.insert(key, object);
    held->warm();
    if (held != object) return {{vm::Publication::existing, held}};
    mutator.tally_.published.add();
    return {{vm::Publication::published, object}};
  }

  // A target that has been retired is not linked: the slot is cut.
  void link(Mutator& mutator, Object& source, unsigned index, Object* target) {
    mutator.tally_.links.add();
    if (target != nullptr && !target->warm()) target = nullptr;
    // target_before_slot: the target's header and payload are visible to whoever follows the slot. Pairs with the acquire load of a
    //   hart that follows slots. Without it that hart could enter a block whose code it does not see.
    source.slot(index).store(target, vm::release, "target_before_slot");
  }

  vm::Ready<void> invalidate(vm::Ppn page) {
    Tally::add(tally_.invalidates);
    stamps_.invalidated(page);
    const std::lock_guard lock(index_lock_);
    index_.invalidate(page, tally_);
    return {};
  }

  // A block is retired with its entry; a plain object only ceases to be a root.
  vm::Ready<bool> erase(Mutator&, const vm::BlockKey& key) {
    const std::lock_guard lock(index_lock_);
    return {index_.erase(key, tally_)};
  }

  void safepoint(Mutator& mutator) {
    mutator.drop_.begin_safepoint();
    sync::clear_attention(mutator.member_.attention);
    if (world_.stop_wanted()) [[unlikely]]
      hold(mutator);
  }
  void idle(Mutator& mutator) { world_.leave(mutator.member_); }
  void busy(Mutator& mutator) {
    mutator.drop_.give();
    sync::clear_attention(mutator.member_.attention);
    if (world_.try_enter(mutator.member_)) return;
    const sync::Pause<P> pause(mutator.tally_);
    world_.enter(mutator.member_);
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
  [[gnu::noinline]] void hold(Mutator& mutator) {
    const sync::Pause<P> pause(mutator.tally_);
    if (world_.hold(mutator.member_)) mutator.drop_.give();
  }

  // Eviction makes room for `wanted` bytes more.
  void collect_for(Mutator& mutator, vm::u64 wanted) {
    const sync::Pause<P> pause(mutator.tally_);
    mutator.drop_.begin_safepoint();
    mutator.drop_.give();
    if (!world_.stop(mutator.member_)) return;
    pacing_.begun();
    mark_and_sweep(wanted);
    world_.resume();
    world_.finish(mutator.member_);
  }

  Object* try_allocate(vm::ObjectKind kind, unsigned slots, vm::u32 payload) {
    const vm::u64 bytes = Object::total_bytes(slots, payload);
    const std::lock_guard lock(heap_lock_);
    const vm::u64 used = used_.load(vm::relaxed);
    if (bytes > config_.heap_bytes - used) return nullptr;
    Object* object = sync::make_object<P>(kind, slots, payload);
    used_.store(used + bytes, vm::relaxed);
    objects_.push(object);
    return object;
  }

  void mark_and_sweep(vm::u64 wanted) {
    const std::lock_guard index(index_lock_);
    const std::lock_guard heap(heap_lock_);
    const vm::u64 used = used_.load(vm::relaxed);
    if (pacing_.evicts(used, wanted)) index_.evict_cold(tally_);
    sync::StoppedMarking<P> marking(++epoch_);
    index_.for_each([&](Object* root) { marking.shade(root); });
    marking.drain();
    sync::ObjectChain<P> dead;
    objects_.sweep(epoch_, dead);
    const vm::u64 left = used - dead.free_all(finalizer_, tally_);
    used_.store(left, vm::relaxed);
    pacing_.collected(left);
    Tally::add(tally_.collections);
  }

  const vm::GcConfig config_;
  const vm::Finalizer<P> finalizer_;
  sync::HeapPacing<P> pacing_;
  World world_;
  sync::PageStamps<P> stamps_;
  // Shared for find, the most frequent operation; held for one table operation, or for a whole collection. Blocking, never across a
  // suspension.
  alignas(64) typename P::shared_mutex index_lock_;
  sync::BlockIndex<P> index_;
  // Held for one allocation, or for a whole collection. Blocking, never across a suspension.
  alignas(64) typename P::mutex heap_lock_;
  sync::ObjectChain<P> objects_;
  typename P::template atomic<vm::u64> used_{0};  // bytes; written under heap_lock_
  vm::u64 epoch_ = 0;                             // of the last collection
  Tally tally_;
  const std::unique_ptr<Mutator[]> mutators_;
};

static_assert(vm::GcLayer<Gc<vm::NativePlatform>, vm::NativePlatform>);

}  // namespace variants::baseline_variant
