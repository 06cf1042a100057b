// SPDX-License-Identifier: Apache-2.0
// The kernel command line's words for this init: interlock.NAME or interlock.NAME=VALUE.
#ifndef GUEST_LINUX_COMMAND_LINE_H
#define GUEST_LINUX_COMMAND_LINE_H

#include <stdbool.h>

// Reads the command line. /proc must be mounted.
void command_line_read(void);
bool command_line_has(const char* name);
// Returns `fallback` if the word is absent, and complains on the console if its value is no number in range.
unsigned command_line_number(const char* name, unsigned fallback, unsigned least, unsigned most);
// Whether `item` stands in the comma-separated list; an absent list has every item.
bool command_line_lists(const char* name, const char* item);
// Calls `each` for every item of the list.
void command_line_items(const char* name, void (*each)(const char* item));

#endif
