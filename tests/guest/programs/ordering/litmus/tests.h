// SPDX-License-Identifier: Apache-2.0
// The tests, and for each the links it is run with and what RVWMO says about its weak outcome.
// TEST(name, threads, observed, weak outcome)
//   THREAD(pattern, first variable, its value, second variable, its value); a value is stored, or 0 where a load is
//   observed: REG(thread, 1 or 2) is what that thread's first or second access loaded, MEM(v) the variable at the end
// FORM(test, name, a link for each thread, ALLOWED or FORBIDDEN)   // by which rule
// Every outcome that is neither sequentially consistent nor the weak one is forbidden in every form.
// Rules are those of preserved program order (ppo), RISC-V unprivileged specification 20191213, section 14.1:
//   1 store after an overlapping access    2 loads of one address that return different writes
//   3 load of what an AMO or SC wrote      4 fence      5 acquire before all after it    6 all before it before release
//   7 both RCsc                            8 LR and its SC     9 address dependency     10 data dependency
//   11 control dependency to a store; and the load value and atomicity axioms (LV, AT).
// litmus_oracle.py derives every verdict again from the axioms.

// clang-format off
#define LITMUS_TESTS(TEST)                                                                                                 \
  TEST(SB, THREAD(WR, X, 1, Y, 0) THREAD(WR, Y, 1, X, 0), OBSERVED(REG(0, 2), REG(1, 2)), WEAK(0, 0))                        \
  TEST(MP, THREAD(WW, X, 1, Y, 1) THREAD(RR, Y, 0, X, 0), OBSERVED(REG(1, 1), REG(1, 2)), WEAK(1, 0))                        \
  TEST(LB, THREAD(RW, X, 0, Y, 1) THREAD(RW, Y, 0, X, 1), OBSERVED(REG(0, 1), REG(1, 1)), WEAK(1, 1))                        \
  TEST(S, THREAD(WW, X, 2, Y, 1) THREAD(RW, Y, 0, X, 1), OBSERVED(REG(1, 1), MEM(X)), WEAK(1, 2))                            \
  TEST(R, THREAD(WW, X, 1, Y, 1) THREAD(WR, Y, 2, X, 0), OBSERVED(MEM(Y), REG(1, 2)), WEAK(2, 0))                            \
  TEST(2_2W, THREAD(WW, X, 1, Y, 2) THREAD(WW, Y, 1, X, 2), OBSERVED(MEM(X), MEM(Y)), WEAK(1, 1))                            \
  TEST(WRC, THREAD(W, X, 1, X, 0) THREAD(RW, X, 0, Y, 1) THREAD(RR, Y, 0, X, 0),                                             \
       OBSERVED(REG(1, 1), REG(2, 1), REG(2, 2)), WEAK(1, 1, 0))                                                           \
  TEST(IRIW, THREAD(W, X, 1, X, 0) THREAD(W, Y, 1, Y, 0) THREAD(RR, X, 0, Y, 0) THREAD(RR, Y, 0, X, 0),                      \
       OBSERVED(REG(2, 1), REG(2, 2), REG(3, 1), REG(3, 2)), WEAK(1, 0, 1, 0))                                             \
  TEST(CoRR, THREAD(W, X, 1, X, 0) THREAD(RR, X, 0, X, 0), OBSERVED(REG(1, 1), REG(1, 2)), WEAK(1, 0))                       \
  TEST(CoWW, THREAD(WW, X, 1, X, 2) THREAD(R, X, 0, X, 0), OBSERVED(REG(1, 1), MEM(X)), WEAK(0, 1))                          \
  TEST(CoRW, THREAD(RW, X, 0, X, 1) THREAD(W, X, 2, X, 0), OBSERVED(REG(0, 1), MEM(X)), WEAK(2, 2))                          \
  TEST(CoWR, THREAD(WR, X, 1, X, 0) THREAD(W, X, 2, X, 0), OBSERVED(REG(0, 2), MEM(X)), WEAK(2, 1))

