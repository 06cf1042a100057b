// SPDX-License-Identifier: Apache-2.0
// Mutex at the one moment that stress seldom hits: between the announcement of a sleeper and its sleep.
#include <gtest/gtest.h>

#include <functional>

#include "tests/stress.hpp"
#include "variants/sync/mutex.hpp"
#include "vm/platform/native.hpp"

namespace {

// The native Platform, with a hook behind each successful compare-exchange of a byte (a Mutex's word).
struct HookedPlatform : vm::NativePlatform {
  static inline std::function<void(vm::u8 desired)> after_exchange;

  template <class T>
  class Hooked : public vm::NativeAtomic<T> {
   public:
    using vm::NativeAtomic<T>::NativeAtomic;
    bool compare_exchange(T& expected, T desired, std::memory_order success, std::memory_order failure, vm::Edge edge = {}) {
      const bool done = vm::NativeAtomic<T>::compare_exchange(expected, desired, success, failure, edge);
      if constexpr (sizeof(T) == 1) {
        if (done && after_exchange) after_exchange(desired);
      }
      return done;
    }
  };
  template <class T>
  using atomic = Hooked<T>;
};

TEST(sync, mutex_freed_before_the_sleep_is_not_slept_on) {
  using Mutex = variants::sync::Mutex<HookedPlatform>;
  static constexpr vm::u8 locked_and_parked = 3;
  Mutex mutex;
  std::atomic<bool> announced{false};
  std::atomic<bool> freed{false};
  mutex.lock();
  HookedPlatform::after_exchange = [&](vm::u8 desired) {
    if (desired != locked_and_parked || announced.exchange(true)) return;
    while (!freed) std::this_thread::yield();  // the locker has announced itself and has not parked yet
  };
  tests::together(
      2,
      [&](unsigned index) {
        if (index == 0) {
          mutex.lock();  // sleeps for ever if it does not look again before it does
          mutex.unlock();
        } else {
          EXPECT_TRUE(tests::eventually([&] { return announced.load(); }));
          mutex.unlock();
          freed = true;
        }
      },
      std::chrono::seconds(20));
  HookedPlatform::after_exchange = nullptr;
}

}  // namespace
