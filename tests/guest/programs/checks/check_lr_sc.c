// SPDX-License-Identifier: Apache-2.0
// Load-reserved and store-conditional: when SC must fail (another hart stored, even the same value; there was another SC),
// and that a loop of the constrained form succeeds in the end. SC may fail at any time, so the checks of failure are exact.
// Parameters: iterations= rounds.
// Source:     RISC-V unprivileged specification 20191213, section 8.2 ("an SC must fail if a store from another hart to the
//             reservation set can be observed to occur between LR and SC"), 8.3 (eventual success); RVWMO rule of atomicity.
#include "board.h"
#include "checks/shared/checks.h"
#include "pages.h"
#include "paging.h"
#include "privilege.h"
#include "random.h"

typedef struct {
  volatile uint64_t word __attribute__((aligned(64)));
  uint64_t turn __attribute__((aligned(64)));  // odd: hart 0 holds a reservation; even: hart 1 has stored
} Field;

static Field* field;
static uint64_t alias;  // another address of field->word, where paging is on

// How hart 1 stores between hart 0's LR and SC. The word holds `value` before.
static void store_same(volatile uint64_t* word, uint64_t value) { *word = value; }
static void store_aba(volatile uint64_t* word, uint64_t value) {
  *word = value + 1;
  fence_full();
  *word = value;
}
static void store_byte(volatile uint64_t* word, uint64_t value) { *(volatile uint8_t*)word = (uint8_t)value; }
static void store_upper_word(volatile uint64_t* word, uint64_t value) { ((volatile uint32_t*)word)[1] = (uint32_t)(value >> 32); }
static void store_float(volatile uint64_t* word, uint64_t value) {
  __asm__ volatile("fmv.d.x fa0, %0\n fsd fa0, 0(%1)" ::"r"(value), "r"(word) : "fa0", "memory");
}
static void store_compressed(volatile uint64_t* word, uint64_t value) {
  register uint64_t a4 __asm__("a4") = value;
  register volatile uint64_t* a5 __asm__("a5") = word;
  __asm__ volatile("c.sd a4, 0(a5)" ::"r"(a4), "r"(a5) : "memory");
}
static void swap_same(volatile uint64_t* word, uint64_t value) { __atomic_exchange_n(word, value, __ATOMIC_RELAXED); }
static void add_zero(volatile uint64_t* word, uint64_t value) {
  (void)value;
  uint64_t zero = 0;
  __asm__ volatile("amoadd.d zero, %0, (%1)" ::"r"(zero), "r"(word) : "memory");
}
static void or_half(volatile uint64_t* word, uint64_t value) {
  (void)value;
  uint64_t zero = 0;
  __asm__ volatile("amoor.w zero, %0, (%1)" ::"r"(zero), "r"(word) : "memory");
}
static void conditional_same(volatile uint64_t* word, uint64_t value) {
  uint64_t failed, old;
  do {
    __asm__ volatile("lr.d %1, (%2)\n sc.d %0, %3, (%2)" : "=&r"(failed), "=&r"(old) : "r"(word), "r"(value) : "memory");
  } while (failed);
}
static void store_misaligned(volatile uint64_t* word, uint64_t value) {
  // The lower half of the word is the upper half of this access; the doubleword before it is 0.
  __asm__ volatile("sd %0, -4(%1)" ::"r"(value << 32), "r"(word) : "memory");
}

typedef struct {
  const char* name;
  void (*store)(volatile uint64_t* word, uint64_t value);
} Way;
static const Way ways[] = {{"plain store of the same value", store_same},
                           {"stores of B, then A", store_aba},
                           {"byte store", store_byte},
                           {"store of the upper word", store_upper_word},
                           {"floating-point store", store_float},
                           {"compressed store", store_compressed},
                           {"amoswap of the same value", swap_same},
                           {"amoadd of 0", add_zero},
                           {"amoor.w of 0", or_half},
                           {"SC of the same value", conditional_same},
                           {"misaligned store over it", store_misaligned}};
enum { WAYS = sizeof ways / sizeof ways[0] };

static void wait_for(uint64_t turn) { spin_until(__atomic_load_n(&field->turn, __ATOMIC_ACQUIRE) == turn); }
static void set_turn(uint64_t turn) { __atomic_store_n(&field->turn, turn, __ATOMIC_RELEASE); }

// LR, let hart 1 store, SC; returns SC's result. Nothing else of hart 0 touches the word's line.
static uint64_t reserve_and_store(uint64_t turn) {
  uint64_t old, failed;
  volatile uint64_t* word = &field->word;
  __asm__ volatile("lr.d.aq %0, (%1)" : "=r"(old) : "r"(word) : "memory");
  set_turn(turn + 1);
  wait_for(turn + 2);
  __asm__ volatile("sc.d.rl %0, %2, (%1)" : "=r"(failed) : "r"(word), "r"(old + 1) : "memory");
  return failed;
}

static void hart_0(const Way* way, uint64_t rounds) {
  for (uint64_t i = 0; i < rounds; ++i) {
    uint64_t turn = field->turn;
    field->word = i << 32 | i;
    uint64_t failed = reserve_and_store(turn);
    check(failed != 0, "SC after another hart's store", "%s: SC succeeded in round %lu", way->name, i);
    check_equal(way->name, field->word, i << 32 | i);
  }
}

static void hart_1(const Way* way, uint64_t rounds, volatile uint64_t* word) {
  uint64_t turn = 0;
  for (uint64_t i = 0; i < rounds; ++i, turn += 2) {
    wait_for(turn + 1);
    way->store(word, i << 32 | i);
    fence_full();
    set_turn(turn + 2);
  }
}

