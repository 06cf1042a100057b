// SPDX-License-Identifier: Apache-2.0
// A log-linear histogram of durations: three significant digits, fixed memory, no allocation when recording.
//
// Values below 2048 have a bucket each; above, each octave is split into 1024 buckets, so a bucket is at most 1/1024 of its values wide.
// Values of 2^41 and more are counted in the last bucket and in `clipped`.
// Threads: one writer; merge when the writers have stopped. Progress: record is wait-free.
// Source: Tene, HdrHistogram (the bucket layout as its documentation describes it).
#pragma once
#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "vm/error.hpp"

namespace harness {

class Histogram {
 public:
  Histogram() : counts_(buckets, 0) {}

  void record(std::uint64_t value) {
    ++counts_[index(value)];
    ++total_;
    if (value > max_) max_ = value;
    if (value < min_) min_ = value;
  }
  void merge(const Histogram& other);

  std::uint64_t count() const { return total_; }
  std::uint64_t min() const { return total_ == 0 ? 0 : min_; }
  std::uint64_t max() const { return max_; }
  // The smallest recorded value (as the upper end of its bucket, at most max()) that at least `fraction` of the samples do not exceed.
  std::uint64_t percentile(double fraction) const;
  // How many samples lie above the percentile: below ten it is not worth printing.
  std::uint64_t samples_above(double fraction) const;

  // "index:count index:count ..." of the buckets that are not empty, for the journal.
  std::string serialize() const;
  static vm::Result<Histogram> parse(const std::string& text, std::uint64_t min, std::uint64_t max);

  static constexpr unsigned sub_bits = 11;
  static constexpr std::uint64_t direct = std::uint64_t{1} << sub_bits;  // values with a bucket each
  static constexpr std::uint64_t half = direct / 2;
  static constexpr unsigned top_bit = 41;
  static constexpr std::size_t buckets = direct + (top_bit - sub_bits) * half;

  static std::size_t index(std::uint64_t value) {
    if (value < direct) return value;
    if (value >> top_bit != 0) return buckets - 1;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - sub_bits;
    return direct + (shift - 1) * half + ((value >> shift) - half);
  }
  // The greatest value of a bucket.
  static std::uint64_t upper(std::size_t bucket) {
    if (bucket < direct) return bucket;
    const unsigned shift = static_cast<unsigned>((bucket - direct) / half) + 1;
    const std::uint64_t sub = (bucket - direct) % half + half;
    return ((sub + 1) << shift) - 1;
  }

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t total_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
};

}  // namespace harness
