// SPDX-License-Identifier: Apache-2.0
// gc.find and gc.churn: the index and the heap of the GC layer.
//   gc.find   hot finds over 4096 blocks (Zipf 0.99), a safepoint every 256 operations
//   gc.churn  finds, builds of what is missing, links, page invalidations, safepoints, and collections when memory asks for them
//
// The answer: a block's payload says which key and which version of its page it was built from, and holds a canary that its finalizer
// destroys. A find that begins after an invalidation was announced must not return a block of an older version (G4), and nothing found
// may be finalized (G1). In the end every object was finalized at most once (G3).
#pragma once
#include <atomic>
#include <cstring>
#include <memory>

#include "harness/workloads/stream.hpp"
#include "harness/workloads/verdict.hpp"
#include "vm/layers/gc.hpp"
#include "vm/platform/native.hpp"

namespace harness {

template <class Gc, bool churn>
class GcWorkload {
 public:
  using Object = vm::Object<vm::NativePlatform>;
  static constexpr std::uint32_t keys = 4096;
  static constexpr unsigned keys_per_page = 16;
  static constexpr unsigned invalidations_in_ten_thousand = 50;
  static constexpr unsigned safepoint_every = 256;
  static constexpr std::uint32_t payload_bytes = 128;

  GcWorkload(unsigned threads, std::uint64_t seed)
      : pages_(new Page[keys / keys_per_page]),
        attention_(new Attention[threads]),
        last_(threads, nullptr),
        gc_(vm::GcConfig{.heap_bytes = std::uint64_t{8} << 20, .harts = threads}, vm::Finalizer<vm::NativePlatform>{&finalize, this}) {
    for (unsigned i = 0; i < threads; ++i) {
      streams_.push_back(make_stream(seed, i, keys, 0.99));
      digest_ = digest_of(streams_.back(), digest_);
    }
  }

  void attach(unsigned thread) {
    gc_.attach();
    if constexpr (!churn) {
      enter(thread);
      for (std::uint32_t key = 0; key < keys; ++key) {
        if (vm::complete(gc_.find(mutator(thread), block_key(key))) == nullptr) build(thread, key);
        if (key % safepoint_every == 0) gc_.safepoint(mutator(thread));
      }
      leave(thread);
    }
  }
  void detach(unsigned) { gc_.detach(); }
  // Around a batch of steps: outside of them the hart is idle, and holds up no collection. enter is a safepoint.
  void enter(unsigned thread) {
    gc_.busy(mutator(thread));
    last_[thread] = nullptr;
  }
  void leave(unsigned thread) { gc_.idle(mutator(thread)); }

  void step(unsigned thread, std::uint64_t i) {
    const Operation operation = streams_[thread][i % stream_length];
    typename Gc::Mutator& m = mutator(thread);
    if (i % safepoint_every == 0 || attention_[thread].word.load(vm::relaxed) != 0) {
      attention_[thread].word.store(0, vm::relaxed);
      gc_.safepoint(m);
      last_[thread] = nullptr;
    }
    if (churn && operation.choice < invalidations_in_ten_thousand) {
      Page& page = pages_[operation.key / keys_per_page];
      const std::uint32_t version = page.version.fetch_add(1, std::memory_order_acq_rel) + 1;
      vm::complete(gc_.invalidate(page_of(operation.key)));
      std::uint32_t done = page.done.load(std::memory_order_relaxed);
      while (done < version && !page.done.compare_exchange_weak(done, version, std::memory_order_release, std::memory_order_relaxed)) {
      }
      return;
    }
    const std::uint32_t done = pages_[operation.key / keys_per_page].done.load(std::memory_order_acquire);
    Object* object = vm::complete(gc_.find(m, block_key(operation.key)));
    if (object == nullptr) {
      last_[thread] = nullptr;
      object = build(thread, operation.key);
      if (object == nullptr) return;
    } else {
      Payload payload;
      std::memcpy(&payload, object->payload(), sizeof payload);
      if (payload.canary != alive || payload.key != operation.key || payload.version < done) {
        verdict_.report("a find of key %u gave key %u, version %u after version %u was announced, canary %x", operation.key, payload.key, payload.version, done,
                        payload.canary);
      }
    }
    if (churn && last_[thread] != nullptr) gc_.link(m, *last_[thread], operation.choice & 1, object);
    last_[thread] = object;
  }

