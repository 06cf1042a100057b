// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "faults.h"

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

static _Thread_local sigjmp_buf recovery;
static _Thread_local volatile bool armed;
static _Thread_local const volatile void* volatile expected;
static _Thread_local volatile Fault seen;

static void on_fault(int signal_number, siginfo_t* info, void* context) {
  (void)context;
  if (!armed) {
    signal(signal_number, SIG_DFL);  // the access is repeated, and kills
    return;
  }
  seen = info->si_addr != (const void*)expected ? FAULT_WRONG_ADDRESS : info->si_code == SEGV_ACCERR ? FAULT_FORBIDDEN : FAULT_UNMAPPED;
  siglongjmp(recovery, 1);
}

void faults_catch(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigemptyset(&action.sa_mask);
  sigaction(SIGSEGV, &action, NULL);
}

// `access` is one statement. The handler is left by a jump; SA_NODEFER makes that need no change of the mask.
#define GUARDED(address, access)     \
  expected = (const void*)(address); \
  if (sigsetjmp(recovery, 0) == 0) { \
    armed = true;                    \
    access;                          \
    armed = false;                   \
    return NO_FAULT;                 \
  }                                  \
  armed = false;                     \
  return seen

Fault try_read(const volatile uint64_t* address, uint64_t* value) { GUARDED(address, *value = *address); }
Fault try_write(volatile uint64_t* address, uint64_t value) { GUARDED(address, *address = value); }
Fault try_call(long (*address)(void), long* result) { GUARDED(address, *result = address()); }

const char* fault_name(Fault fault) {
  static const char* const names[] = {"no fault", "unmapped", "forbidden", "fault at another address"};
  return names[fault];
}
