// SPDX-License-Identifier: Apache-2.0
#include "harness/tables/statistics.hpp"

#include <algorithm>
#include <cmath>

#include "harness/workloads/stream.hpp"

namespace harness {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double least(const std::vector<double>& values) { return *std::min_element(values.begin(), values.end()); }
double greatest(const std::vector<double>& values) { return *std::max_element(values.begin(), values.end()); }

double geometric_mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += std::log(value);
  return std::exp(sum / static_cast<double>(values.size()));
}

Interval bootstrap_interval(const std::vector<double>& values, std::uint64_t seed) {
  constexpr std::size_t samples = 10'000;
  std::vector<double> logs(values.size());
  std::transform(values.begin(), values.end(), logs.begin(), [](double value) { return std::log(value); });
  Random random(seed);
  std::vector<double> means(samples);
  for (double& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < logs.size(); ++i) sum += logs[random.below(logs.size())];
    mean = sum / static_cast<double>(logs.size());
  }
  std::sort(means.begin(), means.end());
  return {std::exp(means[samples / 40]), std::exp(means[samples - 1 - samples / 40])};
}

}  // namespace harness
