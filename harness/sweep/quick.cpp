// SPDX-License-Identifier: Apache-2.0
// The built-in sweep: under four minutes for four variants on two cores, no Linux kernel needed.
#include "harness/sweep/spec.hpp"

namespace harness {

const std::string& quick_sweep() {
  static const std::string text =
      R"(# The built-in sweep. Exploratory grids show where variants differ; the comparisons were declared before anything ran.
name = "quick"
seed = 1
base = "baseline"
variants = ["*"]          # every variant that is built
retries = 1               # a tainted block is run again once ...
rerun_share = 0.1         # ... and at most a tenth of all blocks are
timeout = 180             # seconds for a cell; on an idle machine the slowest takes about three

[[grid]]
workloads = ["tlb.read_mostly", "tlb.shootdown", "gc.find", "gc.churn", "registers.poll", "registers.claim_complete"]
threads = [1, 2, 4]
mode = ["throughput", "latency"]
seconds = 0.05
blocks = 2

[[grid]]
workloads = ["guest.page_walk", "guest.remote_fence", "guest.self_modifying", "guest.interrupts"]
threads = [1, 2, 4]
micro_tlb = [0, 16, 256]
blocks = 1

[[grid]]
workloads = ["guest.compute"]
threads = [1, 2, 4]
micro_tlb = [16, 256]
blocks = 1

[[grid]]
workloads = ["guest.compute"]
threads = [1, 2, 4]
micro_tlb = [0]           # every access goes to the layer: less work takes as long
append = "iterations=20"
blocks = 1

[[comparison]]
workload = "tlb.read_mostly"
variant = "rcu"
if_built = true
threads = 2
seconds = 0.1
blocks = 12

[[comparison]]
workload = "gc.churn"
variant = "rcu"
if_built = true
threads = 2
seconds = 0.1
blocks = 12

[[comparison]]
workload = "registers.claim_complete"
variant = "parking"
if_built = true
threads = 2
seconds = 0.1
blocks = 12

[[comparison]]
workload = "guest.remote_fence"
variant = "private"
if_built = true
threads = 2
micro_tlb = 16
blocks = 12
)";
  return text;
}

}  // namespace harness
