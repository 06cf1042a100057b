// SPDX-License-Identifier: Apache-2.0
#include "harness/measure/histogram.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace harness {

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < buckets; ++i) counts_[i] += other.counts_[i];
  total_ += other.total_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

std::uint64_t Histogram::percentile(double fraction) const {
  if (total_ == 0) return 0;
  const auto wanted = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(total_))));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted) return std::min(upper(i), max_);
  }
  return max_;
}

std::uint64_t Histogram::samples_above(double fraction) const {
  const auto below = static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(total_)));
  return total_ > below ? total_ - below : 0;
}

std::string Histogram::serialize() const {
  std::string text;
  for (std::size_t i = 0; i < buckets; ++i) {
    if (counts_[i] == 0) continue;
    if (!text.empty()) text += ' ';
    text += std::to_string(i) + ':' + std::to_string(counts_[i]);
  }
  return text;
}

vm::Result<Histogram> Histogram::parse(const std::string& text, std::uint64_t min, std::uint64_t max) {
  Histogram histogram;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    std::size_t bucket = 0;
    std::uint64_t count = 0;
    auto result = std::from_chars(at, end, bucket);
    if (result.ec != std::errc{} || result.ptr == end || *result.ptr != ':' || bucket >= buckets) return vm::Error{"a damaged histogram"};
    result = std::from_chars(result.ptr + 1, end, count);
    if (result.ec != std::errc{} || (result.ptr != end && *result.ptr != ' ')) return vm::Error{"a damaged histogram"};
    histogram.counts_[bucket] += count;
    histogram.total_ += count;
    at = result.ptr == end ? end : result.ptr + 1;
    if (result.ptr != end && at == end) return vm::Error{"a damaged histogram"};  // a space with nothing behind it
  }
  histogram.min_ = min;
  histogram.max_ = max;
  return histogram;
}

}  // namespace harness