  void finish() {
    const vm::GcStatistics s = gc_.statistics();
    if (finalized_.load() != s.reclaimed) {
      verdict_.report("%llu objects were reclaimed, and %llu finalized", static_cast<unsigned long long>(s.reclaimed), static_cast<unsigned long long>(finalized_.load()));
    }
  }
  const Verdict& verdict() const { return verdict_; }
  std::uint64_t digest() const { return digest_; }
  std::vector<std::pair<std::string, double>> counters() {
    const vm::GcStatistics s = gc_.statistics();
    return {{"found_ratio", s.finds == 0 ? 0 : static_cast<double>(s.found) / static_cast<double>(s.finds)},
            {"collections", static_cast<double>(s.collections)},
            {"reclaimed", static_cast<double>(s.reclaimed)},
            {"publish_refused", static_cast<double>(s.refused)},
            {"longest_pause_us", static_cast<double>(s.pause_nanoseconds_max) / 1000}};
  }

 private:
  static constexpr std::uint32_t alive = 0x600d'b10c;
  static constexpr std::uint32_t dead = 0xdead'b10c;
  struct Payload {
    std::uint32_t canary, key, version;
  };
  struct alignas(64) Page {
    std::atomic<std::uint32_t> version{0};
    std::atomic<std::uint32_t> done{0};
  };
  struct alignas(64) Attention {
    vm::NativePlatform::atomic<vm::u32> word{0};
  };

  static vm::Ppn page_of(std::uint32_t key) { return {0x80000 + key / keys_per_page}; }
  static vm::BlockKey block_key(std::uint32_t key) { return {.start = (page_of(key).value << 12) + (key % keys_per_page) * 256, .second = vm::no_page, .context = 1}; }
  typename Gc::Mutator& mutator(unsigned thread) {
    return gc_.mutator(vm::HartId{thread}, vm::Attention<vm::NativePlatform>{&attention_[thread].word, 1});
  }

  Object* build(unsigned thread, std::uint32_t key) {
    typename Gc::Mutator& m = mutator(thread);
    const vm::Ticket ticket = gc_.begin_build(m, {page_of(key), vm::no_page});
    const Payload payload{alive, key, pages_[key / keys_per_page].version.load(std::memory_order_acquire)};
    Object* object = vm::complete(gc_.allocate(m, vm::ObjectKind::block, 2, payload_bytes));
    if (object == nullptr) {
      vm::complete(gc_.collect(m));
      object = vm::complete(gc_.allocate(m, vm::ObjectKind::block, 2, payload_bytes));
      if (object == nullptr) return nullptr;
    }
    std::memcpy(object->payload(), &payload, sizeof payload);
    return vm::complete(gc_.publish(m, ticket, block_key(key), object)).object;
  }

  static void finalize(void* context, Object& object) {
    auto* self = static_cast<GcWorkload*>(context);
    Payload payload;
    std::memcpy(&payload, object.payload(), sizeof payload);
    if (payload.canary == dead) self->verdict_.report("an object of key %u was finalized twice", payload.key);
    payload.canary = dead;
    std::memcpy(object.payload(), &payload, sizeof payload);
    self->finalized_.fetch_add(1);
  }

  std::unique_ptr<Page[]> pages_;
  std::unique_ptr<Attention[]> attention_;
  std::vector<Object*> last_;
  std::vector<std::vector<Operation>> streams_;
  std::uint64_t digest_ = 0xcbf2'9ce4'8422'2325;
  std::atomic<std::uint64_t> finalized_{0};
  Verdict verdict_;
  Gc gc_;
};

}  // namespace harness
