// SPDX-License-Identifier: Apache-2.0
// The one seam between a variant's source and the memory model beneath it.
//
// A variant is a template over a Platform and takes from it everything that touches memory shared between
// threads, so that the same file runs on the processor (native), in the model checker and in the simulator.
// A Platform supplies:
//   atomic<T>      a wrapper atomic. Every operation names its order, and may name its edge:
//                  load, store, exchange, compare_exchange (success and failure orders), fetch_add/sub/and/or
//   var<T>         plain data that another thread may read: get() and set(), checked for races where that is possible
//   fence          an atomic thread fence with a named edge
//   mutex, shared_mutex   the platform's own locks, for the baseline: lock, unlock, try_lock, *_shared
//   park, unpark   wait on and wake the waiters of a 32-bit atomic. Wakes may be spurious and give no ordering:
//                  the caller rechecks its own state with the order that it needs
//   pause, yield   a spin-wait hint, and giving up the processor
//   make, destroy  allocation of nodes that threads share, so that a use after free can be seen; raw storage likewise
//   this_thread    a number that tells the calling thread from all others that are alive, never 0
//   now            a monotonic clock in nanoseconds
// Named edges: every order stronger than relaxed, and every fence, carries a name (a string literal). The model
// checker weakens edges one by one; in the native build a name costs nothing (tests/unit/named_edges_are_free).
#pragma once
#include <atomic>
#include <chrono>
#include <concepts>
#include <memory>

#include "vm/platform/types.hpp"

namespace vm {

// The name of an ordering. Only a literal can be one, so no name is ever computed at run time.
class Edge {
 public:
  consteval Edge() = default;
  consteval Edge(const char* name) : name_(name) {}  // NOLINT(google-explicit-constructor): a literal reads best bare
  constexpr const char* name() const { return name_; }

 private:
  const char* name_ = "";
};

inline constexpr auto relaxed = std::memory_order_relaxed;
inline constexpr auto acquire = std::memory_order_acquire;
inline constexpr auto release = std::memory_order_release;
inline constexpr auto acq_rel = std::memory_order_acq_rel;
inline constexpr auto seq_cst = std::memory_order_seq_cst;

template <class P>
concept Platform = requires(typename P::template atomic<u64> word, typename P::template atomic<u32> futex, typename P::template var<u64> plain,
                            typename P::mutex mutex, typename P::shared_mutex shared, std::memory_order order, u64 value, u32 expected32) {
  { word.load(order, Edge{}) } -> std::same_as<u64>;
  { word.store(value, order, Edge{}) } -> std::same_as<void>;
  { word.exchange(value, order, Edge{}) } -> std::same_as<u64>;
  { word.compare_exchange(value, value, order, order, Edge{}) } -> std::same_as<bool>;
  { word.fetch_add(value, order, Edge{}) } -> std::same_as<u64>;
  { word.fetch_sub(value, order, Edge{}) } -> std::same_as<u64>;
  { word.fetch_and(value, order, Edge{}) } -> std::same_as<u64>;
  { word.fetch_or(value, order, Edge{}) } -> std::same_as<u64>;
  { plain.get() } -> std::convertible_to<u64>;
  { plain.set(value) } -> std::same_as<void>;
  { P::fence(order, Edge{}) } -> std::same_as<void>;
  mutex.lock();
  mutex.unlock();
  { mutex.try_lock() } -> std::same_as<bool>;
  shared.lock();
  shared.unlock();
  shared.lock_shared();
  shared.unlock_shared();
  { P::park(futex, expected32) } -> std::same_as<void>;
  { P::park_for(futex, expected32, std::chrono::nanoseconds{}) } -> std::same_as<void>;
  { P::unpark_one(futex) } -> std::same_as<void>;
  { P::unpark_all(futex) } -> std::same_as<void>;
  { P::pause() } -> std::same_as<void>;
  { P::yield() } -> std::same_as<void>;
  { P::template make<u64>(value) } -> std::same_as<u64*>;
  P::destroy(static_cast<u64*>(nullptr));
  { P::allocate(std::size_t{}, std::size_t{}) } -> std::same_as<void*>;
  P::deallocate(static_cast<void*>(nullptr), std::size_t{}, std::size_t{});
  { P::this_thread() } -> std::same_as<u64>;
  { P::now() } -> std::same_as<std::chrono::nanoseconds>;
};

}  // namespace vm
