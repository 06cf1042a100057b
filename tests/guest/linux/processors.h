// SPDX-License-Identifier: Apache-2.0
// Processors by number, as the kernel's /sys/devices/system/cpu shows them.
#ifndef GUEST_LINUX_PROCESSORS_H
#define GUEST_LINUX_PROCESSORS_H

#include <stdbool.h>

// Starts those that the kernel knows but could not start, and says so on the console. scripts/guests.sh says why there
// may be one.
void processors_start_missing(void);

// Takes the processor away, or brings it back. Returns false, with errno set, if the kernel refuses.
bool processor_set_online(unsigned cpu, bool online);

#endif
