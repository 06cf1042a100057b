// SPDX-License-Identifier: Apache-2.0
// The code of an attempt is position-independent, needs no stack, and leaves through the exit call: so the same bytes
// serve S mode at their own address and U mode at ATTEMPT_CODE.
// Source: RISC-V privileged specification 1.12, sections 3.1.6.3 (MPRV, SUM, MXR), 3.1.16 (mtval).
#include "check_paging.h"
#include "encode.h"

extern char attempt_load[], attempt_store[], attempt_fetch[], attempt_exit[], attempt_end[];
__asm__(
    ".text\n .balign 4096\n .option push\n .option norvc\n"
    "attempt_load: ld a0, 0(a0)\n j attempt_exit\n"
    "attempt_store: sd a0, 64(a0)\n j attempt_exit\n"
    "attempt_fetch: jr a0\n"
    "attempt_exit: lui a7, 2\n addiw a7, a7, 0x1eaf - 0x2000\n ecall\n"
    "attempt_end:\n .balign 4096\n .option pop\n");
_Static_assert(PRIVILEGE_EXIT == 0x1eaf, "attempt_exit loads it");

uint64_t page_fault_of(AccessKind kind) {
  static const uint64_t causes[] = {CAUSE_LOAD_PAGE, CAUSE_STORE_PAGE, CAUSE_FETCH_PAGE};
  return causes[kind];
}

uint64_t access_fault_of(AccessKind kind) {
  static const uint64_t causes[] = {CAUSE_LOAD_ACCESS, CAUSE_STORE_ACCESS, CAUSE_FETCH_ACCESS};
  return causes[kind];
}

void attempt_prepare(const Space* space) {
  space_map(space, ATTEMPT_CODE, (uint64_t)attempt_load, LEVEL_PAGE, PTE_R | PTE_X | PTE_U | PTE_A);
}

void attempt_fill(uint64_t frame) {
  __builtin_memcpy((void*)frame, attempt_exit, (uint64_t)(attempt_end - attempt_exit));
  fence_i();
}

// M mode with MPRV: translated like `mode`. After a trap and its mret MPP is U, so MPRV must go first of all.
static uint64_t attempt_with_mprv(Hart* self, AccessKind kind, uint64_t address, unsigned mode, uint64_t* value) {
  uint64_t loaded = 0;
  self->trap.cause = NO_TRAP;
  csr_clear(mstatus, STATUS_MPP);
  uint64_t on = STATUS_MPRV | (uint64_t)mode << STATUS_MPP_SHIFT;
  if (kind == ACCESS_LOAD) {
    __asm__ volatile(
        "la t0, 9f\n sd t0, %[resume]\n csrs mstatus, %[on]\n ld %[loaded], 0(%[address])\n 9: csrc mstatus, %[mprv]\n sd zero, %[resume]"
        : [loaded] "+r"(loaded), [resume] "+m"(self->resume)
        : [address] "r"(address), [on] "r"(on), [mprv] "r"(STATUS_MPRV)
        : "t0", "memory");
  } else {
    __asm__ volatile(
        "la t0, 9f\n sd t0, %[resume]\n csrs mstatus, %[on]\n sd %[address], 64(%[address])\n 9: csrc mstatus, %[mprv]\n sd zero, %[resume]"
        : [resume] "+m"(self->resume)
        : [address] "r"(address), [on] "r"(on), [mprv] "r"(STATUS_MPRV)
        : "t0", "memory");
  }
  if (value != 0) *value = loaded;
  return self->trap.cause;
}

uint64_t attempt(const Space* space, AccessKind kind, uint64_t address, Setting setting, uint64_t* value) {
  static const char* const codes[] = {attempt_load, attempt_store, attempt_fetch};
  Hart* self = hart_self();
  uint64_t entry = (uint64_t)codes[kind];
  uint64_t tval = address + (kind == ACCESS_STORE ? ATTEMPT_STORE_OFFSET : 0);
  uint64_t cause;
  csr_clear(mstatus, STATUS_SUM | STATUS_MXR);
  csr_set(mstatus, (setting.sum ? STATUS_SUM : 0) | (setting.mxr ? STATUS_MXR : 0));
  space_enter(space);
  if (setting.through_mprv) {
    cause = attempt_with_mprv(self, kind, address, setting.mode, value);
  } else {
    if (setting.mode == MODE_USER) entry = entry - (uint64_t)attempt_load + ATTEMPT_CODE;
    cause = privilege_try(setting.mode, entry, address, value);
  }
  csr_write(satp, 0);
  csr_clear(mstatus, STATUS_SUM | STATUS_MXR);
  if (cause == NO_TRAP) return cause;
  check_equal("mtval of a fault", self->trap.tval, tval);
  if (setting.through_mprv) {
    check_equal("MPP of a fault under MPRV", self->trap.status >> STATUS_MPP_SHIFT & 3, MODE_MACHINE);
  } else {
    check_equal("MPP of a fault", self->trap.status >> STATUS_MPP_SHIFT & 3, setting.mode);
    check_equal("mepc of a fault", self->trap.epc, kind == ACCESS_FETCH ? address : entry);
  }
  return cause;
}
