// SPDX-License-Identifier: Apache-2.0
// Pairs of functions that must compile to the same instructions: with the Platform's named edges, and with std::atomic alone.
// tests/platform/named_edges_are_free.py compares their disassembly.
#include <atomic>

#include "vm/platform/native.hpp"

using Named = vm::NativePlatform::atomic<vm::u64>;
using Plain = std::atomic<vm::u64>;

extern "C" {
vm::u64 load_named(const Named& word) { return word.load(vm::acquire, "an_edge"); }
vm::u64 load_plain(const Plain& word) { return word.load(std::memory_order_acquire); }

void store_named(Named& word, vm::u64 value) { word.store(value, vm::release, "an_edge"); }
void store_plain(Plain& word, vm::u64 value) { word.store(value, std::memory_order_release); }

vm::u64 exchange_named(Named& word, vm::u64 value) { return word.exchange(value, vm::acq_rel, "an_edge"); }
vm::u64 exchange_plain(Plain& word, vm::u64 value) { return word.exchange(value, std::memory_order_acq_rel); }

bool compare_exchange_named(Named& word, vm::u64& expected, vm::u64 desired) { return word.compare_exchange(expected, desired, vm::acquire, vm::relaxed, "an_edge"); }
bool compare_exchange_plain(Plain& word, vm::u64& expected, vm::u64 desired) {
  return word.compare_exchange_strong(expected, desired, std::memory_order_acquire, std::memory_order_relaxed);
}

vm::u64 fetch_add_named(Named& word, vm::u64 value) { return word.fetch_add(value, vm::seq_cst, "an_edge"); }
vm::u64 fetch_add_plain(Plain& word, vm::u64 value) { return word.fetch_add(value, std::memory_order_seq_cst); }

void fence_named() { vm::NativePlatform::fence(vm::seq_cst, "an_edge"); }
void fence_plain() { std::atomic_thread_fence(std::memory_order_seq_cst); }

// What a difference looks like: the test checks that it sees this one.
vm::u64 differs_named(const Named& word) { return word.load(vm::relaxed) + 1; }
vm::u64 differs_plain(const Plain& word) { return word.load(std::memory_order_relaxed) + 2; }
}
