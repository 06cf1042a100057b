// SPDX-License-Identifier: Apache-2.0
// The GC over parking locks: the index in 64 shards, each under a reader-writer lock of four bytes, and a heap for each mutator.
// Protocol:  a block lives in the shard of its first page, under whose lock the lists of that page's blocks are too, so that find and
//            invalidate touch one lock (invalidate two for a straddling block). Allocation takes no lock: bytes are claimed with one
//            addition, and the object goes on its mutator's own chain. A collection stops the mutators, marks from all shards, sweeps all
//            chains, lets the mutators go on, and only then finalizes what it found dead.
// Invariant: retirement and removal from the index are one step under the block's stripes. A mutator's chain is touched by its owner
//            while it runs and by the collector while the world is stopped. No stripe is held while anybody waits for the world.
// Progress:  find, publish, erase, invalidate, allocate and collect blocking; link wait-free; safepoint is two relaxed loads while no
//            collection is wanted.
// Source:    Jones, Hosking, Moss, "The Garbage Collection Handbook", 2012, chapters 2 and 11.
// Proof:     tests/contract/gc_*.cpp
#pragma once
#include <memory>
#include <shared_mutex>

#include "variants/sync/attention.hpp"
#include "variants/sync/condition.hpp"
#include "variants/sync/heap_pacing.hpp"
#include "variants/sync/mutex.hpp"
#include "variants/sync/page_stamps.hpp"
#include "variants/sync/page_stripes.hpp"
#include "variants/sync/shared_mutex.hpp"
#include "variants/sync/stopped_world.hpp"
#include "vm/platform/native.hpp"

namespace variants::parking_variant {

template <vm::Platform P>
class Gc {
  using World = sync::StoppedWorld<P, sync::Mutex<P>, sync::Condition<P>>;
  using Tally = sync::LayerTally<P>;
  using Entries = std::unordered_map<vm::BlockKey, vm::Object<P>*, sync::BlockKeyHash>;
  using Shards = sync::PageStripes<P, sync::SharedMutex<P>, Entries>;  // held for one table operation; read far more than written
  using Held = typename Shards::Held;

 public:
  using Object = vm::Object<P>;
  static constexpr vm::PauseKind pause_kind = vm::PauseKind::stop_the_world;

  class alignas(64) Mutator {
    friend class Gc;
    typename World::Member member_;
    sync::DropNotice drop_;
    sync::ObjectChain<P> objects_;
    sync::MutatorTally<P> tally_;
  };

  Gc(vm::GcConfig config, vm::Finalizer<P> finalizer)
      : config_(config),
        finalizer_(finalizer),
        pacing_(config.heap_bytes),
        shards_(std::make_unique<Shards>()),
        mutators_(std::make_unique<Mutator[]>(config.harts)) {
    for (vm::u32 i = 0; i < config.harts; ++i) world_.add(mutators_[i].member_);
  }
  Gc(const Gc&) = delete;
  Gc& operator=(const Gc&) = delete;
  ~Gc() {
    for (vm::u32 i = 0; i < config_.harts; ++i) mutators_[i].objects_.free_all(finalizer_, tally_);
  }

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
    const vm::u64 bytes = Object::total_bytes(slots, payload);
    if (pacing_.collection_due(used_.load(vm::relaxed))) collect_for(mutator, 0);
    bool room = claim(bytes);
    // The first collection evicts what is cold and chills the rest; so the second one evicts whatever has not run meanwhile.
    for (int attempt = 0; !room && attempt < 2 && bytes <= config_.heap_bytes; ++attempt) {
      collect_for(mutator, bytes);
      room = claim(bytes);
    }
    if (!room) return {nullptr};
    Object* object = sync::make_object<P>(kind, slots, payload);
    mutator.objects_.push(object);
    mutator.tally_.allocated.add();
    return {object};
  }

  vm::Ready<Object*> find(Mutator& mutator, const vm::BlockKey& key) {
    mutator.tally_.finds.add();
    auto& shard = shards_->home(key);
    const std::shared_lock lock(shard.lock);
    const auto entry = shard.contents.find(key);
    if (entry == shard.contents.end()) return {nullptr};
    entry->second->warm();
    mutator.tally_.found.add();
    return {entry->second};
  }

  vm::Ticket begin_build(Mutator&, std::array<vm::Ppn, 2>) { return stamps_.now(); }

