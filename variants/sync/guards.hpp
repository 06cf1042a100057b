// SPDX-License-Identifier: Apache-2.0
// Scopes that hold a lock, for any type with lock and unlock, or lock_shared and unlock_shared.
#pragma once

namespace variants::sync {

template <class Lock>
class [[nodiscard]] Exclusive {
 public:
  [[gnu::always_inline]] explicit Exclusive(Lock& lock) : lock_(lock) { lock_.lock(); }
  [[gnu::always_inline]] ~Exclusive() { lock_.unlock(); }
  Exclusive(const Exclusive&) = delete;
  Exclusive& operator=(const Exclusive&) = delete;

 private:
  Lock& lock_;
};

template <class Lock>
class [[nodiscard]] Shared {
 public:
  [[gnu::always_inline]] explicit Shared(Lock& lock) : lock_(lock) { lock_.lock_shared(); }
  [[gnu::always_inline]] ~Shared() { lock_.unlock_shared(); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

 private:
  Lock& lock_;
};

}  // namespace variants::sync
