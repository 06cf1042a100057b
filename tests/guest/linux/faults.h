// SPDX-License-Identifier: Apache-2.0
// Accesses that may fault: the fault is a value. Source of the codes: sigaction(2).
#ifndef GUEST_LINUX_FAULTS_H
#define GUEST_LINUX_FAULTS_H

#include <stdint.h>

typedef enum {
  NO_FAULT = 0,
  FAULT_UNMAPPED,       // SEGV_MAPERR at the address
  FAULT_FORBIDDEN,      // SEGV_ACCERR at the address
  FAULT_WRONG_ADDRESS,  // a fault, but for another address than the one accessed
} Fault;

// Installs the SIGSEGV handler for the process. Any fault outside the calls below kills the process, as ever.
void faults_catch(void);

// Each is one load, store or call at the address; callable on several threads at a time.
Fault try_read(const volatile uint64_t* address, uint64_t* value);
Fault try_write(volatile uint64_t* address, uint64_t value);
Fault try_call(long (*address)(void), long* result);

const char* fault_name(Fault fault);

#endif