#define LITMUS_FORMS(FORM)                                                                                         \
  /* SB: the two W->R edges. Forbidden when both are in ppo. */                                                    \
  FORM(SB, plain, LINKS(plain, plain), ALLOWED)                        /* W->R is in no rule: store buffers */        \
  FORM(SB, fence_rw_rw, LINKS(fence_rw_rw, fence_rw_rw), FORBIDDEN)    /* 4 */                                        \
  FORM(SB, fence_w_r, LINKS(fence_w_r, fence_w_r), FORBIDDEN)          /* 4 */                                        \
  FORM(SB, fence_w_rw, LINKS(fence_w_rw, fence_w_rw), FORBIDDEN)       /* 4 */                                        \
  FORM(SB, fence_rw_r, LINKS(fence_rw_r, fence_rw_r), FORBIDDEN)       /* 4 */                                        \
  FORM(SB, fence_one_side, LINKS(fence_rw_rw, plain), ALLOWED)         /* 4 on one side only */                       \
  FORM(SB, fence_tso, LINKS(fence_tso, fence_tso), ALLOWED)            /* fence.tso leaves W->R out */                \
  FORM(SB, fence_rw_w, LINKS(fence_rw_w, fence_rw_w), ALLOWED)         /* the successor set lacks R */                \
  FORM(SB, amo, LINKS(amo, amo), ALLOWED)                              /* atomicity is not order */                   \
  FORM(SB, amo_aq, LINKS(amo_aq, amo_aq), FORBIDDEN)                   /* 5: the AMO that stores has aq */            \
  FORM(SB, amo_rl, LINKS(amo_rl, amo_rl), FORBIDDEN)                   /* 6: the AMO that loads has rl */             \
  FORM(SB, amo_rl_aq, LINKS(amo_rl_aq, amo_rl_aq), FORBIDDEN)          /* 7: release, then acquire, both RCsc */      \
  FORM(SB, amo_aqrl, LINKS(amo_aqrl, amo_aqrl), FORBIDDEN)             /* 5, 6, 7 */                                  \
  FORM(SB, lrsc_aqrl, LINKS(lrsc_aqrl, lrsc_aqrl), FORBIDDEN)          /* 5, 6, 7 on all four operations */           \
  /* MP: W->W and R->R. */                                                                                         \
  FORM(MP, plain, LINKS(plain, plain), ALLOWED)                        /* neither is in a rule */                     \
  FORM(MP, fence_rw_rw, LINKS(fence_rw_rw, fence_rw_rw), FORBIDDEN)    /* 4 */                                        \
  FORM(MP, fence_w_w_r_r, LINKS(fence_w_w, fence_r_r), FORBIDDEN)      /* 4: the weakest pair that does */            \
  FORM(MP, fence_rw_w_r_rw, LINKS(fence_rw_w, fence_r_rw), FORBIDDEN)  /* 4: release and acquire as the C++ map does */ \
  FORM(MP, fence_tso, LINKS(fence_tso, fence_tso), FORBIDDEN)          /* 4 */                                        \
  FORM(MP, fence_writer, LINKS(fence_w_w, plain), ALLOWED)             /* the loads may still change places */        \
  FORM(MP, fence_address, LINKS(fence_w_w, address), FORBIDDEN)        /* 4, 9 */                                     \
  FORM(MP, fence_control, LINKS(fence_w_w, control), ALLOWED)          /* 11 is for stores only */                    \
  FORM(MP, amo, LINKS(amo, amo), ALLOWED)                              /* no annotation */                            \
  FORM(MP, amo_rl_amo_aq, LINKS(amo_rl, amo_aq), FORBIDDEN)            /* 6, 5 */                                     \
  FORM(MP, amo_aqrl, LINKS(amo_aqrl, amo_aqrl), FORBIDDEN)             /* 5, 6 */                                     \
  FORM(MP, lrsc_aqrl, LINKS(lrsc_aqrl, lrsc_aqrl), FORBIDDEN)          /* 5, 6 */                                     \
  /* LB: two R->W edges. */                                                                                        \
  FORM(LB, plain, LINKS(plain, plain), ALLOWED)                        /* no rule; hardware rarely shows it */        \
  FORM(LB, fence_rw_rw, LINKS(fence_rw_rw, fence_rw_rw), FORBIDDEN)    /* 4 */                                        \
  FORM(LB, fence_r_w, LINKS(fence_r_w, fence_r_w), FORBIDDEN)          /* 4 */                                        \
  FORM(LB, fence_tso, LINKS(fence_tso, fence_tso), FORBIDDEN)          /* 4 */                                        \
  FORM(LB, data, LINKS(data, data), FORBIDDEN)                         /* 10: nothing out of thin air */              \
  FORM(LB, address, LINKS(address, address), FORBIDDEN)                /* 9 */                                        \
  FORM(LB, control, LINKS(control, control), FORBIDDEN)                /* 11 */                                       \
  FORM(LB, amo, LINKS(amo, amo), ALLOWED)                              /* no annotation */                            \
  FORM(LB, amo_aq, LINKS(amo_aq, amo_aq), FORBIDDEN)                   /* 5 */                                        \
  FORM(LB, amo_rl, LINKS(amo_rl, amo_rl), FORBIDDEN)                   /* 6 */                                        \
  FORM(LB, amo_aqrl, LINKS(amo_aqrl, amo_aqrl), FORBIDDEN)             /* 5, 6 */                                     \
  FORM(LB, lrsc_aqrl, LINKS(lrsc_aqrl, lrsc_aqrl), FORBIDDEN)          /* 5, 6 */                                     \
  /* S: W->W against R->W. */                                                                                      \
  FORM(S, plain, LINKS(plain, plain), ALLOWED)                         /* no rule */                                  \
  FORM(S, fence_rw_rw, LINKS(fence_rw_rw, fence_rw_rw), FORBIDDEN)     /* 4 */                                        \
  FORM(S, fence_w_w_r_w, LINKS(fence_w_w, fence_r_w), FORBIDDEN)       /* 4 */                                        \
  FORM(S, fence_tso, LINKS(fence_tso, fence_tso), FORBIDDEN)           /* 4 */                                        \
  FORM(S, fence_data, LINKS(fence_w_w, data), FORBIDDEN)               /* 4, 10 */                                    \
  FORM(S, amo_rl_amo_aq, LINKS(amo_rl, amo_aq), FORBIDDEN)             /* 6, 5 */                                     \
  FORM(S, amo_aqrl, LINKS(amo_aqrl, amo_aqrl), FORBIDDEN)              /* 5, 6 */                                     \
  FORM(S, lrsc_aqrl, LINKS(lrsc_aqrl, lrsc_aqrl), FORBIDDEN)           /* 5, 6 */                                     \
  /* R: W->W against W->R. */                                                                                      \
  FORM(R, plain, LINKS(plain, plain), ALLOWED)                         /* no rule */                                  \
  FORM(R, fence_rw_rw, LINKS(fence_rw_rw, fence_rw_rw), FORBIDDEN)     /* 4 */                                        \
  FORM(R, fence_w_w_w_r, LINKS(fence_w_w, fence_w_r), FORBIDDEN)       /* 4 */                                        \
  FORM(R, fence_tso, LINKS(fence_tso, fence_tso), ALLOWED)             /* fence.tso leaves W->R out */                \
  FORM(R, amo_rl_amo_rl, LINKS(amo_rl, amo_rl), FORBIDDEN)             /* 6 */                                        \
  FORM(R, amo_aqrl, LINKS(amo_aqrl, amo_aqrl), FORBIDDEN)              /* 5, 6, 7 */                                  \
  FORM(R, lrsc_aqrl, LINKS(lrsc_aqrl, lrsc_aqrl), FORBIDDEN)           /* 5, 6, 7 */                                  \
  /* 2+2W: two W->W edges. */                                                                                      \
  FORM(2_2W, plain, LINKS(plain, plain), ALLOWED)                      /* no rule */                                  \
  FORM(2_2W, fence_rw_rw, LINKS(fence_rw_rw, fence_rw_rw), FORBIDDEN)  /* 4 */                                        \
  FORM(2_2W, fence_w_w, LINKS(fence_w_w, fence_w_w), FORBIDDEN)        /* 4 */                                        \
  FORM(2_2W, fence_tso, LINKS(fence_tso, fence_tso), FORBIDDEN)        /* 4 */                                        \
  FORM(2_2W, amo_rl, LINKS(amo_rl, amo_rl), FORBIDDEN)                 /* 6 */                                        \
  FORM(2_2W, amo_aqrl, LINKS(amo_aqrl, amo_aqrl), FORBIDDEN)           /* 5, 6 */                                     \
  FORM(2_2W, lrsc_aqrl, LINKS(lrsc_aqrl, lrsc_aqrl), FORBIDDEN)        /* 5, 6 */                                     \
  /* WRC: memory is multi-copy atomic, so the R->W and R->R edges are enough. */                                   \
  FORM(WRC, plain, LINKS(plain, plain, plain), ALLOWED)                /* no rule */                                  \
  FORM(WRC, fence_rw_rw, LINKS(plain, fence_rw_rw, fence_rw_rw), FORBIDDEN) /* 4 */                                   \
  FORM(WRC, data_address, LINKS(plain, data, address), FORBIDDEN)      /* 10, 9: one global memory order */           \
  FORM(WRC, amo_rl_amo_aq, LINKS(plain, amo_rl, amo_aq), FORBIDDEN)    /* 6, 5 */                                     \
  FORM(WRC, amo_aqrl, LINKS(amo_aqrl, amo_aqrl, amo_aqrl), FORBIDDEN)  /* 5, 6 */                                     \
  FORM(WRC, lrsc_aqrl, LINKS(lrsc_aqrl, lrsc_aqrl, lrsc_aqrl), FORBIDDEN) /* 5, 6 */                                  \
  /* IRIW: the readers' R->R edges; stores become visible to all others at once. */                                \
  FORM(IRIW, plain, LINKS(plain, plain, plain, plain), ALLOWED)        /* loads may change places */                  \
  FORM(IRIW, fence_rw_rw, LINKS(plain, plain, fence_rw_rw, fence_rw_rw), FORBIDDEN) /* 4: one global memory order */  \
  FORM(IRIW, fence_r_r, LINKS(plain, plain, fence_r_r, fence_r_r), FORBIDDEN) /* 4 */                                 \
  FORM(IRIW, address, LINKS(plain, plain, address, address), FORBIDDEN) /* 9 */                                       \
  FORM(IRIW, fence_tso, LINKS(plain, plain, fence_tso, fence_tso), FORBIDDEN) /* 4 */                                 \
  FORM(IRIW, amo_aq, LINKS(plain, plain, amo_aq, amo_aq), FORBIDDEN)   /* 5 */                                        \
  FORM(IRIW, amo_aqrl, LINKS(amo_aqrl, amo_aqrl, amo_aqrl, amo_aqrl), FORBIDDEN) /* 5, 6, 7 */                        \
  FORM(IRIW, lrsc_aqrl, LINKS(lrsc_aqrl, lrsc_aqrl, lrsc_aqrl, lrsc_aqrl), FORBIDDEN) /* 5, 6, 7 */                   \
  /* Coherence: one address, so no fence is wanted. */                                                             \
  FORM(CoRR, plain, LINKS(plain, plain), FORBIDDEN)                    /* 2 */                                        \
  FORM(CoRR, amo, LINKS(plain, amo), FORBIDDEN)                        /* 1: the second AMO stores */                 \
  FORM(CoRR, address, LINKS(plain, address), FORBIDDEN)                /* 2, 9 */                                     \
  FORM(CoRR, lrsc_aqrl, LINKS(lrsc_aqrl, lrsc_aqrl), FORBIDDEN)        /* 1, 5 */                                     \
  FORM(CoWW, plain, LINKS(plain, plain), FORBIDDEN)                    /* 1 */                                        \
  FORM(CoWW, amo, LINKS(amo, amo), FORBIDDEN)                          /* 1 */                                        \
  FORM(CoRW, plain, LINKS(plain, plain), FORBIDDEN)                    /* 1, LV */                                    \
  FORM(CoRW, amo, LINKS(amo, amo), FORBIDDEN)                          /* 1, LV */                                    \
  FORM(CoRW, lrsc_aqrl, LINKS(lrsc_aqrl, lrsc_aqrl), FORBIDDEN)        /* 1, LV, AT */                                \
  FORM(CoWR, plain, LINKS(plain, plain), FORBIDDEN)                    /* LV: the own store hides older ones */       \
  FORM(CoWR, amo, LINKS(amo, amo), FORBIDDEN)                          /* LV, 3 */                                    \
  FORM(CoWR, lrsc_aqrl, LINKS(lrsc_aqrl, lrsc_aqrl), FORBIDDEN)        /* LV, 3 */
// clang-format on
