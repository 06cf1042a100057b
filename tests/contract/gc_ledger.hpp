// SPDX-License-Identifier: Apache-2.0
// What the GC's contract tests know about every object: its payload begins with a canary, and its finalizer kills the canary and
// enters the object in a ledger. A dead canary under a reader is a use after reclaim, a second entry is a second finalization.
#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "selected_variant.hpp"
#include "vm/platform/native.hpp"

namespace gc_contract {

using P = vm::NativePlatform;
using Gc = selected_variant::Gc<P>;
using Object = vm::Object<P>;
using Mutator = Gc::Mutator;

inline constexpr vm::u64 alive = 0xa11f'e0b1'ec7a'11f3;
inline constexpr vm::u64 dead = 0xdead'dead'dead'dead;

struct Canary {
  vm::u64 magic = alive;
  vm::u64 id = 0;
  vm::u64 start = 0;             // of the key under which it is published
  vm::u64 versions[2] = {0, 0};  // of the bytes that a block was made of, by page
  vm::u64 seal = 0;

  vm::u64 sum() const { return (id * 0x9e37'79b9'7f4a'7c15) ^ start ^ (versions[0] << 20) ^ (versions[1] << 40) ^ alive; }
  bool intact() const { return magic == alive && seal == sum(); }
};

inline Canary& canary(Object& object) { return *reinterpret_cast<Canary*>(object.payload()); }

inline void write_canary(Object& object, vm::u64 id, vm::u64 start, vm::u64 first_version = 0, vm::u64 second_version = 0) {
  auto* made = ::new (static_cast<void*>(object.payload())) Canary{alive, id, start, {first_version, second_version}, 0};
  made->seal = made->sum();
}

// Ids are handed out in order; finalizations are counted by id. Any thread.
class Ledger {
 public:
  explicit Ledger(std::size_t capacity) : finalizations_(std::make_unique<std::atomic<vm::u8>[]>(capacity)), capacity_(capacity) {}

  vm::Finalizer<P> finalizer() { return {&run, this}; }
  vm::u64 next_id() {
    const vm::u64 id = next_.fetch_add(1, std::memory_order_relaxed);
    if (id >= capacity_) std::abort();
    return id;
  }
  unsigned finalized(vm::u64 id) const { return finalizations_[id].load(std::memory_order_relaxed); }
  vm::u64 issued() const { return next_.load(std::memory_order_relaxed); }
  vm::u64 reclaimed() const { return reclaimed_.load(std::memory_order_relaxed); }

  // Every object that was made has been finalized once, and none was damaged before.
  void expect_each_finalized_once() const {
    vm::u64 wrong = 0;
    for (vm::u64 id = 0; id < issued(); ++id) wrong += finalized(id) != 1;
    EXPECT_EQ(wrong, 0u) << "of " << issued() << " objects";
    EXPECT_EQ(damaged_.load(), 0u);
  }

 private:
  static void run(void* context, Object& object) {
    auto& ledger = *static_cast<Ledger*>(context);
    Canary& seen = canary(object);
    if (!seen.intact()) {
      ledger.damaged_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    ledger.finalizations_[seen.id].fetch_add(1, std::memory_order_relaxed);
    ledger.reclaimed_.fetch_add(1, std::memory_order_relaxed);
    seen.magic = dead;
  }
  std::unique_ptr<std::atomic<vm::u8>[]> finalizations_;
  const std::size_t capacity_;
  std::atomic<vm::u64> next_{0};
  std::atomic<vm::u64> reclaimed_{0};
  std::atomic<vm::u64> damaged_{0};
};

// The use of the layer by this thread.
class Attached {
 public:
  explicit Attached(Gc& gc) : gc_(gc) { gc_.attach(); }
  ~Attached() { gc_.detach(); }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  Gc& gc_;
};

// A mutator that runs.
class Running {
 public:
  Running(Gc& gc, Mutator& mutator) : gc_(gc), mutator_(mutator) { gc_.busy(mutator_); }
  ~Running() { gc_.idle(mutator_); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  Gc& gc_;
  Mutator& mutator_;
};

// A block's entry, as the engine does it: false if it may not be entered. A cold block is warmed.
inline bool enter(Object& block) { return block.warm(); }

inline vm::BlockKey block_key(vm::u64 page, vm::u64 offset, vm::u32 context = 1) {
  return {(page << vm::page_shift) + offset, vm::no_page, context};
}
inline vm::BlockKey straddling_key(vm::u64 page, vm::u64 second) { return {(page << vm::page_shift) + 0xffe, {second}, 1}; }
inline vm::BlockKey plain_key(vm::u64 number) { return {number, vm::no_page, vm::plain_context}; }
inline std::array<vm::Ppn, 2> pages_of(const vm::BlockKey& key) { return {key.first_page(), key.second}; }

inline Object* follow(Object& object, unsigned slot) { return object.slot(slot).load(vm::acquire, "slot_then_target"); }

// Allocates an object with a canary and publishes it. nullptr: no room, or refused.
inline Object* publish_new(Gc& gc, Mutator& mutator, Ledger& ledger, const vm::BlockKey& key, unsigned slots = 2, vm::u32 extra = 0) {
  const auto kind = key.context == vm::plain_context ? vm::ObjectKind::plain : vm::ObjectKind::block;
  Object* object = vm::complete(gc.allocate(mutator, kind, slots, sizeof(Canary) + extra));
  if (object == nullptr) return nullptr;
  write_canary(*object, ledger.next_id(), key.start);
  const vm::Ticket ticket = gc.begin_build(mutator, pages_of(key));
  return vm::complete(gc.publish(mutator, ticket, key, object)).object;
}

// How much longer than usual a stress test runs: INTERLOCK_STRESS, 1 by default.
inline unsigned stress() {
  const char* text = std::getenv("INTERLOCK_STRESS");
  const int factor = text == nullptr ? 1 : std::atoi(text);
  return factor < 1 ? 1u : static_cast<unsigned>(factor);
}

using Random = std::mt19937_64;
inline vm::u64 below(Random& random, vm::u64 bound) { return random() % bound; }

// A seed in the message of every assertion that follows.
#define GC_TRACE_SEED(seed) SCOPED_TRACE(::testing::Message() << "seed " << (seed))

}  // namespace gc_contract
