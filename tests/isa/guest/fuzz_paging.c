// SPDX-License-Identifier: Apache-2.0
// Random page tables (Sv39, Sv48, Sv57) and one access through each: what happens is printed, a line a case. Parameters: seed, cases.
//
// A case is a path of entries from the root to a leaf at any level, each with random flags and, seldom, what the manual reserves: a
// pointer with U, A or D, W without R, high bits, a misaligned superpage, an address that is not canonical. Fields of a line:
//   P case bits level mode how sum mxr kind address : cause tval epc a0 : the entries afterwards, root first : the memory afterwards
// `how`: 0 by the mode itself, 1 by MPRV.
//
// Left out: a page table outside RAM. QEMU 7.2 calls it a page fault; the manual (Privileged 1.12, 4.3.2 step 2) an access fault.
// A misaligned access of which a part leads outside RAM: which part faults first, what tval then is, and what of a store has been done, is
// open, and QEMU splits it otherwise than this machine.
// And SC: without a reservation QEMU fails it without an access.
#include "attempt.h"
#include "console.h"
#include "hart.h"
#include "paging.h"
#include "parameters.h"
#include "random.h"
#include "trap.h"

enum { LEVELS = 5, CODE_INDEX = 1, CODE_SUPERVISOR = 0, CODE_USER = 1 };
#define PTE_RESERVED_SHIFT 54

static uint64_t* path[LEVELS];  // the case's tables by level
static uint64_t* code[LEVELS];  // those that map attempt_page
static uint8_t* target;         // a megapage of RAM that cases may access
static Hart* self;

static bool one_in(unsigned n) { return random_below(self, n) == 0; }

static uint64_t pointer_to(const uint64_t* table) { return (uint64_t)table >> 12 << 10 | PTE_V; }

static void clear(uint64_t* table) {
  for (unsigned i = 0; i < 512; ++i) table[i] = 0;
}

static void map_code(void) {
  for (unsigned level = 0; level < LEVELS; ++level) code[level] = pages_allocate(1);
  code[0][CODE_SUPERVISOR] = pte_leaf((uint64_t)attempt_page, PTE_RX);
  code[0][CODE_USER] = pte_leaf((uint64_t)attempt_page, PTE_RX | PTE_U);
  for (unsigned level = 1; level < LEVELS; ++level) code[level][0] = pointer_to(code[level - 1]);
}

// Even words are ecall, so that a fetch ends at once; odd ones differ from each other.
static uint64_t content(uint64_t at) { return 0x73 | scatter(at) << 32; }

static void fill_target(uint64_t from, uint64_t to) {
  for (uint64_t at = from & ~7ull; at < to; at += 8) *(volatile uint64_t*)(target + at) = content(at);
}

static uint64_t random_pointer(const uint64_t* table) {
  uint64_t entry = pointer_to(table) | random_below(self, 4) << 8;
  switch (random_below(self, 40)) {
    case 0: return entry & ~PTE_V;
    case 1: return entry | PTE_U;
    case 2: return entry | PTE_A;
    case 3: return entry | PTE_D;
    case 4: return entry | PTE_W;
    case 5: return entry | 1ull << (PTE_RESERVED_SHIFT + random_below(self, 10));
    case 6: return entry | PTE_G;
    default: return entry;
  }
}

static uint64_t random_leaf(unsigned level, uint64_t physical, bool may_lead_nowhere) {
  uint64_t low = (1ull << (9 * level)) - 1;
  uint64_t page = (physical >> 12) & ~low;
  if (level > 0 && one_in(12)) page |= 1 + random_below(self, low);
  if (may_lead_nowhere && one_in(24)) page = 0x1000000 + (random_next(self) >> 24 << 18);  // a multiple of a gigapage outside RAM
  uint64_t flags = random_below(self, 256) << 1 | random_below(self, 4) << 8;
  if (!one_in(16)) flags |= PTE_V;
  // Above the lowest level a leaf without R, W and X would be a pointer, to a table anywhere.
  if (!one_in(4) || (level > 0 && (flags & (PTE_R | PTE_W | PTE_X)) == 0)) flags |= PTE_R;
  if (one_in(24)) flags |= 1ull << (PTE_RESERVED_SHIFT + random_below(self, 10));
  return (page & ((1ull << 44) - 1)) << 10 | (flags & 0xffc00000000003ffull);
}

static unsigned width_of(Access kind) {
  static const uint8_t widths[ACCESS_KINDS] = {1, 2, 4, 8, 1, 2, 4, 8, 4, 8, 4, 4, 8, 8};
  return widths[kind];
}

static bool may_cross(Access kind) { return kind != ACCESS_FETCH && (kind < ACCESS_AMOADD_W || kind > ACCESS_LR_W); }

static uint64_t extend(uint64_t address, unsigned bits) { return (uint64_t)((int64_t)(address << (64 - bits)) >> (64 - bits)); }

