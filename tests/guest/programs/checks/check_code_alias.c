// SPDX-License-Identifier: Apache-2.0
// Code and address translation: one physical page under two addresses, one address over two physical pages, and code that
// lies across two pages of which one is exchanged. A cache of translated code that is keyed by physical address must still
// give each alias its own pc; one keyed by virtual address must notice that the page behind it changed.
// What the specification demands: fence.i is needed for bytes that were stored, sfence.vma for translations that changed.
// Where only the mapping changes and the bytes of each physical page stay, sfence.vma alone is enough, because fetches
// behave as if they went to memory by physical address.
// Parameters: iterations= rounds.
// Source:     RISC-V unprivileged specification 20191213, chapter 3; privileged specification 1.12, section 4.2.1.
#include "checks/shared/checks.h"
#include "encode.h"
#include "paging.h"
#include "privilege.h"
#include "random.h"

enum { ASID = 2, FRAMES = 2 };
#define FIRST TEST_BASE
#define SECOND (TEST_BASE + 37 * PAGE_BYTES)

// Offsets in a frame.
enum { WHERE_AM_I = 0, WHO_AM_I = 64, LINK = 128, LOOP = 192, LAST_HALF = 0xffe };

static Space space;
static uint64_t frames[FRAMES];

// Three addresses that a function can find out: its own pc, the return address of a call, and the target of a loop.
static void fill(uint64_t frame, unsigned tag) {
  store_code(frame + WHERE_AM_I, encode_auipc(REG_A0, 0));
  store_code(frame + WHERE_AM_I + 4, encode_ret());
  store_code(frame + WHO_AM_I, encode_addi(REG_A0, REG_ZERO, (int)tag));
  store_code(frame + WHO_AM_I + 4, encode_ret());
  store_code(frame + LINK, encode_jal(REG_A0, 8));
  store_code(frame + LINK + 8, encode_ret());
  store_code(frame + LOOP, encode_addi(REG_T0, REG_ZERO, 20));
  store_code(frame + LOOP + 4, encode_auipc(REG_A0, 0));
  store_code(frame + LOOP + 8, encode_addi(REG_T0, REG_T0, -1));
  store_code(frame + LOOP + 12, encode_bne(REG_T0, REG_ZERO, -8));
  store_code(frame + LOOP + 16, encode_ret());
  // addi a0, zero, tag from offset 0xffe on: its upper half is the first half of the next page.
  *(volatile uint16_t*)(frame + LAST_HALF) = (uint16_t)encode_addi(REG_A0, REG_ZERO, 0);
}

static void map(uint64_t address, unsigned frame) { space_map(&space, address, frames[frame], LEVEL_PAGE, PTE_RWX); }

static void expect_at(const char* what, uint64_t base, unsigned tag) {
  check_equal(what, call_code(base + WHERE_AM_I), base + WHERE_AM_I);
  check_equal(what, call_code(base + WHO_AM_I), tag);
  check_equal(what, call_code(base + LINK), base + LINK + 4);
  check_equal(what, call_code(base + LOOP), base + LOOP + 4);
}

static uint64_t two_addresses_body(uint64_t rounds) {
  Hart* self = hart_self();
  map(FIRST, 0);
  map(SECOND, 0);
  sfence_all();
  for (uint64_t round = 0; round < rounds; ++round) {
    expect_at("first alias", FIRST, 100);
    expect_at("second alias", SECOND, 100);
    // A change through any alias reaches all of them, after fence.i.
    unsigned tag = (unsigned)random_below(self, 2048);
    uint64_t written = round % 3 == 0 ? FIRST : round % 3 == 1 ? SECOND : frames[0];
    store_code(written + WHO_AM_I, encode_addi(REG_A0, REG_ZERO, (int)tag));
    fence_i();
    expect_at("first alias, changed", FIRST, tag);
    expect_at("second alias, changed", SECOND, tag);
    store_code(frames[0] + WHO_AM_I, encode_addi(REG_A0, REG_ZERO, 100));
    fence_i();
  }
  return 0;
}

