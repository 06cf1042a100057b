// SPDX-License-Identifier: Apache-2.0
// virtio-console moves each byte once, in order, both ways; virtio-rng fills what it is given.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/devices/driver_ring.hpp"
#include "vm/devices/virtio_console.hpp"
#include "vm/devices/virtio_entropy.hpp"

namespace {

using namespace tests;
using vm::devices::Served;
using vm::devices::VirtioConsole;
using vm::devices::VirtioEntropy;

constexpr u64 payload = vm::ram_base + 0x8000;

std::string text_at(const vm::GuestMemory& memory, u64 address, std::size_t bytes) {
  std::string text(bytes, '\0');
  EXPECT_TRUE(memory.read(address, std::as_writable_bytes(std::span{text.data(), bytes})));
  return text;
}
std::span<const u8> bytes_of(const std::string& text) { return {reinterpret_cast<const u8*>(text.data()), text.size()}; }

TEST(devices_virtio_console, what_the_guest_writes_is_transmitted) {
  std::string got;
  VirtioConsole console([&](std::span<const u8> bytes) { got.append(bytes.begin(), bytes.end()); });
  auto memory = ram();
  DriverRing driver(*memory, 8);
  std::string sent(10'000, ' ');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>('a' + i % 26);
  ASSERT_TRUE(memory->write(payload, std::as_bytes(std::span{sent})));
  const Descriptor parts[] = {{payload, 5'000, 0, 0}, {payload + 5'000, 5'000, 0, 0}};
  driver.chain(2, parts);
  driver.offer(2);
  const Served served = console.serve(VirtioConsole::transmit_queue, driver.layout, *memory);
  EXPECT_TRUE(served.interrupt);
  EXPECT_EQ(got, sent);
  EXPECT_EQ(driver.take()->id, 2u);
}

TEST(devices_virtio_console, input_waits_for_buffers_and_fills_them_in_order) {
  VirtioConsole console([](std::span<const u8>) {});
  auto memory = ram();
  DriverRing driver(*memory, 8);
  EXPECT_EQ(console.receive(bytes_of("hello, guest")), 12u);
  EXPECT_FALSE(console.serve(VirtioConsole::receive_queue, driver.layout, *memory).interrupt) << "no buffer yet";
  for (u16 i = 0; i < 3; ++i) {
    driver.describe(i, {payload + 100u * i, 5, flag_write, 0});
    driver.offer(i);
  }
  EXPECT_TRUE(console.serve(VirtioConsole::receive_queue, driver.layout, *memory).interrupt);
  std::string got;
  for (u16 i = 0; i < 3; ++i) {
    const auto used = driver.take();
    ASSERT_TRUE(used);
    got += text_at(*memory, payload + 100u * i, used->length);
  }
  EXPECT_EQ(got, "hello, guest");
}

TEST(devices_virtio_console, input_is_bounded_and_says_when_there_is_room) {
  VirtioConsole console([](std::span<const u8>) {});
  int rooms = 0;
  console.on_room([&] { ++rooms; });
  EXPECT_EQ(console.receive(bytes_of(std::string(VirtioConsole::input_limit + 100, 'x'))), VirtioConsole::input_limit);
  EXPECT_EQ(console.receive(bytes_of("y")), 0u);
  auto memory = ram();
  DriverRing driver(*memory, 8);
  for (u16 i = 0; i < 2; ++i) {
    driver.describe(i, {payload, 10, flag_write, 0});
    driver.offer(i);
  }
  console.serve(VirtioConsole::receive_queue, driver.layout, *memory);
  EXPECT_EQ(rooms, 1);
  EXPECT_EQ(console.receive(bytes_of(std::string(100, 'y'))), 20u);
}

TEST(devices_virtio_entropy, buffers_are_filled_and_the_seed_repeats) {
  std::set<std::string> streams;
  for (const std::optional<u64> seed : {std::optional<u64>{1}, {1}, {2}, {}, {}}) {
    VirtioEntropy entropy(seed);
    auto memory = ram();
    DriverRing driver(*memory, 8);
    driver.describe(0, {payload, 61, flag_write, 0});
    driver.offer(0);
    EXPECT_TRUE(entropy.serve(0, driver.layout, *memory).interrupt);
    EXPECT_EQ(driver.take()->length, 61u);
    EXPECT_EQ(driver.get<u8>(payload + 61), 0) << "not a byte more";
    streams.insert(text_at(*memory, payload, 61));
  }
  EXPECT_EQ(streams.size(), 4u) << "seed 1 twice the same, the others all different";
}

TEST(devices_virtio_entropy, a_pass_is_bounded_and_asks_to_go_on) {
  VirtioEntropy entropy(3);
  auto memory = ram();
  DriverRing driver(*memory, 4);
  driver.layout.features |= vm::devices::virtio::event_index;
  driver.describe(0, {payload, 1, flag_write, 0});
  for (int i = 0; i < 4; ++i) driver.offer(0);
  EXPECT_TRUE(entropy.serve(0, driver.layout, *memory).again);
  EXPECT_FALSE(entropy.serve(0, driver.layout, *memory).again);
  EXPECT_EQ(driver.available_event(), 4u) << "and then waits for a notification";
}

}  // namespace
