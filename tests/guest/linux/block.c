// SPDX-License-Identifier: Apache-2.0
// The disk without a file system: what many readers at random places get, past the cache, is what one reader in order got.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checks.h"
#include "crew.h"
#include "disk.h"
#include "pattern.h"

enum { BLOCK = 4096, SECTOR = 512, CHUNK = 128 << 10, READS = 100, BYTES_A_ROUND = 2 << 20, BYTES_MOST = 16 << 20 };

typedef struct {
  const char* contents;
  uint64_t bytes;
  int direct;
} Shared;

static void* pages(size_t bytes) {
  void* at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (expect(at != MAP_FAILED, "mmap of %zu bytes: %m", bytes)) return at;
  _exit(1);
}

static void read_in_order(int file, char* to, uint64_t bytes) {
  for (uint64_t done = 0; done < bytes;) {
    size_t wanted = bytes - done < CHUNK ? bytes - done : CHUNK;
    ssize_t got = pread(file, to + done, wanted, done);
    if (!expect(got > 0, "read at %lu gave %zd: %m", done, got)) return;
    done += got;
  }
}

// Sizes from one sector to eight pages, at any sector.
static void read_anywhere(const Member* member) {
  const Shared* shared = member->shared;
  char* buffer = pages(8 * BLOCK);
  for (unsigned long i = crew_share(member, (unsigned long)READS * member->load->rounds); i; i--) {
    uint64_t random = pattern_word(900 + member->index, i);
    size_t size = (1 + random % (8 * BLOCK / SECTOR)) * SECTOR;
    uint64_t at = (random >> 20) % ((shared->bytes - size) / SECTOR + 1) * SECTOR;
    ssize_t got = pread(shared->direct, buffer, size, at);
    if (!expect(got == (ssize_t)size, "direct read of %zu bytes at %lu gave %zd: %m", size, at, got)) break;
    if (!expect(memcmp(buffer, shared->contents + at, size) == 0, "direct read of %zu bytes at %lu: other contents", size, at)) break;
  }
  munmap(buffer, 8 * BLOCK);
}

void check_block(const Load* load) {
  int file = disk_open(false);
  if (file < 0) return;
  uint64_t bytes = 0;
  expect(ioctl(file, BLKGETSIZE64, &bytes) == 0, "size of the disk: %m");
  uint64_t wanted = (uint64_t)BYTES_A_ROUND * load->rounds < BYTES_MOST ? (uint64_t)BYTES_A_ROUND * load->rounds : BYTES_MOST;
  if (bytes > wanted) bytes = wanted;
  if (!expect(bytes >= 16 * BLOCK, "the disk has %lu bytes only", bytes)) return;
  char* contents = pages(bytes);
  ioctl(file, BLKFLSBUF, 0);
  read_in_order(file, contents, bytes);
  uint64_t sum = checksum_words(CHECKSUM_START, contents, bytes & ~7ull);
  close(file);

  Shared shared = {contents, bytes, disk_open(true)};
  if (shared.direct < 0) return;
  crew_run(load, read_anywhere, &shared);
  read_in_order(shared.direct, contents, bytes);
  expect(checksum_words(CHECKSUM_START, contents, bytes & ~7ull) == sum, "a second, direct reading in order gave other contents");
  close(shared.direct);
  munmap(contents, bytes);
  check_detail("%lu KiB in order twice, %u direct reads at random places; checksum %016lx", bytes >> 10, READS * load->rounds, sum);
}
