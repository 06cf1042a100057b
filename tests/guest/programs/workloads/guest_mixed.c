// SPDX-License-Identifier: Apache-2.0
// All layers at once, in one shared space: private computing, page touches, shootdowns, changing code, device registers.
// Parameters: iterations= turns a hart; pages= touched (a power of two); paging= 39, 48 or 57;
//             compute= rounds of private work a turn (the share of the layers falls as it grows).
#include "barrier.h"
#include "board.h"
#include "console.h"
#include "encode.h"
#include "ipi.h"
#include "parameters.h"
#include "plic.h"
#include "privilege.h"
#include "random.h"
#include "result.h"
#include "shared/page_set.h"
#include "shared/patched_code.h"
#include "shared/remap.h"
#include "timer.h"

static Space space;
static FramePool pool;
static PageSet pages;
static PatchedCode codes[HART_LIMIT];
static uint32_t* counts[HART_LIMIT];

#define PAGES_BASE_OFFSET 0x40000000ull
#define CODE_BASE_OFFSET 0x80000000ull

static uint64_t compute(uint64_t x, uint64_t rounds) {
  for (uint64_t i = 0; i < rounds; ++i) x = scatter(x) + i;
  return x;
}

static void change_code(Hart* self, uint64_t turn) {
  PatchedCall call = patched_code_change(self, &codes[self->id], turn);
  fence_i();
  check_equal("changed code", call_code(call.entry), call.answer);
}

static void look_at_devices(const Hart* self) {
  check((uart_read(UART_LSR) & 0x80) == 0, "uart", "LSR reports an error in the FIFO");
  unsigned enabled = read_32(PLIC_ENABLE(plic_context(self->id, MODE_MACHINE), PLIC_SOURCE_UART));
  check_equal("PLIC enable", enabled, 1u << PLIC_SOURCE_UART);
}

static uint64_t mixed(uint64_t turns) {
  Hart* self = hart_self();
  uint64_t work = parameter("compute", 500), remaps = 0, changes = 0, sum = 0;
  barrier_all();
  Measurement start = measure_begin();
  for (uint64_t turn = 0; turn < turns; ++turn) {
    sum = compute(sum, work);
    page_set_touch(self, &pages, 32, counts[self->id]);
    remap_observe(self, random_below(self, hart_count));
    if (turn % 16 == 3) look_at_devices(self);
    if (turn % 32 == 7) change_code(self, changes++);
    if (turn % 64 == 11) remap_turn(self, remaps++);
  }
  Measurement span = measure_end(start);
  barrier_all();
  page_set_verify(self, pool, counts[self->id]);
  result_print("guest_mixed", self, sum, turns, span, "remaps=%lu changes=%lu ipis=%lu", remaps, changes,
               self->interrupts[INTERRUPT_MACHINE_SOFTWARE]);
  return 0;
}

static void build(unsigned bits) {
  space = space_create(bits, 1);
  remap_prepare(&space);
  pool = frame_pool_create(parameter("pages", 512));
  pages = page_set_map(&space, TEST_BASE + PAGES_BASE_OFFSET, pool, 5);
  for (unsigned hart = 0; hart < hart_count; ++hart) {
    codes[hart] = patched_code_create(&space, TEST_BASE + CODE_BASE_OFFSET + hart * MEGAPAGE_BYTES);
    counts[hart] = pages_allocate((pool.count * 4 + PAGE_BYTES - 1) / PAGE_BYTES);
  }
}

void program_main(Hart* self) {
  unsigned bits = (unsigned)parameter("paging", 39);
  check(paging_supported(bits), "paging", "satp does not take Sv%u", bits);
  if (self->id == 0) build(bits);
  barrier_all();
  fence_i();
  ipi_serve(self);
  // Priority 0: the source stays silent, and the register has something to say.
  plic_enable(plic_context(self->id, MODE_MACHINE), PLIC_SOURCE_UART, true);
  space_enter(&space);
  sfence_all();
  timer_tick_every(self, TIMEBASE / 100);
  privilege_call(MODE_SUPERVISOR, mixed, parameter("iterations", 20000));
  timer_tick_stop(self);
  barrier_all();
  if (self->id == 0) remap_verify();
}
