// SPDX-License-Identifier: Apache-2.0
// Device writes while harts run: whoever waits for them has waited for all that count, and aligned words are never torn.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "vm/memory/guest_memory.hpp"

namespace {

using namespace vm;

std::unique_ptr<GuestMemory> make() { return std::move(*GuestMemory::create(4 * page_bytes)); }

template <class T>
std::span<const std::byte> as_bytes(const T& value) {
  return {reinterpret_cast<const std::byte*>(&value), sizeof(value)};
}

// LR/SC by the rules of vm/memory/reservations.hpp against DMA: once a line is ready, a write that lands between LR and SC makes SC fail.
// Without wait_for_device_writes() a write that saw the word untracked lands unseen, and the SC that follows undoes it.
TEST(memory, no_device_write_hides_from_a_reservation) {
  constexpr u64 rounds = 5'000;
  constexpr u64 lines = 3 * page_bytes / 64;
  constexpr u64 written = 0x1111'1111'1111'1111;
  std::unique_ptr<GuestMemory> memory = make();
  std::atomic<u64> turn{0};
  std::atomic<u64> turns_done{0};
  const auto line_of = [](u64 round) { return ram_base + round % lines * 64; };
  std::thread device([&] {
    for (u64 round = 1; round <= rounds; ++round) {
      for (unsigned spins = 0; turn.load(std::memory_order_acquire) != round; ++spins) {
        if (spins < 200)
          NativePlatform::pause();
        else
          std::this_thread::yield();
      }
      for (u64 spin = 0; spin < round % 11; ++spin) NativePlatform::pause();
      ASSERT_TRUE(memory->write(line_of(round), as_bytes(written)));
      turns_done.store(round, std::memory_order_release);
    }
  });
  for (u64 round = 1; round <= rounds; ++round) {
    if (round % lines == 0) memory = make();  // fresh words: each is tracked while a write may be under way
    const u64 at = line_of(round);
    turn.store(round, std::memory_order_release);
    for (u64 spin = 0; spin < round % 7; ++spin) NativePlatform::pause();
    auto& reservations = memory->reservations();
    auto* word = reinterpret_cast<u64*>(memory->host(at));
    reservations.track(at);
    memory->wait_for_device_writes();
    reservations.make_ready(at);
    // LR: the version, then the value.
    u32 seen = 0;
    while (((seen = reservations.word(at).load(acquire, "reservation_unlock")) & reservation_locked) != 0) NativePlatform::pause();
    const u64 read = __atomic_load_n(word, __ATOMIC_RELAXED);
    for (u64 spin = 0; spin < round % 5; ++spin) NativePlatform::pause();
    // SC: adds 1 if nothing came between.
    const u32 locked = reservations.lock(at);
    const bool success = locked == seen;
    if (success) __atomic_store_n(word, read + 1, __ATOMIC_RELAXED);
    reservations.unlock(at, success);
    while (turns_done.load(std::memory_order_acquire) != round) std::this_thread::yield();
    const u64 last = __atomic_load_n(word, __ATOMIC_RELAXED);
    if (success && read == written) {
      EXPECT_EQ(last, written + 1) << "round " << round << ": the write came before LR";
    } else {
      EXPECT_EQ(last, written) << "round " << round << ": SC undid a write that came after LR";
    }
  }
  device.join();
}

// fence.i: a hart that has seen the new bytes of a code page, and then waits, finds its sink called.
TEST(memory, waiting_after_new_bytes_were_seen_includes_their_sink) {
  constexpr unsigned rounds = 3000;
  const auto memory = make();
  const Ppn page{ram_base >> page_shift};
  std::atomic<u64> invalidated{0};
  memory->set_code_write_sink({[](void* context, Ppn) {
                                 for (unsigned turns = 0; turns < 3; ++turns) std::this_thread::yield();  // lets the hart look
                                 for (unsigned spin = 0; spin < 50; ++spin) NativePlatform::pause();
                                 static_cast<std::atomic<u64>*>(context)->fetch_add(1, std::memory_order_relaxed);
                               },
                               &invalidated});
  std::atomic<u64> turn{0};
  std::thread device([&] {
    for (u64 i = 1; i <= rounds; ++i) {
      while (turn.load(std::memory_order_acquire) != i) std::this_thread::yield();
      ASSERT_TRUE(memory->write(ram_base + 8, as_bytes(i)));
    }
  });
  for (u64 i = 1; i <= rounds; ++i) {
    memory->pages().track(page);
    turn.store(i, std::memory_order_release);
    while (__atomic_load_n(reinterpret_cast<u64*>(memory->host(ram_base + 8)), __ATOMIC_RELAXED) != i) std::this_thread::yield();
    memory->wait_for_device_writes();
    EXPECT_EQ(invalidated.load(std::memory_order_relaxed), i) << "bytes were seen, their invalidate not";
    while (invalidated.load(std::memory_order_relaxed) != i) std::this_thread::yield();  // each round starts from rest
  }
  device.join();
}

TEST(memory, waiting_ends_though_other_writes_go_on) {
  const auto memory = make();
  std::atomic<bool> stop{false};
  std::vector<std::thread> devices;
  for (unsigned d = 0; d < 2; ++d) {
    devices.emplace_back([&, d] {
      const std::vector<std::byte> buffer(page_bytes);
      while (!stop.load(std::memory_order_relaxed)) ASSERT_TRUE(memory->write(ram_base + (1 + d) * page_bytes, buffer));
    });
  }
  for (unsigned i = 0; i < 50; ++i) memory->wait_for_device_writes();
  stop.store(true, std::memory_order_relaxed);
  for (std::thread& device : devices) device.join();
}

template <class Word>
void check_untorn() {
  constexpr unsigned writes = 30'000;
  const auto memory = make();
  const u64 at = ram_base + 0x100 + sizeof(Word);  // aligned to its size only
  std::atomic<bool> done{false};
  std::thread device([&] {
    for (unsigned i = 0; i < writes; ++i) {
      const Word value = i % 2 != 0 ? static_cast<Word>(~Word{0}) : Word{0};
      ASSERT_TRUE(memory->write(at, as_bytes(value)));
    }
    done.store(true, std::memory_order_release);
  });
  while (!done.load(std::memory_order_acquire)) {
    Word seen = 1;
    ASSERT_TRUE(memory->read(at, {reinterpret_cast<std::byte*>(&seen), sizeof(seen)}));
    ASSERT_TRUE(seen == 0 || seen == static_cast<Word>(~Word{0})) << +seen;
  }
  device.join();
}

TEST(memory, aligned_device_words_are_never_torn) {
  check_untorn<u16>();
  check_untorn<u32>();
  check_untorn<u64>();
}

}  // namespace
