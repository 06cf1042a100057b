// SPDX-License-Identifier: Apache-2.0
// The checks, one a file. README.md says what each proves.
#ifndef GUEST_LINUX_CHECKS_H
#define GUEST_LINUX_CHECKS_H

#include "check.h"

void check_processors(const Load* load);
void check_threads(const Load* load);
void check_atomics(const Load* load);
void check_ordering(const Load* load);
void check_unmap(const Load* load);
void check_race(const Load* load);
void check_churn(const Load* load);
void check_fork(const Load* load);
void check_superpages(const Load* load);
void check_signals(const Load* load);
void check_timers(const Load* load);
void check_pipes(const Load* load);
void check_floating(const Load* load);
void check_arithmetic(const Load* load);
void check_code(const Load* load);
void check_files(const Load* load);
void check_block(const Load* load);
void check_entropy(const Load* load);

#endif
