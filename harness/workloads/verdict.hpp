// SPDX-License-Identifier: Apache-2.0
// The first wrong answer that any thread of a workload saw.
#pragma once
#include <atomic>
#include <cstdio>
#include <string>

namespace harness {

class Verdict {
 public:
  bool wrong() const { return wrong_.load(std::memory_order_relaxed); }
  // Keeps the first report. Any thread.
  template <class... Args>
  void report(const char* format, Args... args) {
    if (claimed_.exchange(true)) return;
    std::snprintf(text_, sizeof text_, format, args...);
    wrong_.store(true, std::memory_order_release);
  }
  std::string text() const { return wrong_.load(std::memory_order_acquire) ? text_ : ""; }

 private:
  std::atomic<bool> claimed_{false};
  std::atomic<bool> wrong_{false};
  char text_[256] = {};
};

}  // namespace harness
