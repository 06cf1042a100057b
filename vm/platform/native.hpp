// SPDX-License-Identifier: Apache-2.0
// The native Platform: std::atomic, futex, std::mutex. Edge names vanish here.
// Source: futex(2); C++20 [atomics].
#pragma once
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <utility>

#include "vm/platform/platform.hpp"

namespace vm {

template <class T>
class NativeAtomic {
 public:
  constexpr NativeAtomic() noexcept : value_(T{}) {}
  constexpr NativeAtomic(T value) noexcept : value_(value) {}  // NOLINT(google-explicit-constructor): as std::atomic
  NativeAtomic(const NativeAtomic&) = delete;
  NativeAtomic& operator=(const NativeAtomic&) = delete;

  [[gnu::always_inline]] T load(std::memory_order order, Edge = {}) const noexcept { return value_.load(order); }
  [[gnu::always_inline]] void store(T value, std::memory_order order, Edge = {}) noexcept { value_.store(value, order); }
  [[gnu::always_inline]] T exchange(T value, std::memory_order order, Edge = {}) noexcept { return value_.exchange(value, order); }
  // On failure `expected` is updated. Strong: it fails only when the value differs.
  [[gnu::always_inline]] bool compare_exchange(T& expected, T desired, std::memory_order success, std::memory_order failure, Edge = {}) noexcept {
    return value_.compare_exchange_strong(expected, desired, success, failure);
  }
  [[gnu::always_inline]] T fetch_add(T value, std::memory_order order, Edge = {}) noexcept { return value_.fetch_add(value, order); }
  [[gnu::always_inline]] T fetch_sub(T value, std::memory_order order, Edge = {}) noexcept { return value_.fetch_sub(value, order); }
  [[gnu::always_inline]] T fetch_and(T value, std::memory_order order, Edge = {}) noexcept { return value_.fetch_and(value, order); }
  [[gnu::always_inline]] T fetch_or(T value, std::memory_order order, Edge = {}) noexcept { return value_.fetch_or(value, order); }

 private:
  friend struct NativePlatform;
  std::atomic<T> value_;
};

template <class T>
class NativeVar {
 public:
  constexpr NativeVar() : value_(T{}) {}
  constexpr NativeVar(T value) : value_(std::move(value)) {}  // NOLINT(google-explicit-constructor): stands for a plain T
  [[gnu::always_inline]] const T& get() const { return value_; }
  [[gnu::always_inline]] void set(T value) { value_ = std::move(value); }

 private:
  T value_;
};

struct NativePlatform {
  template <class T>
  using atomic = NativeAtomic<T>;
  template <class T>
  using var = NativeVar<T>;
  using mutex = std::mutex;
  using shared_mutex = std::shared_mutex;

  [[gnu::always_inline]] static void fence(std::memory_order order, Edge = {}) noexcept {
#if defined(__SANITIZE_THREAD__)
    // TSan does not model fences. A read-modify-write of one dummy word orders at least as much, and it sees it.
    static std::atomic<u32> dummy{0};
    dummy.fetch_add(0, std::memory_order_seq_cst);
    (void)order;
#else
    std::atomic_thread_fence(order);
#endif
  }

  // Sleeps while `word` holds `expected`. May return at any time.
  static void park(NativeAtomic<u32>& word, u32 expected) noexcept { futex(word, FUTEX_WAIT_PRIVATE, expected, nullptr); }
  static void park_for(NativeAtomic<u32>& word, u32 expected, std::chrono::nanoseconds limit) noexcept {
    const auto count = limit.count() < 0 ? 0 : limit.count();
    const timespec timeout{static_cast<time_t>(count / 1'000'000'000), static_cast<long>(count % 1'000'000'000)};
    futex(word, FUTEX_WAIT_PRIVATE, expected, &timeout);
  }
  static void unpark_one(NativeAtomic<u32>& word) noexcept { futex(word, FUTEX_WAKE_PRIVATE, 1, nullptr); }
  static void unpark_all(NativeAtomic<u32>& word) noexcept { futex(word, FUTEX_WAKE_PRIVATE, 0x7fffffff, nullptr); }

  [[gnu::always_inline]] static void pause() noexcept { __builtin_ia32_pause(); }
  static void yield() noexcept { sched_yield(); }

  template <class T, class... Args>
  static T* make(Args&&... args) {
    return new T(std::forward<Args>(args)...);
  }
  template <class T>
  static void destroy(T* node) {
    delete node;
  }
  static void* allocate(std::size_t bytes, std::size_t alignment) { return ::operator new(bytes, std::align_val_t{alignment}); }
  static void deallocate(void* storage, std::size_t bytes, std::size_t alignment) { ::operator delete(storage, bytes, std::align_val_t{alignment}); }

  static u64 this_thread() noexcept {
    static thread_local char here;
    return reinterpret_cast<u64>(&here);
  }

  static std::chrono::nanoseconds now() noexcept {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
  }

 private:
  static void futex(NativeAtomic<u32>& word, int operation, u32 value, const timespec* timeout) noexcept {
    static_assert(sizeof(std::atomic<u32>) == sizeof(u32));
    syscall(SYS_futex, &word.value_, operation, value, timeout, nullptr, 0);
  }
};

static_assert(Platform<NativePlatform>);

}  // namespace vm
