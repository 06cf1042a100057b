// SPDX-License-Identifier: Apache-2.0
// Every device under random accesses of every offset and width that it accepts. Each transition is run twice on copies, as a layer may:
// both runs must agree, in bytes of the State too. A pure read must leave the State alone, whatever path serves it.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/stress.hpp"
#include "vm/devices/aclint.hpp"
#include "vm/devices/goldfish_rtc.hpp"
#include "vm/devices/memory_map.hpp"
#include "vm/devices/plic.hpp"
#include "vm/devices/sswi.hpp"
#include "vm/devices/syscon.hpp"
#include "vm/devices/uart16550.hpp"
#include "vm/devices/virtio_mmio.hpp"

namespace {

using namespace vm::devices;
using vm::u64;
using vm::u8;

template <class State>
bool same(const State& a, const State& b) {
  return std::memcmp(&a, &b, sizeof(State)) == 0;
}

template <class State>
u64 read_pure(const State& state, u64 offset, u8 width, const Inputs& inputs) {
  if constexpr (State::uses_clock) {
    return state.read(offset, width, inputs);
  } else {
    return state.read(offset, width);
  }
}
template <class State>
u64 read_effect(State& state, u64 offset, u8 width, const Inputs& inputs, typename State::Effects& effects) {
  if constexpr (State::uses_clock) {
    return state.read_effect(offset, width, inputs, effects);
  } else {
    return state.read_effect(offset, width, effects);
  }
}
template <class State>
void write(State& state, u64 offset, u8 width, u64 value, const Inputs& inputs, typename State::Effects& effects) {
  if constexpr (State::uses_clock) {
    state.write(offset, width, value, inputs, effects);
  } else {
    state.write(offset, width, value, effects);
  }
}

// As default-constructed, with its padding zeroed.
template <class Effects>
void clear(Effects& effects) {
  std::memset(static_cast<void*>(&effects), 0, sizeof effects);
}

template <class State>
void disturb(const State& initial, Window window, u64 stream) {
  tests::Restless random(stream);
  // A memcpy, so that padding is equal too.
  State state;
  std::memcpy(static_cast<void*>(&state), &initial, sizeof state);
  u64 accepted = 0;
  const u64 rounds = tests::scaled(200'000);
  for (u64 round = 0; round < rounds; ++round) {
    const u8 width = static_cast<u8>(1 << random.next() % 4);
    // Most registers stand at the window's start.
    const u64 offset = random.next() % (random.next() % 2 == 0 ? std::min<u64>(window.bytes, 0x200) : window.bytes);
    if (!window.contains(window.base + offset, width) || !State::accepts(offset, width)) continue;
    ++accepted;
    const Inputs inputs{random.next() >> 10, random.next() >> 2};
    const u64 value = random.next() >> random.next() % 64;
    State twin;
    std::memcpy(static_cast<void*>(&twin), &state, sizeof state);
    typename State::Effects first, second, none;
    for (auto* effects : {&first, &second, &none}) clear(*effects);
    if (random.next() % 2 == 0) {
      write(state, offset, width, value, inputs, first);
      write(twin, offset, width, value, inputs, second);
    } else if (State::read_is_pure(offset, width)) {
      const u64 pure = read_pure(state, offset, width, inputs);
      ASSERT_EQ(pure, read_effect(twin, offset, width, inputs, second)) << std::hex << offset;
      ASSERT_TRUE(width == 8 || pure >> (8 * width) == 0) << std::hex << offset;
      ASSERT_EQ(std::memcmp(&second, &none, sizeof none), 0) << "a pure read had effects at " << std::hex << offset;
    } else {
      const u64 got = read_effect(state, offset, width, inputs, first);
      ASSERT_EQ(got, read_effect(twin, offset, width, inputs, second)) << std::hex << offset;
      ASSERT_TRUE(width == 8 || got >> (8 * width) == 0) << std::hex << offset;
    }
    ASSERT_TRUE(same(state, twin)) << std::hex << offset;
  }
  EXPECT_GT(accepted, rounds / 100);
}

TEST(devices_any_access, aclint) { disturb(AclintState::make(3), aclint_window, 1); }
TEST(devices_any_access, sswi) { disturb(SswiState::make(3), sswi_window, 2); }
TEST(devices_any_access, plic) { disturb(PlicState::make(3), plic_window, 3); }
TEST(devices_any_access, uart) { disturb(Uart16550State{}, uart_window, 4); }
TEST(devices_any_access, rtc) { disturb(RtcState{}, rtc_window, 5); }
TEST(devices_any_access, syscon) { disturb(SysconState{}, syscon_window, 6); }
TEST(devices_any_access, virtio) { disturb(VirtioMmioState::make(virtio::block_id, virtio::event_index, 2, 256), virtio_window(0), 7); }

}  // namespace
