// SPDX-License-Identifier: Apache-2.0
// Operation streams: deterministic for (seed, thread), made before the time counts, and equal for every variant.
// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014; Zipf by inverting the cumulative distribution.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace harness {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  std::uint64_t below(std::uint64_t bound) { return static_cast<std::uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64); }

 private:
  std::uint64_t state_;
};

// Keys 0 .. count-1, key k with weight 1 / (k + 1)^exponent, scattered over the range so that hot keys are not neighbours.
class Zipf {
 public:
  Zipf(std::uint32_t count, double exponent) : cumulative_(count), scatter_(count) {
    double sum = 0;
    for (std::uint32_t k = 0; k < count; ++k) cumulative_[k] = sum += 1 / std::pow(k + 1, exponent);
    for (double& c : cumulative_) c /= sum;
    Random random(7);
    for (std::uint32_t k = 0; k < count; ++k) scatter_[k] = k;
    for (std::uint32_t k = count; k > 1; --k) std::swap(scatter_[k - 1], scatter_[random.below(k)]);
  }
  std::uint32_t draw(Random& random) const {
    const auto at = std::lower_bound(cumulative_.begin(), cumulative_.end(), random.unit());
    return scatter_[std::min<std::size_t>(static_cast<std::size_t>(at - cumulative_.begin()), scatter_.size() - 1)];
  }

 private:
  std::vector<double> cumulative_;
  std::vector<std::uint32_t> scatter_;
};

struct Operation {
  std::uint32_t key;
  std::uint32_t choice;  // 0 .. 9999: what to do, by the workload's shares in ten-thousandths
};

inline constexpr std::size_t stream_length = 1 << 16;  // a stream is used again from its start when it ends

inline std::vector<Operation> make_stream(std::uint64_t seed, unsigned thread, std::uint32_t keys, double exponent) {
  const Zipf zipf(keys, exponent);
  Random random(seed * 1000003 + thread);
  std::vector<Operation> stream(stream_length);
  for (Operation& operation : stream) {
    const std::uint32_t key = zipf.draw(random);
    operation = {key, static_cast<std::uint32_t>(random.below(10000))};
  }
  return stream;
}

// What every variant must agree on: the streams themselves.
inline std::uint64_t digest_of(const std::vector<Operation>& stream, std::uint64_t digest) {
  for (const Operation& operation : stream) {
    digest = (digest ^ operation.key) * 0x100'0000'01b3;
    digest = (digest ^ operation.choice) * 0x100'0000'01b3;
  }
  return digest;
}

}  // namespace harness
