// SPDX-License-Identifier: Apache-2.0
// INTERLOCK_INVARIANT(condition, "format", ...): a broken invariant of ours aborts with the state printed.
// It is checked in every build: what it guards is never on a path where the branch would show.
#pragma once
#include <cstdio>
#include <cstdlib>

#define INTERLOCK_INVARIANT(condition, ...)                                                          \
  do {                                                                                               \
    if (!(condition)) [[unlikely]] {                                                                 \
      std::fprintf(stderr, "%s:%d: broken invariant: %s: ", __FILE__, __LINE__, #condition);         \
      std::fprintf(stderr, __VA_ARGS__);                                                             \
      std::fputc('\n', stderr);                                                                      \
      std::abort();                                                                                  \
    }                                                                                                \
  } while (false)
