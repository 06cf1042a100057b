// SPDX-License-Identifier: Apache-2.0
// Addresses of the `virt` board, and register access.
// Source: QEMU `virt` memory map; SiFive CLINT / RISC-V ACLINT and PLIC specifications; 16550 data sheet.
#ifndef GUEST_BOARD_H
#define GUEST_BOARD_H

#include <stdint.h>

#define SYSCON 0x100000ull
#define SYSCON_PASS 0x5555u
#define SYSCON_FAIL 0x3333u

#define ACLINT_MSIP(hart) (0x2000000ull + 4 * (hart))
#define ACLINT_MTIMECMP(hart) (0x2004000ull + 8 * (hart))
#define ACLINT_MTIME 0x200bff8ull
#define TIMEBASE 10000000ull  // Hz

#define RAM_START 0x80000000ull

#define UART 0x10000000ull
enum {
  UART_RBR = 0,
  UART_THR = 0,
  UART_IER = 1,
  UART_IIR = 2,
  UART_FCR = 2,
  UART_LCR = 3,
  UART_MCR = 4,
  UART_LSR = 5,
  UART_MSR = 6,
  UART_SCR = 7
};
#define UART_IER_RECEIVED 0x01
#define UART_IER_THR_EMPTY 0x02
#define UART_LSR_DATA 0x01
#define UART_LSR_THR_EMPTY 0x20
#define UART_MCR_LOOP 0x10
#define UART_MCR_OUT2 0x08
#define UART_IIR_NONE 0x01
#define UART_IIR_THR_EMPTY 0x02
#define UART_IIR_RECEIVED 0x04

#define PLIC 0xc000000ull
#define PLIC_PRIORITY(source) (PLIC + 4 * (source))
#define PLIC_PENDING(source) (PLIC + 0x1000 + 4 * ((source) / 32))
#define PLIC_ENABLE(context, source) (PLIC + 0x2000 + 0x80 * (context) + 4 * ((source) / 32))
#define PLIC_THRESHOLD(context) (PLIC + 0x200000 + 0x1000 * (context))
#define PLIC_CLAIM(context) (PLIC + 0x200004 + 0x1000 * (context))
#define PLIC_SOURCE_UART 10

static inline uint8_t read_8(uint64_t address) { return *(volatile uint8_t*)address; }
static inline void write_8(uint64_t address, uint8_t value) { *(volatile uint8_t*)address = value; }
static inline uint32_t read_32(uint64_t address) { return *(volatile uint32_t*)address; }
static inline void write_32(uint64_t address, uint32_t value) { *(volatile uint32_t*)address = value; }
static inline uint64_t read_64(uint64_t address) { return *(volatile uint64_t*)address; }
static inline void write_64(uint64_t address, uint64_t value) { *(volatile uint64_t*)address = value; }

static inline uint8_t uart_read(unsigned reg) { return read_8(UART + reg); }
static inline void uart_write(unsigned reg, uint8_t value) { write_8(UART + reg, value); }

#endif
