// SPDX-License-Identifier: Apache-2.0
// What every device-register variant needs besides its technique: ports that count in cache lines of their own, and running a
// transition into the awaitable that is always ready.
//
// Invariant: a port's counters are written by its owner alone, so that counting needs no locked instruction; anybody may read them.
// Progress:  wait-free.
#pragma once
#include <vector>

#include "vm/layers/device_registers.hpp"
#include "vm/platform/invariant.hpp"
#include "vm/platform/platform.hpp"

namespace variants::sync {

template <vm::Platform P>
struct alignas(64) RegisterPort {
  using Counter = typename P::template atomic<vm::u64>;

  vm::u32 index = 0;
  Counter inspections{0};
  Counter mutations{0};
  Counter retries{0};

  [[gnu::always_inline]] static void count(Counter& counter) { counter.store(counter.load(vm::relaxed) + 1, vm::relaxed); }
};

template <vm::Platform P>
class RegisterPorts {
 public:
  explicit RegisterPorts(vm::RegistersConfig config) : ports_(config.ports) {
    for (vm::u32 i = 0; i < config.ports; ++i) ports_[i].index = i;
  }

  RegisterPort<P>& operator[](vm::u32 index) {
    INTERLOCK_INVARIANT(index < ports_.size(), "port %u of %zu", index, ports_.size());
    return ports_[index];
  }

  vm::RegistersStatistics statistics() const {
    vm::RegistersStatistics sum;
    for (const auto& port : ports_) {
      sum.inspections += port.inspections.load(vm::relaxed);
      sum.mutations += port.mutations.load(vm::relaxed);
      sum.retries += port.retries.load(vm::relaxed);
    }
    return sum;
  }

 private:
  std::vector<RegisterPort<P>> ports_;
};

// f(arguments...) as a Ready of its result.
template <class F, class... Arguments>
[[gnu::always_inline]] inline auto ready(F&& f, Arguments&... arguments) {
  using R = std::invoke_result_t<F&, Arguments&...>;
  if constexpr (std::is_void_v<R>) {
    f(arguments...);
    return vm::Ready<void>{};
  } else {
    static_assert(std::is_trivially_copyable_v<R>, "a transition returns void or something trivially copyable");
    return vm::Ready<R>{f(arguments...)};
  }
}

}  // namespace variants::sync
