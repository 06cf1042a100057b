// SPDX-License-Identifier: Apache-2.0
// What a hart is doing now, for the sampler that apportions time to layers: one plain store a change, read by another thread.
#pragma once
#include "vm/platform/native.hpp"

namespace vm {

enum class PhaseName : u32 { engine, loop, tlb, gc, registers, idle };
inline constexpr unsigned phase_names = 6;

class alignas(64) Phase {
 public:
  void enter(PhaseName name) { now_.store(static_cast<u32>(name), relaxed); }
  PhaseName now() const { return static_cast<PhaseName>(now_.load(relaxed)); }

 private:
  NativePlatform::atomic<u32> now_{static_cast<u32>(PhaseName::idle)};
};

}  // namespace vm
