// SPDX-License-Identifier: Apache-2.0
// The hardware random number generator delivers bytes that are neither constant nor plainly lopsided.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"

enum { BYTES = 2048, BLOCK = 32, BITS = BYTES * 8, SIX_SIGMA = 384 };  // sigma of the ones among BITS fair bits: sqrt(BITS) / 2

void check_entropy(const Load* load) {
  static uint8_t bytes[BYTES];
  int file = open("/dev/hwrng", O_RDONLY);
  if (file < 0) return check_skipped("no /dev/hwrng");
  for (unsigned round = 0; round < load->rounds; round++) {
    for (size_t done = 0; done < BYTES;) {
      ssize_t got = read(file, bytes + done, BYTES - done);
      if (got < 0 && (errno == ENODEV || errno == EAGAIN)) return check_skipped("no generator behind /dev/hwrng");
      if (!expect(got > 0, "read of /dev/hwrng gave %zd: %m", got)) return;
      done += got;
    }
    unsigned ones = 0, kinds = 0;
    uint8_t seen[256] = {0};
    for (unsigned i = 0; i < BYTES; i++) {
      ones += __builtin_popcount(bytes[i]);
      kinds += !seen[bytes[i]]++;
    }
    expect(ones > BITS / 2 - SIX_SIGMA && ones < BITS / 2 + SIX_SIGMA, "%u of %u bits are ones", ones, BITS);
    expect(kinds > 240, "only %u different bytes in %u", kinds, BYTES);
    for (unsigned i = BLOCK; i < BYTES; i += BLOCK)
      expect(memcmp(bytes, bytes + i, BLOCK) != 0, "the first block came again at byte %u", i);
  }
  close(file);
  check_detail("%u bytes", BYTES * load->rounds);
}
