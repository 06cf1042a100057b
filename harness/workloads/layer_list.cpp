// SPDX-License-Identifier: Apache-2.0
#include "harness/workloads/layer_cell.hpp"

namespace harness {

const std::vector<WorkloadInfo>& layer_workloads() {
  static const std::vector<WorkloadInfo> list = {
      {"tlb.read_mostly", "tlb", "lookups over 4096 pages (Zipf 0.99), 1 % of operations change and invalidate a page"},
      {"tlb.shootdown", "tlb", "the same, 25 % of operations change and invalidate a page"},
      {"gc.find", "gc", "finds over 4096 blocks (Zipf 0.99), a safepoint every 256"},
      {"gc.churn", "gc", "finds, builds, links and page invalidations (0.5 %), collections when the heap asks for them"},
      {"registers.poll", "device_registers", "reads of one PLIC register"},
      {"registers.claim_complete", "device_registers", "raise, claim, lower, complete on one PLIC"},
      {"selftest.wrong_answer", "device_registers", "always fails its check: shows that a wrong answer stops a sweep", true},
  };
  return list;
}

}  // namespace harness
