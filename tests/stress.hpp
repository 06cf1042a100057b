// SPDX-License-Identifier: Apache-2.0
// What every multi-threaded test needs: a crowd of threads larger than the machine, started together, disturbed at random, and
// given up on when it hangs (a lost wake-up is a failure with a name, not a silent timeout).
// INTERLOCK_STRESS multiplies the work (default 1); INTERLOCK_SEED sets the seed, which a failure prints.
#pragma once
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "vm/platform/types.hpp"

namespace tests {

inline vm::u64 from_environment(const char* name, vm::u64 otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

// Work units, multiplied by INTERLOCK_STRESS.
inline vm::u64 scaled(vm::u64 work) { return work * std::max<vm::u64>(1, from_environment("INTERLOCK_STRESS", 1)); }
inline vm::u64 seed() { return from_environment("INTERLOCK_SEED", 0x5eed); }

// More threads than processors, whatever the machine.
inline unsigned crowd() { return std::clamp(2 * std::thread::hardware_concurrency(), 4u, 16u); }

// Seeded random numbers (splitmix64), and disturbances of the schedule.
class Restless {
 public:
  explicit Restless(vm::u64 stream) : state_(seed() + stream * 0x9e37'79b9'7f4a'7c15) {}
  vm::u64 next() {
    vm::u64 z = (state_ += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }
  vm::u64 below(vm::u64 bound) { return next() % bound; }
  // Now and then gives up the processor, seldom for long.
  void maybe_yield() {
    const vm::u64 dice = below(1024);
    if (dice < 6) sched_yield();
    if (dice == 1023) std::this_thread::sleep_for(std::chrono::microseconds(50));
  }

 private:
  vm::u64 state_;
};

// Runs body(0) ... body(threads - 1) at once, each on its own thread; aborts the process when they have not ended after `limit`.
template <class Body>
void together(unsigned threads, Body body, std::chrono::seconds limit = std::chrono::seconds(60)) {
  std::mutex mutex;
  std::condition_variable ended;
  unsigned running = threads;
  std::barrier start(threads);
  std::vector<std::thread> crowd;
  for (unsigned i = 0; i < threads; ++i) {
    crowd.emplace_back([&, i] {
      start.arrive_and_wait();
      body(i);
      const std::lock_guard guard(mutex);
      --running;
      ended.notify_one();
    });
  }
  {
    std::unique_lock guard(mutex);
    if (!ended.wait_for(guard, limit, [&] { return running == 0; })) {
      std::fprintf(stderr, "%u of %u threads hang after %lld s: a lost wake-up or a deadlock (seed %#llx)\n", running, threads,
                   static_cast<long long>(limit.count()), static_cast<unsigned long long>(seed()));
      std::abort();
    }
  }
  for (auto& thread : crowd) thread.join();
}

// Waits until condition() holds; false after ten seconds.
template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return true;
}

}  // namespace tests
