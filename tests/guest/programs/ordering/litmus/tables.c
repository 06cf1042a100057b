// SPDX-License-Identifier: Apache-2.0
// tests.h as C tables.
#include "links.h"
#include "litmus.h"
#include "tests.h"

#define LINK_INDEX(name, first, separator, second) name,
enum { LITMUS_LINKS(LINK_INDEX) };

enum { X, Y };
enum { FORBIDDEN, ALLOWED };

#define THREAD(pattern, a, v1, b, v2) {PATTERN_##pattern, a, v1, b, v2},
#define REG(thread, which) (PLACE_REGISTERS + 2 * (thread) + (which)-1)
#define MEM(variable) (PLACE_MEMORY + (variable))
#define OBSERVED(...) \
  { __VA_ARGS__ }
#define WEAK(...) \
  { __VA_ARGS__ }
#define LINKS(...) \
  { __VA_ARGS__ }

#define TEST_INDEX(name, threads, observed, weak) TEST_##name,
enum { LITMUS_TESTS(TEST_INDEX) };

#define TEST_ROW(name, threads, observed, weak) {#name, {threads}, observed, weak},
const LitmusTest litmus_tests[] = {LITMUS_TESTS(TEST_ROW)};

#define FORM_ROW(test, name, links, verdict) {TEST_##test, #name, links, verdict == ALLOWED},
const LitmusForm litmus_forms[] = {LITMUS_FORMS(FORM_ROW)};
const unsigned litmus_form_count = sizeof litmus_forms / sizeof litmus_forms[0];
