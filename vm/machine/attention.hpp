// SPDX-License-Identifier: Apache-2.0
// Getting a hart's attention, and sleeping until somebody wants it: what stands behind WFI.
// Protocol:  raise sets bits, then wakes a sleeper; sleep announces itself, then looks at the bits, then parks on them.
// Invariant: a raise that comes after the last look at the bits either is seen by that look or finds `sleeping` set and wakes.
// Progress:  raise is wait-free but for the wake-up call; sleep blocks.
#pragma once
#include "vm/hart/hart.hpp"

namespace vm {

inline void raise_attention(Signals& signals, u32 bits) {
  // attention_before_sleeping: store-load. The bits are visible before `sleeping` is read; pairs with sleeping_before_attention.
  //   Without it both sides read the old value, and a hart sleeps through its interrupt.
  signals.attention.fetch_or(bits, seq_cst, "attention_before_sleeping");
  if (signals.sleeping.load(seq_cst, "attention_before_sleeping") != 0) NativePlatform::unpark_all(signals.attention);
}

// Sleeps until a bit is raised that is not in `seen`, or until the limit; may return early.
inline void sleep_for_attention(Signals& signals, u32 seen, std::chrono::nanoseconds limit) {
  // sleeping_before_attention: store-load, the other half of attention_before_sleeping.
  signals.sleeping.store(1, seq_cst, "sleeping_before_attention");
  if (signals.attention.load(seq_cst, "sleeping_before_attention") == seen) NativePlatform::park_for(signals.attention, seen, limit);
  signals.sleeping.store(0, relaxed);
}

}  // namespace vm
