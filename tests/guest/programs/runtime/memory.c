// SPDX-License-Identifier: Apache-2.0
// The memory functions that the compiler may call.
#include <stddef.h>
#include <stdint.h>

void* memset(void* to, int value, size_t count);
void* memcpy(void* to, const void* from, size_t count);
void* memmove(void* to, const void* from, size_t count);
int memcmp(const void* left, const void* right, size_t count);

void* memset(void* to, int value, size_t count) {
  uint8_t* byte = to;
  uint64_t pattern = 0x0101010101010101ull * (uint8_t)value;
  for (; count > 0 && ((uintptr_t)byte & 7) != 0; --count) *byte++ = (uint8_t)value;
  for (; count >= 8; count -= 8, byte += 8) *(volatile uint64_t*)byte = pattern;
  for (; count > 0; --count) *(volatile uint8_t*)byte++ = (uint8_t)value;
  return to;
}

void* memcpy(void* to, const void* from, size_t count) {
  volatile uint8_t* target = to;
  const uint8_t* source = from;
  if ((((uintptr_t)to | (uintptr_t)from) & 7) == 0) {
    for (; count >= 8; count -= 8, target += 8, source += 8) {
      *(volatile uint64_t*)target = *(const uint64_t*)source;
    }
  }
  for (; count > 0; --count) *target++ = *source++;
  return to;
}

void* memmove(void* to, const void* from, size_t count) {
  if ((uintptr_t)to <= (uintptr_t)from) return memcpy(to, from, count);
  volatile uint8_t* target = to;
  const uint8_t* source = from;
  for (; count > 0; --count) target[count - 1] = source[count - 1];
  return to;
}

int memcmp(const void* left, const void* right, size_t count) {
  const volatile uint8_t* a = left;
  const volatile uint8_t* b = right;
  for (; count > 0; --count, ++a, ++b) {
    if (*a != *b) return *a - *b;
  }
  return 0;
}