static uint64_t two_frames_body(uint64_t rounds) {
  for (uint64_t round = 0; round < rounds; ++round) {
    unsigned frame = round & 1;
    map(FIRST, frame);
    sfence_page(FIRST);
    expect_at("frame exchanged", FIRST, 100 + frame);
    // The code moves to another address, and the old address goes away.
    map(SECOND, frame);
    *space_slot(&space, FIRST, LEVEL_PAGE) = 0;
    sfence_page(FIRST);
    sfence_page(SECOND);
    expect_at("code moved", SECOND, 100 + frame);
  }
  return 0;
}

static uint64_t straddling_body(uint64_t rounds) {
  static uint64_t tails[FRAMES];
  for (unsigned i = 0; i < FRAMES; ++i) {
    if (tails[i] == 0) tails[i] = (uint64_t)pages_allocate(1);
    store_code_16(tails[i], (uint16_t)(encode_addi(REG_A0, REG_ZERO, (int)(500 + i)) >> 16));
    store_code(tails[i] + 2, encode_ret());
  }
  fence_i();
  for (uint64_t round = 0; round < rounds; ++round) {
    unsigned head = round >> 1 & 1, tail = round & 1;
    map(FIRST, head);
    space_map(&space, FIRST + PAGE_BYTES, tails[tail], LEVEL_PAGE, PTE_RWX);
    sfence_page(FIRST);
    sfence_page(FIRST + PAGE_BYTES);
    check_equal("instruction across two pages", call_code(FIRST + LAST_HALF), 500 + tail);
  }
  return 0;
}

// Straight-line code that runs from one page into the next, and a jump back: both pages are exchanged in turn.
static uint64_t chained_body(uint64_t rounds) {
  enum { RUN = 0xff0 };
  for (unsigned i = 0; i < FRAMES; ++i) {
    store_code(frames[i] + RUN, encode_addi(REG_A0, REG_ZERO, (int)(16 * (i + 1))));
    store_code(frames[i] + RUN + 4, encode_jal(REG_ZERO, 0x1000 + 256 - RUN - 4));
    store_code(frames[i] + 256, encode_addi(REG_A0, REG_A0, (int)(i + 1)));
    store_code(frames[i] + 260, encode_ret());
  }
  fence_i();
  for (uint64_t round = 0; round < rounds; ++round) {
    unsigned first = round & 1, second = round >> 1 & 1;
    map(FIRST, first);
    map(FIRST + PAGE_BYTES, second);
    sfence_asid(ASID);
    check_equal("jump into the next page", call_code(FIRST + RUN), 16 * (first + 1) + second + 1);
    map(FIRST + PAGE_BYTES, second ^ 1);
    sfence_page(FIRST + PAGE_BYTES);
    check_equal("jump into the next page, exchanged", call_code(FIRST + RUN), 16 * (first + 1) + (second ^ 1) + 1);
  }
  return 0;
}

static void run(uint64_t (*body)(uint64_t)) {
  if (frames[0] == 0) {
    space = space_create(39, ASID);
    for (unsigned i = 0; i < FRAMES; ++i) frames[i] = (uint64_t)pages_allocate(1);
  }
  for (unsigned i = 0; i < FRAMES; ++i) fill(frames[i], 100 + i);
  fence_i();
  space_enter(&space);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, body, parameter("iterations", 2000));
}

static void two_addresses(Hart* self) {
  (void)self;
  run(two_addresses_body);
}
static void two_frames(Hart* self) {
  (void)self;
  run(two_frames_body);
}
static void straddling(Hart* self) {
  (void)self;
  run(straddling_body);
}
static void chained(Hart* self) {
  (void)self;
  run(chained_body);
}

static const Check checks[] = {
    {"two_addresses", two_addresses, 1}, {"two_frames", two_frames, 1}, {"straddling", straddling, 1}, {"chained", chained, 1}};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
