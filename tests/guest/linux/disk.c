// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int disk_open(bool direct) {
  int file = open(DISK, O_RDONLY | O_CLOEXEC | (direct ? O_DIRECT : 0));
  if (file >= 0) return file;
  if (errno == ENOENT || errno == ENXIO)
    check_skipped("no %s", DISK);
  else
    check_failed("open of %s: %m", DISK);
  return -1;
}

void disk_forget_cache(void) {
  sync();
  int file = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
  expect(file >= 0 && write(file, "3", 1) == 1, "drop_caches: %m");
  if (file >= 0) close(file);
}
