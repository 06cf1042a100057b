// SPDX-License-Identifier: Apache-2.0
// Threads come and go with their answers; mutexes exclude, ours on the bare futex and the library's; a token goes round.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "checks.h"
#include "crew.h"
#include "pattern.h"

enum { CHURN = 16, PAIRS = 4, LOCKED_STEPS = 4000, FUTEX_STEPS = 2000, TOKEN_STEPS = 100 };

//  state |  meaning
//    0   |  free
//    1   |  held, nobody waits
//    2   |  held, someone may wait: unlock must wake
// Source: Drepper, "Futexes are tricky", 2011, mutex 2.
typedef struct {
  atomic_uint state;
} FutexLock;

static void futex_lock(FutexLock* lock) {
  unsigned state = 0;
  if (atomic_compare_exchange_strong(&lock->state, &state, 1)) return;
  if (state != 2) state = atomic_exchange(&lock->state, 2);
  while (state != 0) {
    syscall(SYS_futex, &lock->state, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
    state = atomic_exchange(&lock->state, 2);
  }
}

static void futex_unlock(FutexLock* lock) {
  if (atomic_exchange(&lock->state, 0) == 2) syscall(SYS_futex, &lock->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

typedef struct {
  pthread_mutex_t mutex[PAIRS];
  struct {
    _Alignas(64) uint64_t up, down;  // up + down == 0 whenever the mutex is free
  } pair[PAIRS];
  FutexLock futex;
  uint64_t under_futex;
  pthread_mutex_t turn_mutex;
  pthread_cond_t turn_changed;
  unsigned turn;
} Shared;

static void* answer(void* argument) { return (void*)pattern_word(11, (uintptr_t)argument); }

static void churn(const Member* member) {
  unsigned long total = crew_share(member, (unsigned long)CHURN * member->load->rounds);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 << 10);
  for (unsigned long i = 0; i < total; i += 2) {
    pthread_t thread[2];
    void* result[2];
    for (unsigned k = 0; k < 2; k++)
      if (!expect(pthread_create(&thread[k], &attributes, answer, (void*)(i + k)) == 0, "pthread_create failed")) return;
    for (unsigned k = 0; k < 2; k++) {
      pthread_join(thread[k], &result[k]);
      expect(result[k] == (void*)pattern_word(11, i + k), "thread %lu returned %p", i + k, result[k]);
    }
  }
  pthread_attr_destroy(&attributes);
}

static void exclude(const Member* member, Shared* shared) {
  unsigned long total = crew_share(member, (unsigned long)LOCKED_STEPS * member->load->rounds);
  for (unsigned long i = 0; i < total; i++) {
    unsigned k = pattern_word(member->index, i) % PAIRS;
    pthread_mutex_lock(&shared->mutex[k]);
    expect(shared->pair[k].up + shared->pair[k].down == 0, "two threads were inside mutex %u", k);
    shared->pair[k].up++;
    shared->pair[k].down--;
    pthread_mutex_unlock(&shared->mutex[k]);
  }
  total = crew_share(member, (unsigned long)FUTEX_STEPS * member->load->rounds);
  for (unsigned long i = 0; i < total; i++) {
    futex_lock(&shared->futex);
    shared->under_futex++;
    futex_unlock(&shared->futex);
  }
}

static void pass_token(const Member* member, Shared* shared) {
  unsigned total = TOKEN_STEPS * member->load->rounds;
  for (unsigned next = member->index; next < total; next += member->load->crew) {
    pthread_mutex_lock(&shared->turn_mutex);
    while (shared->turn != next) pthread_cond_wait(&shared->turn_changed, &shared->turn_mutex);
    shared->turn = next + 1;
    pthread_cond_broadcast(&shared->turn_changed);
    pthread_mutex_unlock(&shared->turn_mutex);
  }
}

static void work(const Member* member) {
  churn(member);
  exclude(member, member->shared);
  pass_token(member, member->shared);
}

void check_threads(const Load* load) {
  static Shared shared = {.turn_mutex = PTHREAD_MUTEX_INITIALIZER, .turn_changed = PTHREAD_COND_INITIALIZER};
  for (unsigned k = 0; k < PAIRS; k++) pthread_mutex_init(&shared.mutex[k], NULL);
  crew_run(load, work, &shared);
  uint64_t sum = 0;
  for (unsigned k = 0; k < PAIRS; k++) sum += shared.pair[k].up;
  uint64_t locked = (uint64_t)LOCKED_STEPS * load->rounds, under_futex = (uint64_t)FUTEX_STEPS * load->rounds;
  expect(sum == locked, "mutex counters: %lu instead of %lu", sum, locked);
  expect(shared.under_futex == under_futex, "futex counter: %lu instead of %lu", shared.under_futex, under_futex);
  check_detail("%u threads made, %lu mutex and %lu futex sections, %u token passes", CHURN * load->rounds, locked, under_futex,
               TOKEN_STEPS * load->rounds);
}
