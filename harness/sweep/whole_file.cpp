// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/whole_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

namespace harness {

vm::Result<void> write_whole_file(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  const auto failed = [&](const char* what) { return vm::Error{path + " cannot be " + what + ": " + std::strerror(errno)}; };
  const int file = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return failed("made");
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t count = write(file, text.data() + at, text.size() - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      const vm::Error error = failed("written");
      close(file);
      unlink(part.c_str());
      return error;
    }
    at += static_cast<std::size_t>(count);
  }
  const bool flushed = fsync(file) == 0;
  if (close(file) != 0 || !flushed || std::rename(part.c_str(), path.c_str()) != 0) return failed("written");
  return {};
}

vm::Result<std::string> read_whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file) return vm::Error{path + " cannot be read: " + std::strerror(errno)};
  text << file.rdbuf();
  if (file.bad()) return vm::Error{path + " cannot be read"};
  return text.str();
}

}  // namespace harness
