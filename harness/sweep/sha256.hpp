// SPDX-License-Identifier: Apache-2.0
// SHA-256, for names of results and hashes of binaries. Source: FIPS 180-4, section 6.2.
#pragma once
#include <string>
#include <string_view>

#include "vm/error.hpp"

namespace harness {

// 64 hexadecimal digits.
std::string sha256(std::string_view bytes);
vm::Result<std::string> sha256_of_file(const std::string& path);

}  // namespace harness
