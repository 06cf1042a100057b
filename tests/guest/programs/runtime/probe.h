// SPDX-License-Identifier: Apache-2.0
// One instruction that may trap: it runs, and the trap (or NO_TRAP) is in hart_self()->trap afterwards.
// Works in M and S mode, for exceptions that M mode handles. Registers keep their values over the trap.
// The instruction may use t1, a7 and fa0 freely.
#ifndef GUEST_PROBE_H
#define GUEST_PROBE_H

#include "hart.h"

// PROBE("ld %[value], 0(%[address])", PROBE_OUT([value] "+r"(value)), [address] "r"(address)) yields the cause.
// Outputs must be "+r": after a trap they keep the old value, and no output may share the resume address' register.
#define PROBE_OUT(...) , __VA_ARGS__
#define PROBE(instruction, outputs, ...)                                                       \
  ({                                                                                           \
    Hart* hart_ = hart_self();                                                                 \
    hart_->trap.cause = NO_TRAP;                                                               \
    __asm__ volatile("la t0, 9f\n sd t0, %[resume_]\n" instruction "\n 9: sd zero, %[resume_]" \
                     : [resume_] "+m"(hart_->resume)outputs:__VA_ARGS__                        \
                     : "t0", "t1", "a7", "fa0", "memory");                                     \
    hart_->trap.cause;                                                                         \
  })

static inline uint64_t probe_load(uint64_t address, uint64_t* value) {
  uint64_t loaded = 0;
  uint64_t cause = PROBE("ld %[loaded], 0(%[address])", PROBE_OUT([loaded] "+r"(loaded)), [address] "r"(address));
  *value = loaded;
  return cause;
}

static inline uint64_t probe_store(uint64_t address, uint64_t value) {
  return PROBE("sd %[value], 0(%[address])", , [address] "r"(address), [value] "r"(value));
}

// Calls the code at `address` as a function of one argument; *result is its a0. A fault on the way gives the cause.
static inline uint64_t probe_call(uint64_t address, uint64_t argument, uint64_t* result) {
  Hart* self = hart_self();
  register uint64_t a0 __asm__("a0") = argument;
  register uint64_t a1 __asm__("a1") = address;
  self->trap.cause = NO_TRAP;
  __asm__ volatile("la t0, 9f\n sd t0, %[resume]\n jalr ra, 0(a1)\n 9: sd zero, %[resume]"
                   : "+r"(a0), "+r"(a1), [resume] "+m"(self->resume)
                   :
                   : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a2", "a3", "a4", "a5", "a6", "a7", "memory");
  *result = a0;
  return self->trap.cause;
}

#endif
