// SPDX-License-Identifier: Apache-2.0
// What tables say about a few numbers. Source: Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13 (percentile
// intervals).
#pragma once
#include <cstdint>
#include <vector>

namespace harness {

// None of them takes an empty vector.
double median(std::vector<double> values);
double least(const std::vector<double>& values);
double greatest(const std::vector<double>& values);
// Of positive values.
double geometric_mean(const std::vector<double>& values);

struct Interval {
  double low = 0, high = 0;
};
// The central 95 % of the geometric means of 10,000 samples with replacement; the same for the same seed.
Interval bootstrap_interval(const std::vector<double>& values, std::uint64_t seed);

}  // namespace harness
