// SPDX-License-Identifier: Apache-2.0
// Page tables and addresses that must fault, whatever the permissions say.
// Source: RISC-V privileged specification 1.12, sections 4.3.1 (reserved bits, canonical addresses), 4.3.2 (steps 1-6).
#include "check_paging.h"
#include "encode.h"

static const Setting supervisor = {MODE_SUPERVISOR, false, false, false};

static void expect_faults(const char* what, const Space* space, uint64_t address) {
  sfence_all();
  for (AccessKind kind = ACCESS_LOAD; kind <= ACCESS_FETCH; ++kind) {
    uint64_t cause = attempt(space, kind, address, supervisor, 0);
    check(cause == page_fault_of(kind), what, "0x%lx kind %u: cause %ld", address, kind, (long)cause);
  }
}

static void expect_works(const char* what, const Space* space, uint64_t address) {
  sfence_all();
  for (AccessKind kind = ACCESS_LOAD; kind <= ACCESS_FETCH; ++kind) {
    uint64_t cause = attempt(space, kind, address, supervisor, 0);
    check(cause == NO_TRAP, what, "0x%lx kind %u: cause %ld", address, kind, (long)cause);
  }
}

static uint64_t filled_frame(void) {
  uint64_t frame = (uint64_t)pages_allocate(1);
  attempt_fill(frame);
  return frame;
}

void malformed_entries(Hart* self) {
  (void)self;
  Space space = space_create(39, 1);
  uint64_t frame = filled_frame();
  uint64_t* entry = space_slot(&space, TEST_BASE, LEVEL_PAGE);
  *entry = pte_leaf(frame, PTE_RWX);
  expect_works("good entry", &space, TEST_BASE);
  // Bits 54 to 60 are reserved by every version of the specification.
  for (unsigned bit = 54; bit <= 60; ++bit) {
    *entry = pte_leaf(frame, PTE_RWX) | 1ull << bit;
    expect_faults("reserved bit", &space, TEST_BASE);
  }
  // A pointer in the last level.
  *entry = frame >> 12 << 10 | PTE_V;
  expect_faults("pointer at level 0", &space, TEST_BASE);
  // The software's bits mean nothing.
  *entry = pte_leaf(frame, PTE_RWX) | PTE_SOFTWARE_0 | PTE_SOFTWARE_1;
  expect_works("software bits", &space, TEST_BASE);
  // Invalid entries further up, with all other bits set.
  *space_slot(&space, TEST_BASE, LEVEL_MEGAPAGE) &= ~PTE_V;
  expect_faults("invalid entry at level 1", &space, TEST_BASE);
  *space_slot(&space, TEST_BASE + GIGAPAGE_BYTES, LEVEL_GIGAPAGE) = ~(0x7full << 54) & ~(7ull << 61) & ~PTE_V;
  expect_faults("invalid entry at level 2", &space, TEST_BASE + GIGAPAGE_BYTES);
}

void misaligned_superpages(Hart* self) {
  (void)self;
  Space space = space_create(39, 1);
  uint64_t frames = (uint64_t)pages_allocate_aligned(512, MEGAPAGE_BYTES);
  attempt_fill(frames);
  uint64_t* mega = space_slot(&space, TEST_BASE, LEVEL_MEGAPAGE);
  *mega = pte_leaf(frames, PTE_RWX);
  expect_works("aligned megapage", &space, TEST_BASE);
  *mega = pte_leaf(frames + PAGE_BYTES, PTE_RWX);
  expect_faults("misaligned megapage", &space, TEST_BASE);
  uint64_t* giga = space_slot(&space, TEST_BASE + 4 * GIGAPAGE_BYTES, LEVEL_GIGAPAGE);
  *giga = pte_leaf(frames & ~(GIGAPAGE_BYTES - 1), PTE_RWX);
  uint64_t inside = TEST_BASE + 4 * GIGAPAGE_BYTES + (frames & (GIGAPAGE_BYTES - 1));
  expect_works("aligned gigapage", &space, inside);
  *giga = pte_leaf((frames & ~(GIGAPAGE_BYTES - 1)) + MEGAPAGE_BYTES, PTE_RWX);
  expect_faults("misaligned gigapage", &space, inside);
}

void not_canonical(Hart* self) {
  (void)self;
  static const unsigned widths[] = {39, 48, 57};
  for (unsigned i = 0; i < 3; ++i) {
    unsigned bits = widths[i];
    if (!paging_supported(bits)) continue;
    Space space = space_create(bits, 1);
    // The same low bits are mapped, once in each half.
    space_map(&space, TEST_BASE, filled_frame(), LEVEL_PAGE, PTE_RWX);
    space_map(&space, 1ull << (bits - 1), filled_frame(), LEVEL_PAGE, PTE_RWX);
    expect_works("canonical low address", &space, TEST_BASE);
    expect_faults("high bits set above a low address", &space, TEST_BASE | 1ull << 63);
    expect_faults("bit above the highest", &space, TEST_BASE | 1ull << bits);
    expect_faults("top bit not copied upwards", &space, 1ull << (bits - 1));
  }
}

void high_half(Hart* self) {
  (void)self;
  static const unsigned widths[] = {39, 48, 57};
  for (unsigned i = 0; i < 3; ++i) {
    unsigned bits = widths[i];
    if (!paging_supported(bits)) continue;
    Space space = space_create(bits, 1);
    uint64_t lowest = ~0ull << (bits - 1), highest = ~0ull << 12;
    space_map(&space, lowest, filled_frame(), LEVEL_PAGE, PTE_RWX);
    space_map(&space, highest, filled_frame(), LEVEL_PAGE, PTE_RWX);
    expect_works("lowest page of the high half", &space, lowest);
    expect_works("highest page of all", &space, highest);
  }
}

// An instruction of four bytes whose second half lies in a page that is not there.
void straddling_fetch(Hart* self) {
  Space space = space_create(39, 1);
  uint64_t frame = filled_frame();
  store_code(frame + PAGE_BYTES - 2, encode_addi(REG_A0, REG_ZERO, 1));
  fence_i();
  space_map(&space, TEST_BASE, frame, LEVEL_PAGE, PTE_RWX);
  sfence_all();
  space_enter(&space);
  uint64_t start = TEST_BASE + PAGE_BYTES - 2;
  uint64_t cause = privilege_try(MODE_SUPERVISOR, start, 0, 0);
  check_equal("cause of a straddling fetch", cause, CAUSE_FETCH_PAGE);
  check_equal("mepc of a straddling fetch", self->trap.epc, start);
  check_equal("mtval of a straddling fetch", self->trap.tval, start + 2);
}

void asid_width(Hart* self) {
  (void)self;
  unsigned bits = asid_bits();
  csr_write(satp, 8ull << 60 | 0xffffull << 44);
  check_equal("ASID bits are the low ones", csr_read(satp) >> 44 & 0xffff, (1u << bits) - 1);
  // An unsupported mode leaves satp as it was.
  uint64_t before = csr_read(satp);
  csr_write(satp, 5ull << 60 | 123);
  check_equal("satp after a reserved mode", csr_read(satp), before);
  csr_write(satp, 0);
  print("NOTE asid_bits=%u sv48=%d sv57=%d\n", bits, paging_supported(48), paging_supported(57));
}
