// SPDX-License-Identifier: Apache-2.0
// The one place that knows the form of a RESULT line.
#include "result.h"

#include "console.h"

void result_print(const char* name, const Hart* self, uint64_t checksum, uint64_t operations, Measurement span, const char* more, ...) {
  char extra[256];
  va_list arguments;
  va_start(arguments, more);
  format_line(extra, sizeof extra, more, arguments);
  va_end(arguments);
  print("RESULT name=%s hart=%lu checksum=%016lx operations=%lu ticks=%lu instret=%lu%s%s\n", name, self->id, checksum, operations,
        span.ticks, span.instret, extra[0] != 0 ? " " : "", extra);
}
