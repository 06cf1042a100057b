// SPDX-License-Identifier: Apache-2.0
// Bytes through pipes between processes: single words back and forth, a long stream with a checksum, and records of many
// writers, which a pipe must not mix.
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checks.h"
#include "crew.h"
#include "pattern.h"

enum { PINGS = 250, STREAM_BYTES = 256 << 10, CHUNK = 32 << 10, RECORD_WORDS = 64, RECORDS = 100, WRITERS_MOST = 64 };

static bool read_all(int from, void* buffer, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    ssize_t got = read(from, (char*)buffer + done, bytes - done);
    if (!expect(got > 0, "read of a pipe gave %zd: %m", got)) return false;
    done += got;
  }
  return true;
}

static bool write_all(int to, const void* buffer, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    ssize_t put = write(to, (const char*)buffer + done, bytes - done);
    if (!expect(put > 0, "write to a pipe gave %zd: %m", put)) return false;
    done += put;
  }
  return true;
}

static void end_well(unsigned children, const char* what) {
  for (; children; children--) {
    int status = -1;
    expect(wait(&status) > 0 && status == 0, "a child of %s: wait status %x", what, status);
  }
}

static void ping_pong(const Load* load) {
  int there[2], back[2];
  if (!expect(pipe(there) == 0 && pipe(back) == 0, "pipe: %m")) return;
  unsigned long total = (unsigned long)PINGS * load->rounds;
  if (fork() == 0) {
    pin_to_cpu(1);
    uint64_t word;
    for (unsigned long i = 0; i < total; i++) {
      if (!read_all(there[0], &word, sizeof word)) _exit(1);
      word = pattern_word(word, i);
      if (!write_all(back[1], &word, sizeof word)) _exit(1);
    }
    _exit(0);
  }
  for (unsigned long i = 0; i < total; i++) {
    uint64_t word = i * i, answer = 0;
    if (!write_all(there[1], &word, sizeof word) || !read_all(back[0], &answer, sizeof answer)) break;
    expect(answer == pattern_word(word, i), "ping %lu: %lx came back", i, answer);
  }
  end_well(1, "ping-pong");
  for (unsigned k = 0; k < 2; k++) close(there[k]), close(back[k]);
}

static void stream(const Load* load) {
  static uint64_t chunk[CHUNK / 8];
  int ends[2];
  if (!expect(pipe(ends) == 0, "pipe: %m")) return;
  unsigned long chunks = (unsigned long)STREAM_BYTES / CHUNK * load->rounds;
  if (fork() == 0) {
    pin_to_cpu(1);
    close(ends[0]);
    for (unsigned long i = 0; i < chunks; i++) {
      pattern_fill(chunk, CHUNK, 17, i * (CHUNK / 8));
      if (!write_all(ends[1], chunk, CHUNK)) _exit(1);
    }
    _exit(0);
  }
  close(ends[1]);
  uint64_t sum = CHECKSUM_START, wanted = CHECKSUM_START;
  for (unsigned long i = 0; i < chunks && read_all(ends[0], chunk, CHUNK); i++) {
    sum = checksum_words(sum, chunk, CHUNK);
    pattern_fill(chunk, CHUNK, 17, i * (CHUNK / 8));
    wanted = checksum_words(wanted, chunk, CHUNK);
  }
  expect(sum == wanted, "stream: checksum %lx instead of %lx", sum, wanted);
  expect(read(ends[0], chunk, 1) == 0, "stream: no end of file");
  close(ends[0]);
  end_well(1, "stream");
}

// A write of up to PIPE_BUF bytes is one piece. Source: pipe(7).
static void records(const Load* load) {
  int ends[2];
  if (!expect(pipe(ends) == 0, "pipe: %m")) return;
  unsigned each = RECORDS * load->rounds / load->crew + 1;
  for (unsigned writer = 0; writer < load->crew; writer++) {
    if (fork() != 0) continue;
    pin_to_cpu(writer);
    for (unsigned i = 0; i < each; i++) {
      uint64_t record[RECORD_WORDS] = {writer, i};
      pattern_fill(record + 2, sizeof record - 16, writer, i);
      if (write(ends[1], record, sizeof record) != sizeof record) _exit(1);
    }
    _exit(0);
  }
  close(ends[1]);
  uint64_t record[RECORD_WORDS], next[WRITERS_MOST] = {0};
  for (unsigned long left = (unsigned long)each * load->crew; left && read_all(ends[0], record, sizeof record); left--) {
    if (!expect(record[0] < load->crew && record[1] == next[record[0]], "a record says writer %lu, number %lu", record[0], record[1]))
      break;
    next[record[0]]++;
    expect(pattern_differs(record + 2, sizeof record - 16, record[0], record[1]) < 0, "a record was mixed with another");
  }
  close(ends[0]);
  end_well(load->crew, "records");
}

void check_pipes(const Load* load) {
  ping_pong(load);
  stream(load);
  records(load);
  check_detail("%u round trips, %u KiB streamed, %u records of %u writers", PINGS * load->rounds, (STREAM_BYTES >> 10) * load->rounds,
               (RECORDS * load->rounds / load->crew + 1) * load->crew, load->crew);
}
