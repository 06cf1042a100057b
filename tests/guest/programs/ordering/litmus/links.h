// SPDX-License-Identifier: Apache-2.0
// Links: how the two accesses of a thread are made, and what stands between them. One line a link; threads.c makes a loop
// of each for each pattern (WW, WR, RW, RR), and litmus_oracle.py reads the same lines.
// LINK(name, first access, separator, second access)
//   access:    plain, amo[_aq|_rl|_aqrl], lrsc_aqrl
//   separator: none, a fence, or a dependency of the second access on the (loading) first one
// Source: RISC-V unprivileged specification 20191213, sections 2.7 (FENCE), 8.1-8.4 (aq, rl), 14.1 (dependencies).
// clang-format off
#define LITMUS_LINKS(LINK)                      \
  LINK(plain, plain, none, plain)               \
  LINK(fence_rw_rw, plain, fence_rw_rw, plain)  \
  LINK(fence_w_w, plain, fence_w_w, plain)      \
  LINK(fence_r_r, plain, fence_r_r, plain)      \
  LINK(fence_w_r, plain, fence_w_r, plain)      \
  LINK(fence_r_w, plain, fence_r_w, plain)      \
  LINK(fence_w_rw, plain, fence_w_rw, plain)    \
  LINK(fence_rw_r, plain, fence_rw_r, plain)    \
  LINK(fence_r_rw, plain, fence_r_rw, plain)    \
  LINK(fence_rw_w, plain, fence_rw_w, plain)    \
  LINK(fence_tso, plain, fence_tso, plain)      \
  LINK(amo, amo, none, amo)                     \
  LINK(amo_aq, amo_aq, none, plain)             \
  LINK(amo_rl, plain, none, amo_rl)             \
  LINK(amo_rl_aq, amo_rl, none, amo_aq)         \
  LINK(amo_aqrl, amo_aqrl, none, amo_aqrl)      \
  LINK(lrsc_aqrl, lrsc_aqrl, none, lrsc_aqrl)   \
  LINK(address, plain, address, plain)          \
  LINK(data, plain, data, plain)                \
  LINK(control, plain, control, plain)
// clang-format on
