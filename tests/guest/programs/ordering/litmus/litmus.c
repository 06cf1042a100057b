// SPDX-License-Identifier: Apache-2.0
// Memory-ordering litmus tests: SB, MP, LB, S, R, 2+2W, WRC, IRIW and coherence, in the forms of tests.h.
// Prints a histogram for each form and fails if RVWMO forbids an outcome that was seen.
// Parameters: iterations= instances of each form; tests=, skip= names of tests; forms= names of forms; paging= 39 (S mode),
//             or 0 (M mode); expect_weak=1 fails if plain SB never shows its weak outcome (wants two real processors);
//             sync=, batch=, stride=, skew= as in run.c.
// Source:     RISC-V unprivileged specification 20191213, chapter 14 and appendix A (RVWMO).
#include "litmus.h"

#include "barrier.h"
#include "console.h"
#include "paging.h"
#include "parameters.h"
#include "privilege.h"
#include "result.h"

static uint64_t forbidden_total, forms_run;
static bool weak_missing;

// "01:17,11:4": the observed values in the table's order, and how often.
static void render(const LitmusTest* test, const uint64_t counts[OUTCOMES], char* text, unsigned limit) {
  unsigned length = 0;
  for (unsigned key = 0; key < OUTCOMES && length + 32 < limit; ++key) {
    if (counts[key] == 0) continue;
    if (length > 0) text[length++] = ',';
    for (unsigned i = 0; i < litmus_observed(test); ++i) text[length++] = (char)('0' + (key >> (2 * i) & 3));
    text[length++] = ':';
    char digits[24];
    unsigned digit = 0;
    for (uint64_t rest = counts[key]; rest != 0; rest /= 10) digits[digit++] = (char)('0' + rest % 10);
    while (digit > 0) text[length++] = digits[--digit];
  }
  text[length] = 0;
}

static void judge(const LitmusForm* form, const uint64_t counts[OUTCOMES], uint64_t ticks) {
  const LitmusTest* test = &litmus_tests[form->test];
  bool sequential[OUTCOMES];
  char states[256];
  outcomes_sequential(test, sequential);
  unsigned weak = outcome_weak(test);
  check(!sequential[weak], test->name, "the weak outcome is sequentially consistent");
  uint64_t forbidden = 0, total = 0;
  for (unsigned key = 0; key < OUTCOMES; ++key) {
    total += counts[key];
    if (!sequential[key] && !(key == weak && form->weak_allowed)) forbidden += counts[key];
  }
  render(test, counts, states, sizeof states);
  print("LITMUS name=%s form=%s states=%s forbidden=%lu weak=%lu allowed=%s iterations=%lu ticks=%lu\n", test->name, form->name, states,
        forbidden, counts[weak], form->weak_allowed ? "yes" : "no", total, ticks);
  forbidden_total += forbidden;
  ++forms_run;
  if (form == litmus_forms && counts[weak] == 0) weak_missing = true;
}

static uint64_t run_all(uint64_t iterations) {
  static uint64_t counts[OUTCOMES];
  Hart* self = hart_self();
  Measurement start = measure_begin();
  for (unsigned i = 0; i < litmus_form_count; ++i) {
    const LitmusForm* form = &litmus_forms[i];
    const LitmusTest* test = &litmus_tests[form->test];
    if (!selected(test->name) || !parameter_lists("forms", form->name, true)) continue;
    if (litmus_threads(test) > hart_count) {
      if (self->id == 0) print("SKIPPED %s %s: wants %u harts\n", test->name, form->name, litmus_threads(test));
      continue;
    }
    uint64_t began = read_time();
    litmus_run(self, form, iterations, counts);
    if (self->id == 0) judge(form, counts, read_time() - began);
  }
  Measurement span = measure_end(start);
  if (self->id != 0) return 0;
  check(forbidden_total == 0, "litmus", "%lu outcomes that RVWMO forbids", forbidden_total);
  check(!weak_missing || parameter("expect_weak", 0) == 0, "litmus", "plain SB never showed its weak outcome");
  result_print("litmus", self, forms_run, forms_run * iterations, span, "forms=%lu", forms_run);
  return 0;
}

void program_main(Hart* self) {
  static Space space;
  unsigned bits = (unsigned)parameter("paging", 39);
  uint64_t iterations = parameter("iterations", 100000);
  if (self->id == 0) {
    litmus_prepare();
    if (bits != 0) {
      check(paging_supported(bits), "paging", "satp does not take Sv%u", bits);
      space = space_create(bits, 1);
    }
  }
  barrier_all();
  if (bits == 0) {
    run_all(iterations);
    return;
  }
  space_enter(&space);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, run_all, iterations);
}
