// SPDX-License-Identifier: Apache-2.0
#ifndef GUEST_LINUX_ARITHMETIC_H
#define GUEST_LINUX_ARITHMETIC_H

#include <stdint.h>

// Checksum of `steps` steps of double and single arithmetic on pseudorandom operands, rounded to nearest. IEEE 754 fixes
// every bit of it, NaN payloads apart, which are made canonical: any conforming machine gets the same.
uint64_t arithmetic_stream(unsigned steps);

#endif
