// SPDX-License-Identifier: Apache-2.0
// Measured phases and their RESULT lines. Print one only after the answer was checked.
#ifndef GUEST_RESULT_H
#define GUEST_RESULT_H

#include "csr.h"
#include "hart.h"

typedef struct {
  uint64_t ticks;    // of the 10 MHz time CSR
  uint64_t instret;  // instructions of this hart
} Measurement;

static inline Measurement measure_begin(void) {
  Measurement start = {read_time(), read_instret()};
  return start;
}

static inline Measurement measure_end(Measurement start) {
  uint64_t instret = read_instret();
  Measurement span = {read_time() - start.ticks, instret - start.instret};
  return span;
}

// RESULT name=... hart=... checksum=... operations=... ticks=... instret=... [more]; `more` may be empty.
void result_print(const char* name, const Hart* self, uint64_t checksum, uint64_t operations, Measurement span, const char* more, ...)
    __attribute__((format(printf, 6, 7)));

#endif