static void run_case(uint64_t number) {
  unsigned levels = 3 + (unsigned)random_below(self, 3);
  unsigned bits = 12 + 9 * levels;
  unsigned level = one_in(3) ? 0 : (unsigned)random_below(self, levels);
  Access kind = (Access)random_below(self, ACCESS_KINDS);
  unsigned mode = one_in(2) ? MODE_USER : MODE_SUPERVISOR;
  bool by_mprv = kind != ACCESS_FETCH && one_in(3);
  uint64_t status = (one_in(2) ? STATUS_SUM : 0) | (one_in(2) ? STATUS_MXR : 0);

  // Where the access lands in the target, and the virtual address that leads there: its low bits are fixed by the leaf's size.
  uint64_t page = 2 * random_below(self, 254);
  unsigned width = width_of(kind);
  uint64_t offset = random_below(self, 512 - 1) * 8;
  bool crosses = false;
  if (may_cross(kind) && one_in(4)) offset += random_below(self, 8);
  if (may_cross(kind) && width > 1 && one_in(6)) {
    offset = 4096 - 1 - random_below(self, width - 1);
    crosses = true;
  }
  if (!may_cross(kind) && kind != ACCESS_FETCH && one_in(16)) offset += random_below(self, width);
  uint64_t physical = (uint64_t)target + page * 4096 + offset;
  uint64_t low = (1ull << (12 + 9 * level)) - 1;
  uint64_t address = (random_next(self) & ~low) | (physical & low);
  // Not in the root entry of the code, and a next page in the same lowest table.
  uint64_t root_shift = bits - 9;
  address = (address & ~(511ull << root_shift)) | (2 + random_below(self, 510)) << root_shift;
  if (level == levels - 1) address = (address & ~low) | (physical & low);
  if (level == 0 && (address >> 12 & 511) == 511) address -= 4096;
  address = extend(address, bits);
  if (one_in(20)) address ^= 1ull << (bits - 1 + random_below(self, 65 - bits));

  for (unsigned i = 0; i < levels; ++i) clear(path[i]);
  uint64_t* slots[LEVELS];
  for (unsigned at = levels - 1;; --at) {
    slots[at] = &path[at][address >> (12 + 9 * at) & 511];
    if (at == level) break;
    *slots[at] = random_pointer(path[at - 1]);
  }
  bool aligned = offset % width == 0;
  *slots[level] = random_leaf(level, physical, aligned);
  uint64_t* next = level == 0 ? slots[0] + 1 : 0;
  if (next != 0) *next = random_leaf(0, physical + 4096, aligned);
  path[levels - 1][CODE_INDEX] = pointer_to(code[levels - 2]);
  csr_write(satp, (uint64_t)(levels + 5) << 60 | (uint64_t)path[levels - 1] >> 12);
  sfence_all();
  csr_clear(mstatus, STATUS_SUM | STATUS_MXR);
  csr_set(mstatus, status);
  uint64_t entry =
      ((uint64_t)CODE_INDEX << root_shift) + (mode == MODE_USER ? CODE_USER : CODE_SUPERVISOR) * 4096 + ATTEMPT_BYTES * (uint64_t)kind;
  Attempt got = by_mprv ? attempt_by_mprv(mode, kind, address) : attempt_below(mode, kind == ACCESS_FETCH ? address : entry, address);
  csr_clear(mstatus, STATUS_SUM | STATUS_MXR);
  csr_write(satp, 0);

  uint64_t entries[LEVELS + 1] = {0};
  for (unsigned i = 0; i < levels - level; ++i) entries[i] = *slots[levels - 1 - i];
  if (next != 0) entries[LEVELS] = *next;
  uint64_t at = page * 4096 + (offset & ~7ull);
  const volatile uint64_t* memory = (const volatile uint64_t*)(target + at);
  print("P %lu %u %u %u %u %u %u %u 0x%lx : %lu 0x%lx 0x%lx 0x%lx : %lx %lx %lx %lx %lx %lx : %lx %lx\n", number, bits, level, mode,
        by_mprv, (status & STATUS_SUM) != 0, (status & STATUS_MXR) != 0, (unsigned)kind, address, got.cause, got.tval, got.epc, got.value,
        entries[0], entries[1], entries[2], entries[3], entries[4], entries[5], memory[0], memory[1]);
  fill_target(at, at + 16);
  if (crosses) fill_target((page + 1) * 4096, (page + 1) * 4096 + 8);
}

void program_main(Hart* hart) {
  if (hart->id != 0) return;
  self = hart;
  random_seed(hart, parameter("seed", 1));
  uint64_t cases = parameter("cases", 1000);
  for (unsigned level = 0; level < LEVELS; ++level) path[level] = pages_allocate(1);
  target = pages_allocate_aligned(512, MEGAPAGE_BYTES);
  fill_target(0, MEGAPAGE_BYTES);
  map_code();
  for (uint64_t i = 0; i < cases; ++i) run_case(i);
}