  vm::Ready<vm::Published<P>> publish(Mutator& mutator, vm::Ticket ticket, const vm::BlockKey& key, Object* object) {
    const Held held(*shards_, key);
    if (stamps_.outdated(key, ticket)) {
      mutator.tally_.refused.add();
      return {{vm::Publication::refused, nullptr}};
    }
    const auto [entry, inserted] = shards_->home(key).contents.try_emplace(key, object);
    entry->second->warm();
    if (!inserted) return {{vm::Publication::existing, entry->second}};
    object->key = key;
    shards_->add(key, object);
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
    shards_->invalidate(page, [&](Object* block) { take_out(block); });
    return {};
  }

  // A block is retired with its entry; a plain object only ceases to be a root.
  vm::Ready<bool> erase(Mutator&, const vm::BlockKey& key) {
    return {erase_if(key, [](const Object&) { return true; })};
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

  bool claim(vm::u64 bytes) {
    vm::u64 used = used_.load(vm::relaxed);
    while (bytes <= config_.heap_bytes - used) {
      if (used_.compare_exchange(used, used + bytes, vm::relaxed, vm::relaxed)) return true;
    }
    return false;
  }

  // Under the block's stripes.
  void take_out(Object* object) {
    const vm::BlockKey key = object->key;
    shards_->remove(key, object);
    shards_->home(key).contents.erase(key);
    if (object->kind == vm::ObjectKind::block) sync::retire_object(*object, tally_);
  }
  template <class Choice>
  bool erase_if(const vm::BlockKey& key, Choice choice) {
    const Held held(*shards_, key);
    const auto entry = shards_->home(key).contents.find(key);
    if (entry == shards_->home(key).contents.end() || !choice(*entry->second)) return false;
    take_out(entry->second);
    return true;
  }

  // Eviction makes room for `wanted` bytes more.
  void collect_for(Mutator& mutator, vm::u64 wanted) {
    const sync::Pause<P> pause(mutator.tally_);
    mutator.drop_.begin_safepoint();
    mutator.drop_.give();
    if (!world_.stop(mutator.member_)) return;
    pacing_.begun();
    if (pacing_.evicts(used_.load(vm::relaxed), wanted)) evict_cold();
    sync::ObjectChain<P> dead;
    mark_and_sweep(dead);
    world_.resume();
    const vm::u64 freed = dead.free_all(finalizer_, tally_);
    pacing_.collected(used_.fetch_sub(freed, vm::relaxed) - freed);
    Tally::add(tally_.collections);
    world_.finish(mutator.member_);
  }

  // Device threads may invalidate meanwhile: what they retire is either marked already, and lives until the next collection, or not.
  void mark_and_sweep(sync::ObjectChain<P>& dead) {
    sync::StoppedMarking<P> marking(++epoch_);
    for (unsigned i = 0; i < Shards::stripes; ++i) {
      const std::shared_lock lock((*shards_)[i].lock);
      for (const auto& [key, object] : (*shards_)[i].contents) marking.shade(object);
    }
    marking.drain();
    for (vm::u32 i = 0; i < config_.harts; ++i) mutators_[i].objects_.sweep(epoch_, dead);
  }
  void evict_cold() {
    std::vector<vm::BlockKey> cold;
    for (unsigned i = 0; i < Shards::stripes; ++i) {
      const std::shared_lock lock((*shards_)[i].lock);
      for (const auto& [key, object] : (*shards_)[i].contents) {
        if (object->kind == vm::ObjectKind::block && object->cold()) cold.push_back(key);
      }
    }
    for (const vm::BlockKey& key : cold) {
      const auto still_cold = [](const Object& object) { return object.kind == vm::ObjectKind::block && object.cold(); };
      if (erase_if(key, still_cold)) Tally::add(tally_.evicted);
    }
  }

  const vm::GcConfig config_;
  const vm::Finalizer<P> finalizer_;
  sync::HeapPacing<P> pacing_;
  World world_;
  sync::PageStamps<P> stamps_;
  const std::unique_ptr<Shards> shards_;
  alignas(64) typename P::template atomic<vm::u64> used_{0};  // bytes; claimed before an object is made, given back after it is freed
  Tally tally_;
  vm::u64 epoch_ = 0;  // of the last collection; the collector's
  const std::unique_ptr<Mutator[]> mutators_;
};

static_assert(vm::GcLayer<Gc<vm::NativePlatform>, vm::NativePlatform>);

}  // namespace variants::parking_variant
