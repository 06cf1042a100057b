// SPDX-License-Identifier: Apache-2.0
#include "harness/workloads/guest_cell.hpp"

namespace harness {

const std::vector<GuestWorkload>& guest_workloads() {
  static const std::vector<GuestWorkload> list = {
      {"guest.page_walk", "guest_page_walk.elf", "iterations=60", "four address spaces with TLB pressure on every hart"},
      {"guest.remote_fence", "guest_remote_fence.elf", "iterations=1500", "harts remap pages and fence each other by interrupts"},
      {"guest.self_modifying", "guest_self_modifying.elf", "iterations=15000", "every hart modifies code, fences, and calls it"},
      {"guest.interrupts", "guest_interrupts.elf", "iterations=150", "software, timer and UART interrupts, claimed exactly once"},
      {"guest.compute", "guest_compute.elf", "iterations=150", "control: private computation, in which no variant should differ"},
  };
  return list;
}

}  // namespace harness
