// SPDX-License-Identifier: Apache-2.0
// What disturbs a measurement, as far as this machine lets it be seen.
#pragma once
#include <cstdint>
#include <vector>

namespace harness {

// Nanoseconds that a fixed chain of dependent multiplications takes on this processor: the least of several turns. About 2 ms.
double calibration_spin();

// Processor time that the hypervisor gave to others, of all processors, in seconds since boot; below 0: unavailable.
double steal_seconds();

// One processing unit of each core, then the second ones, as hwloc finds them among those this process may use.
std::vector<unsigned> processors_in_order();
// How many of them are cores. A cell with more threads is oversubscribed.
unsigned core_count();

}  // namespace harness
