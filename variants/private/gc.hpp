// SPDX-License-Identifier: Apache-2.0
// The GC with nothing shared: each hart has its own index, its own heap (an equal part of the limit) and its own collections.
// Protocol:  invalidate posts the page to every hart's inbox. A hart drains its inbox before each find and publish and at each safepoint:
//            it takes the page's blocks out of its index and retires them. A build's ticket is the number of the newest post;
//            publish is refused if a page of the key has been posted since.
// Invariant: no hart touches another's index or objects, so a collection of one hart's heap waits for nobody, and a hart that finds a
//            block may enter it until its own next safepoint. A block that other harts also run is built once for each.
// Progress:  find, allocate, link, collect wait-free but for memory and the inbox's lock; invalidate blocking, linear in harts.
// Source:    QEMU's and RVVM's code caches.
// Proof:     tests/contract/gc_*.cpp
#pragma once
#include <memory>

#include "variants/private/inbox.hpp"
#include "variants/sync/block_index.hpp"
#include "variants/sync/heap_pacing.hpp"
#include "vm/platform/native.hpp"

namespace variants::private_variant {

template <vm::Platform P>
class Gc {
  using Tally = sync::LayerTally<P>;

 public:
  using Object = vm::Object<P>;
  static constexpr vm::PauseKind pause_kind = vm::PauseKind::stop_the_world;  // the world of one hart

  class alignas(64) Mutator {
    friend class Gc;
    static constexpr unsigned stamp_buckets = 1024;

    static unsigned bucket(vm::Ppn page) { return static_cast<unsigned>(sync::spread(page.value) % stamp_buckets); }
    bool outdated(const vm::BlockKey& key, vm::Ticket ticket) const {
      bool any = false;
      sync::for_each_page(key, [&](vm::Ppn page) { any = any || std::max(stamps_[bucket(page)], all_stamp_) > ticket.value; });
      return any;
    }

    vm::Attention<P> attention_;
    sync::DropNotice drop_;
    bool running_ = false;
    sync::BlockIndex<P> index_;
    sync::ObjectChain<P> objects_;
    std::optional<sync::HeapPacing<P>> pacing_;     // always there: made by Gc, which knows the limit
    vm::u64 epoch_ = 0;                             // of the last collection
    vm::u64 all_stamp_ = 0;                         // the newest post that stood for all pages
    std::array<vm::u64, stamp_buckets> stamps_{};   // the newest post, by page
    typename P::template atomic<vm::u64> used_{0};  // bytes; written by the owner
    sync::MutatorTally<P> tally_;
    Tally layer_tally_;  // of this hart's heap
    Inbox<P> inbox_;
  };

  Gc(vm::GcConfig config, vm::Finalizer<P> finalizer)
      : config_(config),
        limit_(config.heap_bytes / config.harts),
        finalizer_(finalizer),
        mutators_(std::make_unique<Mutator[]>(config.harts)) {
    for (vm::u32 i = 0; i < config.harts; ++i) mutators_[i].pacing_.emplace(limit_);
  }
  Gc(const Gc&) = delete;
  Gc& operator=(const Gc&) = delete;
  ~Gc() {
    for (vm::u32 i = 0; i < config_.harts; ++i) mutators_[i].objects_.free_all(finalizer_, mutators_[i].layer_tally_);
  }

  void attach() {}
  void detach() {}
  Mutator& mutator(vm::HartId hart, vm::Attention<P> attention) {
    INTERLOCK_INVARIANT(hart.value < config_.harts, "hart %u of %u", hart.value, config_.harts);
    Mutator& mutator = mutators_[hart.value];
    mutator.attention_ = attention;
    return mutator;
  }

  vm::Ready<Object*> allocate(Mutator& mutator, vm::ObjectKind kind, unsigned slots, vm::u32 payload) {
    safepoint(mutator);
    const vm::u64 bytes = Object::total_bytes(slots, payload);
    if (mutator.pacing_->collection_due(mutator.used_.load(vm::relaxed))) collect_for(mutator, 0);
    // The first collection evicts what is cold and chills the rest; so the second one evicts whatever has not run meanwhile.
    for (int attempt = 0; !fits(mutator, bytes) && attempt < 2 && bytes <= limit_; ++attempt) collect_for(mutator, bytes);
    if (!fits(mutator, bytes)) return {nullptr};
    Object* object = sync::make_object<P>(kind, slots, payload);
    mutator.used_.store(mutator.used_.load(vm::relaxed) + bytes, vm::relaxed);
    mutator.objects_.push(object);
    mutator.tally_.allocated.add();
    return {object};
  }

  vm::Ready<Object*> find(Mutator& mutator, const vm::BlockKey& key) {
    mutator.tally_.finds.add();
    drain(mutator);
    Object* object = mutator.index_.find(key);
    if (object != nullptr) {
      object->warm();
      mutator.tally_.found.add();
    }
    return {object};
  }

