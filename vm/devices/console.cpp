// SPDX-License-Identifier: Apache-2.0
// The drain thread, the input thread, and what they wait for.
#include "vm/devices/console.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "vm/platform/invariant.hpp"

namespace vm::devices {
namespace {

using P = NativePlatform;

// After a write the drain thread stays awake this long, so that a burst of bytes costs one wake-up, not one each.
constexpr std::chrono::milliseconds linger{2};
constexpr std::string_view help_text = "\r\nCtrl-A x: leave   Ctrl-A Ctrl-A: send Ctrl-A   Ctrl-A h: this help\r\n";

}  // namespace

Console::Console(ConsoleConfig config) : config_(std::move(config)) {
  if (config_.raw) terminal_.emplace(config_.input);
  drain_thread_ = std::thread([this] { drain(); });
}

Console::~Console() {
  if (input_thread_.joinable()) {
    raise_input(ending);
    const u64 one = 1;
    while (::write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
    }
    input_thread_.join();
  }
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    filled_.notify_one();
  }
  drain_thread_.join();
  if (wake_ >= 0) ::close(wake_);
}

void Console::put(std::span<const u8> bytes) {
  const std::lock_guard lock(mutex_);
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  put_ += bytes.size();
  waiting_.store(put_ - written_, relaxed);
  if (drain_parked_) {
    drain_parked_ = false;
    filled_.notify_one();
  }
}

void Console::drain() {
  std::vector<u8> taken;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (buffer_.empty() && !ending_) {
      drain_parked_ = true;
      filled_.wait(lock, [this] { return !buffer_.empty() || ending_; });
      drain_parked_ = false;
    }
    if (buffer_.empty() && ending_) return;
    taken.swap(buffer_);
    lock.unlock();
    emit(taken);
    lock.lock();
    written_ += taken.size();
    waiting_.store(put_ - written_, relaxed);
    taken.clear();
    if (buffer_.empty()) urgent_ = false;
    drained_.notify_all();
    if (!urgent_) filled_.wait_for(lock, linger, [this] { return urgent_ || ending_; });
  }
}

void Console::emit(std::span<const u8> bytes) {
  if (config_.capture) config_.capture(bytes);
  if (config_.output >= 0 && !output_failed_ && !write_out(bytes)) {
    output_failed_ = true;
    std::fprintf(stderr, "interlock: console output to file descriptor %d fails: %s; the guest's further output is dropped\n",
                 config_.output, std::strerror(errno));
  }
}

bool Console::write_out(std::span<const u8> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(config_.output, bytes.data(), bytes.size());
    if (put > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    } else if (put < 0 && errno == EAGAIN) {
      pollfd ready{config_.output, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (put == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

void Console::wait_until_drained() {
  std::unique_lock lock(mutex_);
  urgent_ = true;
  filled_.notify_one();
  drained_.wait(lock, [this] { return put_ - written_ <= config_.high_water / 2; });
}

void Console::flush() {
  std::unique_lock lock(mutex_);
  const u64 goal = put_;
  if (written_ >= goal) return;
  urgent_ = true;
  filled_.notify_one();
  drained_.wait(lock, [this, goal] { return written_ >= goal; });
}

void Console::start_input() {
  if (config_.input < 0 || input_thread_.joinable()) return;
  wake_ = eventfd(0, EFD_CLOEXEC);
  INTERLOCK_INVARIANT(wake_ >= 0, "eventfd: %s", std::strerror(errno));
  input_thread_ = std::thread([this] { read_input(); });
}

void Console::raise_input(u32 bits) {
  // room_before_offer: what freed the room (the device's transition) happens before the next offer. Pairs with offer_after_room.
  //   The layer orders its own State; without the edge a capture-mode device with plain state would be offered bytes it has no room for.
  const u32 before = input_state_.fetch_or(bits, release, "room_before_offer");
  if ((before & parked) != 0) P::unpark_one(input_state_);
}

void Console::read_input() {
  if (config_.input_started) config_.input_started();
  u8 bytes[4096];
  for (;;) {
    pollfd watched[2] = {{config_.input, POLLIN, 0}, {wake_, POLLIN, 0}};
    if (poll(watched, 2, -1) < 0) {
      if (errno == EINTR) continue;
      break;
    }
    if (watched[1].revents != 0) break;
    const ssize_t got = ::read(config_.input, bytes, sizeof bytes);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) break;  // end of input
    if (!take_input({bytes, static_cast<std::size_t>(got)})) break;
  }
  if (config_.input_ending) config_.input_ending();
}

// False: the thread is to end.
bool Console::take_input(std::span<const u8> bytes) {
  if (!config_.escape_key) return offer(bytes);
  std::vector<u8> plain;
  for (const u8 byte : bytes) {
    switch (escape_.filter(byte, plain)) {
      case EscapeKey::Action::none: break;
      case EscapeKey::Action::help: put({reinterpret_cast<const u8*>(help_text.data()), help_text.size()}); break;
      case EscapeKey::Action::quit:
        if (config_.quit) config_.quit();
        return false;
    }
  }
  return offer(plain);
}

bool Console::offer(std::span<const u8> bytes) {
  if (!config_.deliver) return true;
  while (!bytes.empty()) {
    // Room that is freed from here on shows in the bit: an offer that fails is repeated, never forgotten.
    // offer_after_room: pairs with room_before_offer.
    if ((input_state_.fetch_and(~(freed | parked), acquire, "offer_after_room") & ending) != 0) return false;
    bytes = bytes.subspan(config_.deliver(bytes));
    if (bytes.empty()) return true;
    u32 none = 0;
    if (input_state_.compare_exchange(none, parked, relaxed, relaxed)) P::park(input_state_, parked);
  }
  return true;
}

}  // namespace vm::devices
