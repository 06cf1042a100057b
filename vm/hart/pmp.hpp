// SPDX-License-Identifier: Apache-2.0
// Physical memory protection: 16 regions, granularity 4 bytes.
// Protocol:  the lowest-numbered region that overlaps the access decides; if it does not contain the whole access, the access fails.
//            Machine mode is bound by locked regions only, and may do what no region matches; the other modes may not.
// Threads:   the hart's own. Progress: wait-free, at most 16 comparisons; OpenSBI leaves two regions on.
// Source:    RISC-V Privileged 1.12, section 3.7.
#pragma once
#include "vm/hart/hart.hpp"

namespace vm {

// May `privilege` make this access of `length` bytes (at least 1)?
bool pmp_allows(const Hart& hart, u64 physical, u64 length, Access access, Privilege privilege);
// Has every access inside the page the same answer? If not, a micro-TLB must not hold the page. (It may say no too often, never yes.)
bool pmp_page_uniform(const Hart& hart, Ppn page, Access access, Privilege privilege);

// pmpcfg and pmpaddr. `index` is of the register: pmpcfg0 and pmpcfg2 exist. Locked fields keep what they hold.
u64 pmp_config_read(const Hart& hart, unsigned index);
void pmp_config_write(Hart& hart, unsigned index, u64 value);
void pmp_address_write(Hart& hart, unsigned index, u64 value);

}  // namespace vm
