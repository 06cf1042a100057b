// SPDX-License-Identifier: Apache-2.0
// How far a sweep is, on standard error: one line that is rewritten on a terminal, a line every few seconds elsewhere.
#pragma once
#include <chrono>
#include <string>

namespace harness {

class Progress {
 public:
  // `weight`: the whole work, in expected seconds. `cells`: how many.
  Progress(double weight, std::size_t cells);
  ~Progress() { finish(); }
  // Before a cell starts.
  void begin(const std::string& label);
  // After it.
  void advance(double weight);
  // Reruns were added.
  void extend(double weight, std::size_t cells);
  // Ends the line.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  bool terminal_;
  bool line_open_ = false;
  double weight_, done_ = 0;
  std::size_t cells_, finished_ = 0;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_line_ = Clock::now();
};

// "1:05", "2:03:09"
std::string clock_text(double seconds);

}  // namespace harness
