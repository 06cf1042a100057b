// SPDX-License-Identifier: Apache-2.0
// The block device under test.
#ifndef GUEST_LINUX_DISK_H
#define GUEST_LINUX_DISK_H

#include "check.h"

#define DISK "/dev/vda"

// Opens the disk for reading, past the page cache if `direct`. Returns -1 after reporting: skipped if there is no disk.
int disk_open(bool direct);
// Writes back and forgets cached pages, so that the next read comes from the device.
void disk_forget_cache(void);

#endif
