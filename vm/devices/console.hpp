// SPDX-License-Identifier: Apache-2.0
// The machine's console on the host: guest output to a file descriptor or a callback, host input to a device.
//
// Output. put() only appends to a buffer, so a device's Sink may call it; a thread of the console's own writes it out, in order, and
// nothing is lost. The buffer has no bound of its own: a vCPU calls wait_for_room() before its next device access, outside any layer,
// and sleeps there while more than `high_water` bytes wait.
// Input. A thread reads, looks for the escape key (Ctrl-A, then x leaves, h helps, Ctrl-A sends one), and offers the rest to `deliver`
// until it is taken; room_freed() says that the device takes bytes again.
//
// Progress: put holds a mutex for an append; room_freed is wait-free but for a futex call when the reader waits.
// Proof:    tests/unit/devices/console.cpp
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "vm/devices/escape_key.hpp"
#include "vm/devices/terminal.hpp"
#include "vm/platform/native.hpp"

namespace vm::devices {

struct ConsoleConfig {
  int output = -1;                                            // file descriptor; -1: none
  std::function<void(std::span<const u8>)> capture{};         // called on the console's thread with each chunk, in order
  int input = -1;                                             // file descriptor; -1: none
  bool escape_key = false;                                    // look for Ctrl-A in the input
  bool raw = false;                                           // put a terminal into raw mode while the console lives
  std::function<std::size_t(std::span<const u8>)> deliver{};  // on the input thread; returns how many bytes the device took
  std::function<void()> quit{};                               // on the input thread: the user asked to leave
  std::function<void()> input_started{};                      // first call on the input thread: attach it to the layers
  std::function<void()> input_ending{};                       // last call on it
  std::size_t high_water = 1 << 16;                           // bytes
};

class Console {
 public:
  explicit Console(ConsoleConfig config);
  // Writes out what waits, and ends both threads.
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Starts the input thread. Before it, nothing is delivered.
  void start_input();

  void put(u8 byte) { put({&byte, 1}); }
  void put(std::span<const u8> bytes);
  // Sleeps while more than high_water bytes wait to be written. One load when there is room.
  void wait_for_room() {
    if (waiting_.load(relaxed) > config_.high_water) [[unlikely]] {
      wait_until_drained();
    }
  }
  // Returns when all bytes put before the call are written out.
  void flush();
  // The device takes input again. From a Sink too.
  void room_freed() { raise_input(freed); }

 private:
  //   input_state_, bit | meaning
  //   0 freed           | the device has taken bytes since the last offer began
  //   1 ending          | the input thread is to end
  //   2 parked          | the input thread sleeps until one of the others is set
  static constexpr u32 freed = 1;
  static constexpr u32 ending = 2;
  static constexpr u32 parked = 4;

  void drain();
  void emit(std::span<const u8> bytes);
  bool write_out(std::span<const u8> bytes);
  void wait_until_drained();
  void read_input();
  bool take_input(std::span<const u8> bytes);
  bool offer(std::span<const u8> bytes);
  void raise_input(u32 bits);

  ConsoleConfig config_;
  std::optional<Terminal> terminal_;
  std::mutex mutex_;                 // guards what follows: held for an append or a swap, never across a suspension
  std::condition_variable filled_;   // the drain thread waits for bytes
  std::condition_variable drained_;  // flush and wait_until_drained wait for it
  std::vector<u8> buffer_;
  u64 put_ = 0;  // bytes since the start
  u64 written_ = 0;
  bool drain_parked_ = false;  // the drain thread wants a wake-up for the next byte
  bool urgent_ = false;        // somebody waits: no lingering
  bool ending_ = false;
  NativePlatform::atomic<u64> waiting_{0};  // put_ - written_, for wait_for_room

  NativePlatform::atomic<u32> input_state_{0};
  int wake_ = -1;  // eventfd that ends the input thread's poll
  bool output_failed_ = false;
  EscapeKey escape_;
  std::thread drain_thread_;
  std::thread input_thread_;
};

}  // namespace vm::devices
