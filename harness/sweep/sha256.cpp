// SPDX-License-Identifier: Apache-2.0
#include "harness/sweep/sha256.hpp"

#include <fmt/core.h>

#include <array>
#include <bit>
#include <cstdint>
#include <fstream>
#include <sstream>

namespace harness {
namespace {

// The first 32 bits of the fractional parts of the cube roots (constants) or square roots (initial state) of the first primes, found by
// exact integer search: the 32-bit fraction f of the root of p is the greatest with (floor * 2^32 + f)^k <= p * 2^(32 k).
constexpr auto primes = [] {
  std::array<unsigned, 64> list{};
  std::size_t found = 0;
  for (unsigned n = 2; found < list.size(); ++n) {
    bool prime = true;
    for (std::size_t i = 0; i < found && list[i] * list[i] <= n; ++i) prime = prime && n % list[i] != 0;
    if (prime) list[found++] = n;
  }
  return list;
}();

// Whether root^3 <= p * 2^96, in 192 bits.
constexpr bool cube_within(std::uint64_t root, unsigned p) {
  const unsigned __int128 square = static_cast<unsigned __int128>(root) * root;
  const unsigned __int128 low = (square & 0xffff'ffff'ffff'ffff) * root;
  const unsigned __int128 high = (square >> 64) * root + (low >> 64);       // the cube is high * 2^64 + low's low half
  const unsigned __int128 limit = static_cast<unsigned __int128>(p) << 32;  // p * 2^96 is limit * 2^64
  return high < limit || (high == limit && static_cast<std::uint64_t>(low) == 0);
}

constexpr bool square_within(std::uint64_t root, unsigned p) {
  return static_cast<unsigned __int128>(root) * root <= static_cast<unsigned __int128>(p) << 64;
}

template <class Within>
constexpr std::uint32_t root_fraction(unsigned p, Within within) {
  std::uint64_t root = 0;
  for (unsigned bit = 38; bit-- > 0;) {
    const std::uint64_t larger = root | std::uint64_t{1} << bit;
    if (within(larger, p)) root = larger;
  }
  return static_cast<std::uint32_t>(root);
}

constexpr auto round_constants = [] {
  std::array<std::uint32_t, 64> values{};
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = root_fraction(primes[i], cube_within);
  return values;
}();

class Sha256 {
 public:
  Sha256() {
    for (std::size_t i = 0; i < state_.size(); ++i) state_[i] = root_fraction(primes[i], square_within);
  }

  void add(std::string_view bytes) {
    length_ += bytes.size();
    for (const char byte : bytes) {
      chunk_[filled_++] = static_cast<unsigned char>(byte);
      if (filled_ == chunk_.size()) compress();
    }
  }

  std::string finish() {
    const std::uint64_t bits = length_ * 8;
    add(std::string_view("\x80", 1));
    while (filled_ != 56) add(std::string_view("\0", 1));
    for (int shift = 56; shift >= 0; shift -= 8) chunk_[filled_++] = static_cast<unsigned char>(bits >> shift);
    compress();
    std::string text;
    for (const std::uint32_t part : state_) text += fmt::format("{:08x}", part);
    return text;
  }

 private:
  void compress() {
    std::array<std::uint32_t, 64> w{};
    for (std::size_t i = 0; i < 16; ++i) {
      w[i] = std::uint32_t{chunk_[4 * i]} << 24 | std::uint32_t{chunk_[4 * i + 1]} << 16 | std::uint32_t{chunk_[4 * i + 2]} << 8 |
             chunk_[4 * i + 3];
    }
    for (std::size_t i = 16; i < 64; ++i) {
      const std::uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ (w[i - 15] >> 3);
      const std::uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ (w[i - 2] >> 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::uint32_t t1 =
          h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
      const std::uint32_t t2 = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<std::uint32_t, 8> change = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < state_.size(); ++i) state_[i] += change[i];
    filled_ = 0;
  }

  std::array<std::uint32_t, 8> state_{};
  std::array<unsigned char, 64> chunk_{};
  std::size_t filled_ = 0;
  std::uint64_t length_ = 0;
};

}  // namespace

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

vm::Result<std::string> sha256_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  if (!file || !(contents << file.rdbuf())) return vm::Error{path + " cannot be read"};
  return sha256(contents.str());
}

}  // namespace harness