static Barrier pair;

static void play(Hart* self, const Way* way, volatile uint64_t* word) {
  uint64_t rounds = parameter("iterations", 500);
  barrier_wait(&pair, 2);
  if (self->id == 0) {
    hart_0(way, rounds);
  } else {
    hart_1(way, rounds, word);
  }
  barrier_wait(&pair, 2);
  if (self->id == 0) field->turn = 0;
  barrier_wait(&pair, 2);
}

static void prepare(Hart* self) {
  if (self->id == 0 && field == 0) field = pages_allocate(1);
  barrier_wait(&pair, 2);
}

static void play_way(Hart* self, unsigned first, unsigned last) {
  prepare(self);
  for (unsigned i = first; i <= last; ++i) play(self, &ways[i], &field->word);
}
static void same_value(Hart* self) { play_way(self, 0, 0); }
static void value_comes_back(Hart* self) { play_way(self, 1, 1); }
static void parts_of_the_word(Hart* self) { play_way(self, 2, 5); }
static void atomics_of_the_same_value(Hart* self) { play_way(self, 6, 9); }
static void misaligned_store(Hart* self) { play_way(self, 10, 10); }

static uint64_t alias_body(uint64_t argument) {
  (void)argument;
  Hart* self = hart_self();
  play(self, &ways[0], (volatile uint64_t*)alias);
  play(self, &ways[1], (volatile uint64_t*)alias);
  return 0;
}

// Hart 1 stores through another virtual address of the same word: reservations are about physical memory.
static void other_address(Hart* self) {
  static Space space;
  prepare(self);
  if (self->id == 0) {
    space = space_create(39, 1);
    space_map(&space, TEST_BASE, (uint64_t)field & ~(PAGE_BYTES - 1), LEVEL_PAGE, PTE_RW);
    alias = TEST_BASE + ((uint64_t)field & (PAGE_BYTES - 1));
  }
  barrier_wait(&pair, 2);
  space_enter(&space);
  sfence_all();
  privilege_call(MODE_SUPERVISOR, alias_body, 0);
}

// One hart alone: a second SC, an SC without LR, an SC elsewhere.
static void one_hart(Hart* self) {
  (void)self;
  static uint64_t a __attribute__((aligned(4096))), b __attribute__((aligned(4096)));
  for (uint64_t i = 0; i < parameter("iterations", 500); ++i) {
    uint64_t first, second, old;
    a = i;
    __asm__ volatile("lr.d %2, (%3)\n sc.d %0, %4, (%3)\n sc.d %1, %4, (%3)"
                     : "=&r"(first), "=&r"(second), "=&r"(old)
                     : "r"(&a), "r"(i + 1)
                     : "memory");
    check(second != 0, "second SC", "succeeded in round %lu", i);
    check_equal("word after SC", a, first ? i : i + 1);
    // An SC to another address, whether it succeeds or not, ends the reservation; these two words are pages apart.
    __asm__ volatile("lr.d %2, (%3)\n sc.d %0, %4, (%5)\n sc.d %1, %4, (%3)"
                     : "=&r"(first), "=&r"(second), "=&r"(old)
                     : "r"(&a), "r"(~i), "r"(&b)
                     : "memory");
    check(second != 0, "SC after an SC elsewhere", "succeeded in round %lu", i);
    // The word form sign-extends, and leaves the other half alone.
    uint64_t word_old = 0, failed = 1;
    a = 0x1122334480000000ull;
    for (unsigned tries = 0; failed && tries < 1000; ++tries) {
      __asm__ volatile("lr.w %1, (%2)\n sc.w %0, zero, (%2)" : "=&r"(failed), "=&r"(word_old) : "r"(&a) : "memory");
    }
    check_equal("lr.w and sc.w succeed", failed, 0);
    check_equal("lr.w sign-extends", word_old, 0xffffffff80000000ull);
    check_equal("sc.w stores a word", a, 0x1122334400000000ull);
  }
}

static uint64_t contended_sum __attribute__((aligned(64)));

static void add_with_lr_sc(uint64_t* word) {
  uint64_t old, failed;
  __asm__ volatile("1: lr.d %0, (%2)\n addi %0, %0, 1\n sc.d %1, %0, (%2)\n bnez %1, 1b"
                   : "=&r"(old), "=&r"(failed)
                   : "r"(word)
                   : "memory");
}

// Constrained loops on all harts make progress, and lose no increment; mixed with AMOs on the same word.
static void contended_counter(Hart* self) {
  uint64_t rounds = 40 * parameter("iterations", 500);
  if (self->id == 0) contended_sum = 0;
  barrier_all();
  for (uint64_t i = 0; i < rounds; ++i) {
    if (i % 4 == 3) {
      __atomic_fetch_add(&contended_sum, 1, __ATOMIC_RELAXED);
    } else {
      add_with_lr_sc(&contended_sum);
    }
  }
  barrier_all();
  check_equal("sum of all increments", contended_sum, rounds * hart_count);
}

static const Check checks[] = {
    {"one_hart", one_hart, 1},
    {"contended_counter", contended_counter, 0},
    {"same_value", same_value, 2},
    {"value_comes_back", value_comes_back, 2},
    {"parts_of_the_word", parts_of_the_word, 2},
    {"atomics_of_the_same_value", atomics_of_the_same_value, 2},
    {"misaligned_store", misaligned_store, 2},
    {"other_address", other_address, 2},
};

void program_main(Hart* self) { CHECKS_RUN(self, checks); }
