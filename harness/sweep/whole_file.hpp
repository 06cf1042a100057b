// SPDX-License-Identifier: Apache-2.0
// Files that appear whole or not at all.
#pragma once
#include <string>

#include "vm/error.hpp"

namespace harness {

// Writes beside `path`, flushes to the disk, and renames. On an error what was at `path` stays.
vm::Result<void> write_whole_file(const std::string& path, const std::string& text);
vm::Result<std::string> read_whole_file(const std::string& path);

}  // namespace harness
