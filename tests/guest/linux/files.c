// SPDX-License-Identifier: Apache-2.0
// An ext2 file system on the disk: the host's file is what we have, too; files of many writers come back from the device,
// after the caches were dropped and after another mount, as they were written.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checks.h"
#include "crew.h"
#include "disk.h"
#include "pattern.h"

enum { CHUNK = 4096, CHUNKS_A_ROUND = 128 };  // 512 KiB for all writers together

typedef struct {
  unsigned round;
} Shared;

static void name_of(char name[32], unsigned writer) { snprintf(name, 32, "/mnt/file-%u", writer); }
static uint64_t seed_of(unsigned writer, unsigned round) { return writer * 4096ull + round + 50000; }

static void write_one(const Member* member) {
  const Shared* shared = member->shared;
  uint64_t chunk[CHUNK / 8];
  char name[32];
  name_of(name, member->index);
  int file = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (!expect(file >= 0, "%s: %m", name)) return;
  for (unsigned long i = 0; i < crew_share(member, CHUNKS_A_ROUND); i++) {
    pattern_fill(chunk, CHUNK, seed_of(member->index, shared->round), i * (CHUNK / 8));
    ssize_t put = write(file, chunk, CHUNK);
    if (!expect(put == CHUNK, "write of %s gave %zd: %m", name, put)) break;
  }
  expect(fsync(file) == 0, "fsync: %m");
  close(file);
}

// Even members read in order, odd ones by jumps of a third.
static void read_one(const Member* member) {
  const Shared* shared = member->shared;
  uint64_t chunk[CHUNK / 8];
  char name[32];
  name_of(name, member->index);
  int file = open(name, O_RDONLY | O_CLOEXEC);
  if (!expect(file >= 0, "%s: %m", name)) return;
  unsigned long chunks = crew_share(member, CHUNKS_A_ROUND);
  struct stat status;
  expect(fstat(file, &status) == 0 && (unsigned long)status.st_size == chunks * CHUNK, "%s: size %ld", name, (long)status.st_size);
  for (unsigned long k = 0; k < chunks; k++) {
    unsigned long stride = member->index % 2 ? (chunks + 2) / 3 : 1, rows = (chunks + stride - 1) / stride;
    unsigned long i = member->index % 2 ? k / rows + k % rows * stride : k;
    if (i >= chunks) continue;
    ssize_t got = pread(file, chunk, CHUNK, i * CHUNK);
    if (!expect(got == CHUNK, "read of %s gave %zd: %m", name, got)) break;
    long offset = pattern_differs(chunk, CHUNK, seed_of(member->index, shared->round), i * (CHUNK / 8));
    if (!expect(offset < 0, "%s differs at byte %lu", name, i * CHUNK + offset)) break;
  }
  close(file);
}

static bool mount_disk(unsigned long flags) { return expect(mount(DISK, "/mnt", "ext2", flags, NULL) == 0, "mount of %s: %m", DISK); }

// The host put a copy of this program on the disk. Returns its size in bytes, 0 if it is not there.
static unsigned long compare_reference(void) {
  static char ours[CHUNK], theirs[CHUNK];
  int own = open("/init", O_RDONLY | O_CLOEXEC), reference = open("/mnt/reference", O_RDONLY | O_CLOEXEC);
  unsigned long bytes = 0;
  for (ssize_t got; reference >= 0 && (got = read(own, ours, CHUNK)) > 0; bytes += got) {
    ssize_t there = read(reference, theirs, CHUNK);
    if (!expect(there == got && memcmp(ours, theirs, got) == 0, "/mnt/reference differs from /init after byte %lu", bytes)) break;
  }
  if (own >= 0) close(own);
  if (reference >= 0) close(reference);
  return bytes;
}

void check_files(const Load* load) {
  int disk = disk_open(false);
  if (disk < 0) return;
  int read_only = 0;
  ioctl(disk, BLKROGET, &read_only);
  close(disk);
  if (read_only) return check_skipped("%s is read-only", DISK);
  Shared shared = {0};
  unsigned long reference = 0;
  for (shared.round = 0; shared.round < load->rounds && !check_has_failed(); shared.round++) {
    if (!mount_disk(0)) return;
    reference = compare_reference();
    crew_run(load, write_one, &shared);
    disk_forget_cache();
    crew_run(load, read_one, &shared);
    expect(umount("/mnt") == 0, "umount: %m");
    if (!mount_disk(MS_RDONLY)) return;
    crew_run(load, read_one, &shared);
    expect(umount("/mnt") == 0, "umount: %m");
  }
  if (!mount_disk(0)) return;
  for (unsigned writer = 0; writer < load->crew; writer++) {
    char name[32];
    name_of(name, writer);
    expect(unlink(name) == 0, "unlink of %s: %m", name);
  }
  expect(umount("/mnt") == 0, "umount: %m");
  check_detail("%u KiB written by %u writers and read twice; %lu bytes of the host's compared", load->rounds * CHUNKS_A_ROUND * 4,
               load->crew, reference);
}
