// SPDX-License-Identifier: Apache-2.0
// Which mode may read and write which CSR, and the fields of mstatus that software can see.
// Source: RISC-V privileged specification 1.12, section 2.1 (CSR address mapping), 3.1.6 (mstatus), 4.1.1 (sstatus).
#include "check_privilege.h"
#include "encode.h"

typedef struct {
  uint16_t number;
  uint8_t lowest;  // the least privileged mode that may use it; 4: there is no such CSR
  bool writable;
} Access;

static const Access accesses[] = {
    {0x001, MODE_USER, true},        // fflags
    {0x003, MODE_USER, true},        // fcsr
    {0xc00, MODE_USER, false},       // cycle (mcounteren and scounteren are open)
    {0xc01, MODE_USER, false},       // time
    {0xc02, MODE_USER, false},       // instret
    {0x100, MODE_SUPERVISOR, true},  // sstatus
    {0x104, MODE_SUPERVISOR, true},  // sie
    {0x105, MODE_SUPERVISOR, true},  // stvec
    {0x106, MODE_SUPERVISOR, true},  // scounteren
    {0x140, MODE_SUPERVISOR, true},  // sscratch
    {0x141, MODE_SUPERVISOR, true},  // sepc
    {0x142, MODE_SUPERVISOR, true},  // scause
    {0x143, MODE_SUPERVISOR, true},  // stval
    {0x144, MODE_SUPERVISOR, true},  // sip
    {0x180, MODE_SUPERVISOR, true},  // satp
    {0x300, MODE_MACHINE, true},     // mstatus
    {0x301, MODE_MACHINE, true},     // misa
    {0x302, MODE_MACHINE, true},     // medeleg
    {0x304, MODE_MACHINE, true},     // mie
    {0x305, MODE_MACHINE, true},     // mtvec
    {0x340, MODE_MACHINE, true},     // mscratch
    {0x341, MODE_MACHINE, true},     // mepc
    {0x3a0, MODE_MACHINE, true},     // pmpcfg0
    {0x3b0, MODE_MACHINE, true},     // pmpaddr0
    {0xb00, MODE_MACHINE, true},     // mcycle
    {0xb02, MODE_MACHINE, true},     // minstret
    {0xf11, MODE_MACHINE, false},    // mvendorid
    {0xf12, MODE_MACHINE, false},    // marchid
    {0xf13, MODE_MACHINE, false},    // mimpid
    {0xf14, MODE_MACHINE, false},    // mhartid
    {0x190, 4, true},                // nothing is there
    {0x3a1, 4, true},                // odd pmpcfg registers do not exist on RV64
    {0xc8f, 4, false},               // upper halves of counters do not exist on RV64
};

enum { CSRRW = 1, CSRRS = 2 };

static uint32_t encode_csr(unsigned operation, unsigned number, unsigned rd, unsigned rs) {
  return number << 20 | rs << 15 | operation << 12 | rd << 7 | 0x73;
}

static uint32_t code[4] __attribute__((aligned(16)));

// The access is code[1]. A write puts the old value back, so code[0] reads it where it can be read.
static void write_code(const Access* access, unsigned mode, bool write) {
  bool readable = mode >= access->lowest && access->lowest <= MODE_MACHINE;
  code[0] = readable ? encode_csr(CSRRS, access->number, REG_T0, REG_ZERO) : encode_addi(REG_T0, REG_ZERO, 0);
  code[1] = write ? encode_csr(CSRRW, access->number, REG_A0, REG_T0) : encode_csr(CSRRS, access->number, REG_A0, REG_ZERO);
  code[2] = encode_ret();
  fence_i();
}

static void expect_access(const Access* access, unsigned mode, bool write) {
  write_code(access, mode, write);
  bool allowed = mode >= access->lowest && access->lowest <= MODE_MACHINE && (!write || access->writable);
  uint64_t cause, result;
  if (mode == MODE_MACHINE) {
    cause = probe_call((uint64_t)code, 0, &result);
  } else {
    cause = privilege_try(mode, (uint64_t)code, 0, &result);
  }
  uint64_t wanted = allowed ? NO_TRAP : CAUSE_ILLEGAL;
  check(cause == wanted, "csr_access", "%s of 0x%x in mode %u: cause %ld, wanted %ld", write ? "write" : "read", access->number, mode,
        (long)cause, (long)wanted);
  if (!allowed) check_equal("mepc of a CSR access", hart_self()->trap.epc, (uint64_t)&code[1]);
}

void csr_access(Hart* self) {
  (void)self;
  static const unsigned modes[] = {MODE_USER, MODE_SUPERVISOR, MODE_MACHINE};
  for (unsigned i = 0; i < sizeof accesses / sizeof accesses[0]; ++i) {
    for (unsigned m = 0; m < 3; ++m) {
      expect_access(&accesses[i], modes[m], false);
      expect_access(&accesses[i], modes[m], true);
    }
  }
}

