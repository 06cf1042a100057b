// SPDX-License-Identifier: Apache-2.0
// CSR access and the bits of the CSRs that the guest programs use.
// Source: RISC-V privileged specification 1.12, chapter 2 (numbers), sections 3.1 and 4.1 (fields).
#ifndef GUEST_CSR_H
#define GUEST_CSR_H

#include <stdbool.h>
#include <stdint.h>

#define CSR_TEXT_(x) #x
#define CSR_TEXT(x) CSR_TEXT_(x)

#define csr_read(csr)                                                     \
  ({                                                                      \
    uint64_t value_;                                                      \
    __asm__ volatile("csrr %0, " CSR_TEXT(csr) : "=r"(value_)::"memory"); \
    value_;                                                               \
  })
#define csr_write(csr, value) __asm__ volatile("csrw " CSR_TEXT(csr) ", %0" ::"rK"((uint64_t)(value)) : "memory")
#define csr_set(csr, bits) __asm__ volatile("csrs " CSR_TEXT(csr) ", %0" ::"rK"((uint64_t)(bits)) : "memory")
#define csr_clear(csr, bits) __asm__ volatile("csrc " CSR_TEXT(csr) ", %0" ::"rK"((uint64_t)(bits)) : "memory")
#define csr_swap(csr, value)                                                                                 \
  ({                                                                                                         \
    uint64_t value_;                                                                                         \
    __asm__ volatile("csrrw %0, " CSR_TEXT(csr) ", %1" : "=r"(value_) : "rK"((uint64_t)(value)) : "memory"); \
    value_;                                                                                                  \
  })

// By number, for assemblers that do not know the name.
#define CSR_STIMECMP 0x14d
#define CSR_MENVCFG 0x30a
#define CSR_MCOUNTINHIBIT 0x320

enum { MODE_USER = 0, MODE_SUPERVISOR = 1, MODE_MACHINE = 3 };

#define STATUS_SIE (1ull << 1)
#define STATUS_MIE (1ull << 3)
#define STATUS_SPIE (1ull << 5)
#define STATUS_MPIE (1ull << 7)
#define STATUS_SPP (1ull << 8)
#define STATUS_MPP_SHIFT 11
#define STATUS_MPP (3ull << STATUS_MPP_SHIFT)
#define STATUS_FS (3ull << 13)
#define STATUS_FS_INITIAL (1ull << 13)
#define STATUS_MPRV (1ull << 17)
#define STATUS_SUM (1ull << 18)
#define STATUS_MXR (1ull << 19)
#define STATUS_TVM (1ull << 20)
#define STATUS_TW (1ull << 21)
#define STATUS_TSR (1ull << 22)

enum {
  INTERRUPT_SUPERVISOR_SOFTWARE = 1,
  INTERRUPT_MACHINE_SOFTWARE = 3,
  INTERRUPT_SUPERVISOR_TIMER = 5,
  INTERRUPT_MACHINE_TIMER = 7,
  INTERRUPT_SUPERVISOR_EXTERNAL = 9,
  INTERRUPT_MACHINE_EXTERNAL = 11,
  INTERRUPT_KINDS = 16,
};
#define INTERRUPT_BIT(kind) (1ull << (kind))
#define CAUSE_INTERRUPT (1ull << 63)

enum {
  CAUSE_FETCH_MISALIGNED = 0,
  CAUSE_FETCH_ACCESS = 1,
  CAUSE_ILLEGAL = 2,
  CAUSE_BREAKPOINT = 3,
  CAUSE_LOAD_MISALIGNED = 4,
  CAUSE_LOAD_ACCESS = 5,
  CAUSE_STORE_MISALIGNED = 6,
  CAUSE_STORE_ACCESS = 7,
  CAUSE_ECALL_USER = 8,
  CAUSE_ECALL_SUPERVISOR = 9,
  CAUSE_ECALL_MACHINE = 11,
  CAUSE_FETCH_PAGE = 12,
  CAUSE_LOAD_PAGE = 13,
  CAUSE_STORE_PAGE = 15,
};

#define MENVCFG_STCE (1ull << 63)
#define MENVCFG_ADUE (1ull << 61)

static inline uint64_t read_time(void) { return csr_read(time); }
static inline uint64_t read_instret(void) { return csr_read(instret); }

static inline void cpu_pause(void) { __asm__ volatile(".word 0x0100000f" ::: "memory"); }
static inline void fence_i(void) { __asm__ volatile("fence.i" ::: "memory"); }
static inline void fence_full(void) { __asm__ volatile("fence rw, rw" ::: "memory"); }
static inline void fence_io(void) { __asm__ volatile("fence iorw, iorw" ::: "memory"); }

static inline void sfence_all(void) { __asm__ volatile("sfence.vma x0, x0" ::: "memory"); }
static inline void sfence_asid(uint64_t asid) { __asm__ volatile("sfence.vma x0, %0" ::"r"(asid) : "memory"); }
static inline void sfence_page(uint64_t address) { __asm__ volatile("sfence.vma %0, x0" ::"r"(address) : "memory"); }
static inline void sfence_page_asid(uint64_t address, uint64_t asid) {
  __asm__ volatile("sfence.vma %0, %1" ::"r"(address), "r"(asid) : "memory");
}

#endif
