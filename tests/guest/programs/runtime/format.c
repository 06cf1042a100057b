// SPDX-License-Identifier: Apache-2.0
// The few printf conversions that console.h names.
#include <stdbool.h>

#include "console.h"

typedef struct {
  char* line;
  unsigned length, limit;
} Output;

static void put(Output* out, char c) {
  if (out->length + 1 < out->limit) out->line[out->length++] = c;
}

static void put_number(Output* out, uint64_t value, unsigned base, unsigned width, char fill) {
  char digits[24];
  unsigned count = 0;
  do {
    digits[count++] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  while (width > count) {
    put(out, fill);
    --width;
  }
  while (count > 0) put(out, digits[--count]);
}

static void put_signed(Output* out, int64_t value, unsigned width, char fill) {
  if (value < 0) put(out, '-');
  put_number(out, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, width, fill);
}

unsigned format_line(char* line, unsigned limit, const char* format, va_list arguments) {
  Output out = {line, 0, limit};
  for (; *format != 0; ++format) {
    if (*format != '%') {
      put(&out, *format);
      continue;
    }
    ++format;
    char fill = *format == '0' ? '0' : ' ';
    unsigned width = 0;
    while (*format >= '0' && *format <= '9') width = width * 10 + (unsigned)(*format++ - '0');
    bool is_long = *format == 'l';
    if (is_long) ++format;
    switch (*format) {
      case 's':
        for (const char* text = va_arg(arguments, const char*); *text != 0; ++text) put(&out, *text);
        break;
      case 'c': put(&out, (char)va_arg(arguments, int)); break;
      case 'd': put_signed(&out, is_long ? va_arg(arguments, long) : va_arg(arguments, int), width, fill); break;
      case 'u': put_number(&out, is_long ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned), 10, width, fill); break;
      case 'x': put_number(&out, is_long ? va_arg(arguments, unsigned long) : va_arg(arguments, unsigned), 16, width, fill); break;
      default: put(&out, *format);
    }
  }
  line[out.length] = 0;
  return out.length;
}