  vm::Ticket begin_build(Mutator& mutator, std::array<vm::Ppn, 2>) { return {mutator.inbox_.last_posted()}; }

  vm::Ready<vm::Published<P>> publish(Mutator& mutator, vm::Ticket ticket, const vm::BlockKey& key, Object* object) {
    drain(mutator);
    if (mutator.outdated(key, ticket)) {
      mutator.tally_.refused.add();
      return {{vm::Publication::refused, nullptr}};
    }
    Object* held = mutator.index_.insert(key, object);
    held->warm();
    if (held != object) return {{vm::Publication::existing, held}};
    mutator.tally_.published.add();
    return {{vm::Publication::published, object}};
  }

  // A target that has been retired is not linked: the slot is cut. Source and target are objects of the mutator's own hart.
  void link(Mutator& mutator, Object& source, unsigned index, Object* target) {
    mutator.tally_.links.add();
    if (target != nullptr && !target->warm()) target = nullptr;
    source.slot(index).store(target, vm::relaxed);  // no other hart follows it
  }

  vm::Ready<void> invalidate(vm::Ppn page) {
    Tally::add(tally_.invalidates);
    for (vm::u32 i = 0; i < config_.harts; ++i) mutators_[i].inbox_.post(page);
    return {};
  }

  // A block is retired with its entry; a plain object only ceases to be a root.
  vm::Ready<bool> erase(Mutator& mutator, const vm::BlockKey& key) {
    drain(mutator);
    return {mutator.index_.erase(key, mutator.layer_tally_)};
  }

  void safepoint(Mutator& mutator) {
    INTERLOCK_INVARIANT(mutator.running_, "a safepoint of an idle mutator");
    mutator.drop_.begin_safepoint();
    drain(mutator);
  }
  void idle(Mutator& mutator) {
    INTERLOCK_INVARIANT(mutator.running_, "idle without busy");
    mutator.running_ = false;
  }
  void busy(Mutator& mutator) {
    INTERLOCK_INVARIANT(!mutator.running_, "busy without idle");
    mutator.running_ = true;
    mutator.drop_.give();
    drain(mutator);
  }
  bool drops_cached_objects(Mutator& mutator) { return mutator.drop_.read(); }

  vm::Ready<void> collect(Mutator& mutator) {
    collect_for(mutator, 0);
    return {};
  }

  vm::GcStatistics statistics() {
    vm::GcStatistics sum;
    tally_.add_to(sum);
    for (vm::u32 i = 0; i < config_.harts; ++i) {
      mutators_[i].tally_.add_to(sum);
      mutators_[i].layer_tally_.add_to(sum);
      sum.live_bytes += mutators_[i].used_.load(vm::relaxed);
    }
    return sum;
  }

 private:
  bool fits(const Mutator& mutator, vm::u64 bytes) const { return bytes <= limit_ - mutator.used_.load(vm::relaxed); }

  [[gnu::always_inline]] void drain(Mutator& mutator) {
    if (!mutator.inbox_.nothing_new()) [[unlikely]]
      drain_slow(mutator);
  }
  [[gnu::noinline]] void drain_slow(Mutator& mutator) {
    mutator.inbox_.drain(
        [&](vm::Ppn page, vm::u64 number) {
          mutator.stamps_[Mutator::bucket(page)] = number;
          mutator.index_.invalidate(page, mutator.layer_tally_);
        },
        [&](vm::u64 number) {
          mutator.all_stamp_ = number;
          mutator.index_.invalidate_all(mutator.layer_tally_);
        });
  }

  // Eviction makes room for `wanted` bytes more.
  void collect_for(Mutator& mutator, vm::u64 wanted) {
    const sync::Pause<P> pause(mutator.tally_);
    INTERLOCK_INVARIANT(mutator.running_, "a collection by an idle mutator");
    mutator.drop_.begin_safepoint();
    mutator.drop_.give();
    drain(mutator);
    const vm::u64 used = mutator.used_.load(vm::relaxed);
    if (mutator.pacing_->evicts(used, wanted)) mutator.index_.evict_cold(mutator.layer_tally_);
    sync::StoppedMarking<P> marking(++mutator.epoch_);
    mutator.index_.for_each([&](Object* root) { marking.shade(root); });
    marking.drain();
    sync::ObjectChain<P> dead;
    mutator.objects_.sweep(mutator.epoch_, dead);
    const vm::u64 left = used - dead.free_all(finalizer_, mutator.layer_tally_);
    mutator.used_.store(left, vm::relaxed);
    mutator.pacing_->collected(left);
    Tally::add(mutator.layer_tally_.collections);
  }

  const vm::GcConfig config_;
  const vm::u64 limit_;  // bytes, for each hart
  const vm::Finalizer<P> finalizer_;
  Tally tally_;  // what belongs to no hart
  const std::unique_ptr<Mutator[]> mutators_;
};

static_assert(vm::GcLayer<Gc<vm::NativePlatform>, vm::NativePlatform>);

}  // namespace variants::private_variant
