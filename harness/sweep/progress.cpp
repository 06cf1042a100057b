// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/progress.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace harness {

std::string clock_text(double seconds) {
  const auto whole = static_cast<unsigned long>(seconds < 0 ? 0 : seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

Progress::Progress(double weight, std::size_t cells) : weight_(weight), cells_(cells) {
  const char* kind = std::getenv("TERM");
  terminal_ = isatty(STDERR_FILENO) != 0 && kind != nullptr && std::string_view(kind) != "dumb";
}

void Progress::begin(const std::string& label) {
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  // The first cells say little about the rest: until 3 % are done the expected sizes count.
  const double rate = done_ > 0.03 * weight_ ? elapsed / done_ : 1;
  const std::string line = fmt::format("[{}/{}] {} elapsed, about {} left: {}", finished_ + 1, cells_, clock_text(elapsed),
                                       clock_text((weight_ - done_) * rate), label);
  if (terminal_) {
    fmt::print(stderr, "\r\x1b[K{:.110}", line);
    line_open_ = true;
  } else if (finished_ == 0 || Clock::now() - last_line_ > std::chrono::seconds{5}) {
    fmt::print(stderr, "{}\n", line);
    last_line_ = Clock::now();
  }
  std::fflush(stderr);
}

void Progress::advance(double weight) {
  done_ += weight;
  ++finished_;
}

void Progress::extend(double weight, std::size_t cells) {
  weight_ += weight;
  cells_ += cells;
}

void Progress::finish() {
  if (line_open_) fmt::print(stderr, "\r\x1b[K");
  line_open_ = false;
}

}  // namespace harness
