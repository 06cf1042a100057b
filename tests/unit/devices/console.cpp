// SPDX-License-Identifier: Apache-2.0
// The console: nothing is lost or reordered, a slow sink holds the producer back, input waits for room, the escape key works.
#include "vm/devices/console.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "tests/stress.hpp"

namespace {

using vm::u64;
using vm::u8;
using vm::devices::Console;
using vm::devices::ConsoleConfig;
using vm::devices::EscapeKey;

std::span<const u8> bytes_of(const std::string& text) { return {reinterpret_cast<const u8*>(text.data()), text.size()}; }

TEST(devices_console, output_is_complete_and_in_order_for_each_producer) {
  std::string got;
  {
    Console console({.capture = [&](std::span<const u8> bytes) { got.append(bytes.begin(), bytes.end()); }});
    tests::together(4, [&](unsigned index) {
      tests::Restless restless(index);
      for (u64 i = 0; i < 20'000; ++i) {
        console.put(static_cast<u8>(index << 6 | (i & 63)));
        if (i % 64 == 0) console.wait_for_room();
        restless.maybe_yield();
      }
    });
  }
  ASSERT_EQ(got.size(), 80'000u);
  u64 next[4]{};
  for (const char c : got) {
    const u8 byte = static_cast<u8>(c);
    ASSERT_EQ(byte & 63, next[byte >> 6]++ & 63);
  }
}

TEST(devices_console, flush_returns_when_all_is_written) {
  std::atomic<std::size_t> written{0};
  Console console({.capture = [&](std::span<const u8> bytes) { written += bytes.size(); }});
  std::size_t put = 0;
  for (const std::size_t size : {1u, 100u, 70'000u, 3u}) {
    console.put(bytes_of(std::string(size, 'x')));
    put += size;
    console.flush();
    EXPECT_EQ(written, put);
  }
}

TEST(devices_console, a_slow_sink_holds_the_producer_at_the_high_water_mark) {
  std::atomic<bool> hold{true};
  std::atomic<std::size_t> written{0};
  Console console({.capture =
                       [&](std::span<const u8> bytes) {
                         while (hold) std::this_thread::yield();
                         written += bytes.size();
                       },
                   .high_water = 100});
  console.put(bytes_of(std::string(100, 'x')));
  console.wait_for_room();  // at the mark, not above it
  console.put('y');
  std::atomic<bool> passed{false};
  std::thread producer([&] {
    console.wait_for_room();
    passed = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(passed);
  hold = false;
  producer.join();
  EXPECT_GE(written, 51u) << "it went on when half was written";
}

TEST(devices_console, writes_to_a_descriptor) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const std::string text(300'000, 'z');  // more than a pipe holds
  std::string got;
  std::thread reader([&] {
    char piece[4096];
    ssize_t count;
    while ((count = read(ends[0], piece, sizeof piece)) > 0) got.append(piece, static_cast<std::size_t>(count));
  });
  {
    Console console({.output = ends[1]});
    console.put(bytes_of(text));
  }
  close(ends[1]);
  reader.join();
  close(ends[0]);
  EXPECT_EQ(got, text);
}

// A device that takes at most 3 bytes at a time and makes room on another thread, as a guest's read of RBR does.
TEST(devices_console, input_arrives_whole_through_a_narrow_device) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::mutex mutex;
  std::string fifo, got;
  std::atomic<u64> refused{0};
  Console console({.input = ends[0], .deliver = [&](std::span<const u8> bytes) {
                     const std::lock_guard lock(mutex);
                     const std::size_t count = std::min<std::size_t>(bytes.size(), 3 - fifo.size());
                     fifo.append(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
                     if (count < bytes.size()) ++refused;
                     return count;
                   }});
  console.start_input();
  std::string sent;
  for (int i = 0; i < 3'000; ++i) sent.push_back(static_cast<char>(i * 31));
  ASSERT_EQ(write(ends[1], sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
  tests::Restless restless(5);
  EXPECT_TRUE(tests::eventually([&] {
    for (int i = 0; i < 50; ++i) {
      bool freed = false;
      {
        const std::lock_guard lock(mutex);
        if (!fifo.empty()) {
          freed = fifo.size() == 3;
          got.push_back(fifo.front());
          fifo.erase(0, 1);
        }
      }
      if (freed) console.room_freed();
      restless.maybe_yield();
    }
    return got.size() == sent.size();
  }));
  EXPECT_EQ(got, sent);
  EXPECT_GT(refused, 0u) << "the test must have met a full device";
  close(ends[1]);
}

TEST(devices_console, ends_while_input_waits_for_room_or_for_bytes) {
  for (const bool full : {false, true}) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    std::atomic<bool> offered{false};
    std::atomic<int> started{0}, ending{0};
    {
      Console console({.input = ends[0],
                       .deliver =
                           [&](std::span<const u8>) {
                             offered = true;
                             return std::size_t{0};
                           },
                       .input_started = [&] { ++started; },
                       .input_ending = [&] { ++ending; }});
      console.start_input();
      if (full) {
        ASSERT_EQ(write(ends[1], "x", 1), 1);
        EXPECT_TRUE(tests::eventually([&] { return offered.load(); }));
      }
    }
    EXPECT_EQ(started, 1);
    EXPECT_EQ(ending, 1);
    close(ends[0]);
    close(ends[1]);
  }
}

TEST(devices_console, end_of_input_is_harmless) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "abc", 3), 3);
  close(ends[1]);
  std::string got;
  std::atomic<bool> ended{false};
  Console console({.input = ends[0],
                   .deliver =
                       [&](std::span<const u8> bytes) {
                         got.append(bytes.begin(), bytes.end());
                         return bytes.size();
                       },
                   .input_ending = [&] { ended = true; }});
  console.start_input();
  EXPECT_TRUE(tests::eventually([&] { return ended.load(); }));
  EXPECT_EQ(got, "abc");
  close(ends[0]);
}

TEST(devices_console, the_escape_key_filters_input) {
  struct Case {
    std::string typed, seen;
    EscapeKey::Action last;
  };
  using Action = EscapeKey::Action;
  for (const Case& c : {Case{"plain", "plain", Action::none},
                        Case{"a\x01\x01"
                             "b",
                             "a\x01"
                             "b",
                             Action::none},
                        Case{"a\x01x", "a", Action::quit}, Case{"\x01h", "", Action::help}, Case{"\x01zq", "q", Action::none},
                        Case{"a\x01", "a", Action::none}}) {
    EscapeKey key;
    std::vector<u8> seen;
    Action last = Action::none;
    for (const char byte : c.typed) last = key.filter(static_cast<u8>(byte), seen);
    EXPECT_EQ(std::string(seen.begin(), seen.end()), c.seen);
    EXPECT_EQ(last, c.last);
  }
}

TEST(devices_console, ctrl_a_x_quits_and_ctrl_a_h_helps) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::string got;
  std::mutex mutex;
  std::string shown;
  std::atomic<bool> quit{false};
  {
    Console console({.capture =
                         [&](std::span<const u8> bytes) {
                           const std::lock_guard lock(mutex);
                           shown.append(bytes.begin(), bytes.end());
                         },
                     .input = ends[0],
                     .escape_key = true,
                     .deliver =
                         [&](std::span<const u8> bytes) {
                           got.append(bytes.begin(), bytes.end());
                           return bytes.size();
                         },
                     .quit = [&] { quit = true; }});
    console.start_input();
    ASSERT_EQ(write(ends[1], "ok\x01h", 4), 4);
    EXPECT_TRUE(tests::eventually([&] {
      const std::lock_guard lock(mutex);
      return shown.find("Ctrl-A x") != std::string::npos;
    }));
    ASSERT_EQ(write(ends[1], "\x01x", 2), 2);
    EXPECT_TRUE(tests::eventually([&] { return quit.load(); }));
  }
  EXPECT_EQ(got, "ok");
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