// csrrs and csrrc write if rs1 is not x0, even if it holds 0; csrrsi and csrrci write if the immediate is not 0.
void csr_write_of_zero(Hart* self) {
  (void)self;
  uint64_t zero = 0;
  check_equal("csrrs of 0 to mhartid", PROBE("csrs mhartid, %[zero]", , [zero] "r"(zero)), CAUSE_ILLEGAL);
  check_equal("csrrc of 0 to cycle", PROBE("csrc cycle, %[zero]", , [zero] "r"(zero)), CAUSE_ILLEGAL);
  check_equal("csrrsi of 0 to cycle", PROBE("csrrsi t0, cycle, 0", , "r"(0)), NO_TRAP);
  check_equal("csrrci of 1 to cycle", PROBE("csrrci t0, cycle, 1", , "r"(0)), CAUSE_ILLEGAL);
}

void status_fields(Hart* self) {
  (void)self;
  check_equal("misa.MXL", csr_read(misa) >> 62, 2);
  uint64_t gc = 1 << ('i' - 'a') | 1 << ('m' - 'a') | 1 << 0 | 1 << ('f' - 'a') | 1 << ('d' - 'a') | 1 << ('c' - 'a');
  uint64_t modes = 1 << ('s' - 'a') | 1 << ('u' - 'a');
  check_equal("misa extensions", csr_read(misa) & (gc | modes), gc | modes);
  check_equal("mstatus.UXL", csr_read(mstatus) >> 32 & 3, 2);
  check_equal("mstatus.SXL", csr_read(mstatus) >> 34 & 3, 2);
  csr_set(mstatus, STATUS_SUM | STATUS_MXR | STATUS_SPIE | STATUS_SPP | STATUS_MPIE | STATUS_TSR);
  uint64_t seen = csr_read(sstatus);
  uint64_t shared = STATUS_SUM | STATUS_MXR | STATUS_SPIE | STATUS_SPP;
  check_equal("sstatus shows S fields", seen & shared, shared);
  check_equal("sstatus hides M fields", seen & (STATUS_MPIE | STATUS_MPP | STATUS_MPRV | STATUS_TSR | STATUS_TVM), 0);
  csr_clear(sstatus, STATUS_SUM);
  check_equal("sstatus writes through", csr_read(mstatus) & (STATUS_SUM | STATUS_MXR), STATUS_MXR);
}

// MPP holds only modes that exist.
void previous_privilege_is_legal(Hart* self) {
  (void)self;
  csr_clear(mstatus, STATUS_MPP);
  csr_set(mstatus, 2ull << STATUS_MPP_SHIFT);
  check((csr_read(mstatus) & STATUS_MPP) != 2ull << STATUS_MPP_SHIFT, "mstatus.MPP", "holds the reserved mode 2");
}

void exception_pc_is_even(Hart* self) {
  (void)self;
  csr_write(mepc, 0x80000003ull);
  check_equal("mepc is even", csr_read(mepc) & 1, 0);
  csr_write(sepc, 0x80000001ull);
  check_equal("sepc is even", csr_read(sepc), 0x80000000ull);
}

void machine_call_stays(Hart* self) {
  (void)self;
  csr_write(medeleg, ~0ull);
  check_equal("medeleg of ecall from M", csr_read(medeleg) >> CAUSE_ECALL_MACHINE & 1, 0);
}

void floating_point_off(Hart* self) {
  (void)self;
  double number = 1.5;
  csr_clear(mstatus, STATUS_FS);
  uint64_t cause = PROBE("fmv.x.d t0, fa0", , "r"(0));
  check_equal("fmv.x.d with FS off", cause, CAUSE_ILLEGAL);
  cause = PROBE("fld fa0, 0(%[address])", , [address] "r"(&number));
  check_equal("fld with FS off", cause, CAUSE_ILLEGAL);
  cause = PROBE("csrr t0, fcsr", , "r"(0));
  check_equal("fcsr with FS off", cause, CAUSE_ILLEGAL);
  csr_set(mstatus, STATUS_FS_INITIAL);
  check_equal("SD with FS initial", csr_read(mstatus) >> 63, 0);
  __asm__ volatile("fmv.d.x fa0, zero" ::: "fa0");
  check_equal("FS after a write to fa0", csr_read(mstatus) & STATUS_FS, STATUS_FS);
  check_equal("SD with FS dirty", csr_read(mstatus) >> 63, 1);
  csr_clear(mstatus, STATUS_FS);
  csr_set(mstatus, STATUS_FS_INITIAL);
  csr_write(fcsr, 0x21);
  check_equal("FS after a write to fcsr", csr_read(mstatus) & STATUS_FS, STATUS_FS);
  check_equal("fcsr fields", csr_read(fcsr), csr_read(frm) << 5 | csr_read(fflags));
  csr_write(fcsr, 0);
}
