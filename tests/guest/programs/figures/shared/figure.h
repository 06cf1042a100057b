// SPDX-License-Identifier: Apache-2.0
// A figure is a loop of one operation, timed on some harts while the others stay quiet or disturb.
#ifndef GUEST_FIGURE_H
#define GUEST_FIGURE_H

#include "barrier.h"
#include "console.h"
#include "hart.h"
#include "parameters.h"
#include "result.h"

// Runs `count` operations; returns a word that shows they were done right (printed as the checksum).
typedef uint64_t FigureLoop(Hart* self, uint64_t count);

// Harts 0 .. running-1 run the loop at once and print RESULT lines with ns_per_operation; the others wait in a barrier.
// Nothing happens if the machine has fewer harts. Every hart calls it.
void figure_phase(Hart* self, const char* name, unsigned running, FigureLoop* loop, uint64_t count);

// Hart 0 runs the loop while hart 1 runs `disturb` over and over, a hundred operations at a time, until hart 0 is done.
void figure_phase_disturbed(Hart* self, const char* name, FigureLoop* loop, FigureLoop* disturb, uint64_t count);

#endif
