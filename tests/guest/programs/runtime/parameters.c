// SPDX-License-Identifier: Apache-2.0
// Source: Devicetree Specification 0.4, section 3.6 (/chosen bootargs).
#include "parameters.h"

#include "console.h"

static const char* words = "";

void parameters_set(const char* bootargs) { words = bootargs; }

static bool ends_value(char c) { return c == 0 || c == ' '; }

// The value's first character, or zero.
static const char* find(const char* key) {
  const char* at = words;
  while (*at != 0) {
    while (*at == ' ') ++at;
    const char* k = key;
    while (*k != 0 && *at == *k) ++at, ++k;
    if (*k == 0 && *at == '=') return at + 1;
    while (!ends_value(*at)) ++at;
  }
  return 0;
}

static unsigned digit(char c) {
  if (c >= '0' && c <= '9') return (unsigned)(c - '0');
  if (c >= 'a' && c <= 'f') return (unsigned)(c - 'a') + 10;
  return 99;
}

uint64_t parameter(const char* key, uint64_t absent) {
  const char* at = find(key);
  if (at == 0) return absent;
  unsigned base = 10;
  if (at[0] == '0' && at[1] == 'x') base = 16, at += 2;
  uint64_t value = 0;
  do {
    check(digit(*at) < base, "parameter", "%s wants a number", key);
    value = value * base + digit(*at++);
  } while (!ends_value(*at));
  return value;
}

bool parameter_is(const char* key, const char* word, const char* absent) {
  const char* at = find(key);
  if (at == 0) at = absent;
  while (*word != 0 && *at == *word) ++at, ++word;
  return *word == 0 && ends_value(*at);
}

static bool listed(const char* at, const char* word) {
  while (!ends_value(*at)) {
    const char* w = word;
    while (*w != 0 && *at == *w) ++at, ++w;
    if (*w == 0 && (*at == ',' || ends_value(*at))) return true;
    while (*at != ',' && !ends_value(*at)) ++at;
    if (*at == ',') ++at;
  }
  return false;
}

bool parameter_lists(const char* key, const char* word, bool absent) {
  const char* list = find(key);
  return list == 0 ? absent : listed(list, word);
}

bool selected(const char* test) { return parameter_lists("tests", test, true) && !parameter_lists("skip", test, false); }
