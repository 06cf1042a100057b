// SPDX-License-Identifier: Apache-2.0
// Lines on the UART, and the two ways a program ends. Callable on any hart in M and S mode; one call prints without
// interleaving. Formats: %s %c %d %u %ld %lu %lx %%, and a zero-padded width as in %016lx.
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stdarg.h>
#include <stdint.h>

void print(const char* format, ...) __attribute__((format(printf, 1, 2)));
// Renders into `line` (at most `limit` bytes, terminated); returns its length.
unsigned format_line(char* line, unsigned limit, const char* format, va_list arguments);

// Prints `FAILED what: detail` and stops the machine with exit code 1; the first failure wins.
void fail(const char* what, const char* format, ...) __attribute__((format(printf, 2, 3), noreturn));
void finish_pass(void) __attribute__((noreturn));

#define check(condition, what, ...)              \
  do {                                           \
    if (!(condition)) fail((what), __VA_ARGS__); \
  } while (0)

// Fails unless got == wanted; both are printed in hexadecimal.
void check_equal(const char* what, uint64_t got, uint64_t wanted);

#endif
