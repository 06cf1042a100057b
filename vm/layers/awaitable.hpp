// SPDX-License-Identifier: Apache-2.0
// What a layer operation returns. Blocking and lock-free variants return Ready<T>: the awaitable that never suspends,
// so that one vCPU coroutine serves every variant at no cost. A variant that may suspend returns an awaitable of its own.
#pragma once
#include <concepts>
#include <coroutine>
#include <type_traits>
#include <utility>

#include "vm/platform/invariant.hpp"

namespace vm {

template <class T>
struct [[nodiscard]] Ready {
  T value;
  constexpr bool await_ready() const noexcept { return true; }
  constexpr void await_suspend(std::coroutine_handle<>) const noexcept {}
  constexpr T await_resume() noexcept(std::is_nothrow_move_constructible_v<T>) { return std::move(value); }
};

template <>
struct [[nodiscard]] Ready<void> {
  constexpr bool await_ready() const noexcept { return true; }
  constexpr void await_suspend(std::coroutine_handle<>) const noexcept {}
  constexpr void await_resume() const noexcept {}
};

template <class A, class T>
concept AwaitableOf = requires(A awaitable) {
  { awaitable.await_ready() } -> std::convertible_to<bool>;
  { awaitable.await_resume() } -> std::same_as<T>;
};

// The result of an operation that is complete when it returns. For callers that are no coroutines: workloads, tests, device threads.
template <class A>
auto complete(A awaitable) {
  INTERLOCK_INVARIANT(awaitable.await_ready(), "a layer operation suspended outside a coroutine");
  return awaitable.await_resume();
}

// How an operation makes progress (T5, R4), in the usual terms.
enum class Progress { wait_free, lock_free, blocking, transactional };

constexpr const char* name(Progress progress) {
  switch (progress) {
    case Progress::wait_free: return "wait-free";
    case Progress::lock_free: return "lock-free";
    case Progress::blocking: return "blocking";
    case Progress::transactional: return "transactional";
  }
  return "unknown";
}

}  // namespace vm
