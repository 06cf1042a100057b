// SPDX-License-Identifier: Apache-2.0
// How a latency prints: a figure that the timer cannot show, or that too few samples support, is not printed as a number.
#pragma once
#include <cstdint>
#include <string>

#include "harness/measure/histogram.hpp"

namespace harness {

// Nanoseconds below which the timer shows nothing: twice its median cost, rounded up.
std::uint64_t timer_floor(double timer_cost);
// "123", "< 21" below the floor, "-" with fewer than ten samples above.
std::string percentile_text(const Histogram& histogram, double fraction, double timer_cost);
std::string greatest_text(const Histogram& histogram, double timer_cost);

}  // namespace harness
