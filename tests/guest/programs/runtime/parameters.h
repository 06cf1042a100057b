// SPDX-License-Identifier: Apache-2.0
// The program's parameters: `key=value` words of /chosen/bootargs.
#ifndef GUEST_PARAMETERS_H
#define GUEST_PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

void parameters_set(const char* bootargs);

// Decimal or 0x-hexadecimal; `absent` if there is no such key; fails on a value that is not a number.
uint64_t parameter(const char* key, uint64_t absent);

// True if the parameter is this word; if there is no such key, true if `word` equals `absent`.
bool parameter_is(const char* key, const char* word, const char* absent);

// True if the parameter's comma-separated list has this word; `absent` if there is no such key.
bool parameter_lists(const char* key, const char* word, bool absent);

// Whether a test is to run: it is in `tests=` (a comma-separated list; absent means all) and not in `skip=`.
bool selected(const char* test);

#endif
