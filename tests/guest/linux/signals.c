// SPDX-License-Identifier: Apache-2.0
// Signals arrive, each exactly once, where they should: faults that a handler mends, queued storms between processes,
// and handshakes between threads.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checks.h"
#include "crew.h"
#include "pattern.h"

enum { PAGE = 4096, MENDS = 40, STORM = 100, HANDSHAKES = 30, SENDERS_MOST = 64 };

// --- Faults: the handler makes the page writable and returns; the same store then succeeds. ---

static volatile unsigned long mended;

static void mend(int number, siginfo_t* info, void* context) {
  (void)context;
  if (mprotect((void*)((uintptr_t)info->si_addr & -(uintptr_t)PAGE), PAGE, PROT_READ | PROT_WRITE) != 0) signal(number, SIG_DFL);
  mended++;
}

static void mend_faults(const Load* load) {
  struct sigaction action = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  char* page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!expect(page != MAP_FAILED, "mmap: %m")) return;
  unsigned long total = (unsigned long)MENDS * load->rounds;
  for (unsigned long i = 0; i < total; i++) {
    volatile uint64_t* word = (volatile uint64_t*)page + i % (PAGE / 8);
    *word = pattern_word(3, i);
    expect(*word == pattern_word(3, i), "the store that faulted left %lx", *word);
    expect(mprotect(page, PAGE, i % 2 ? PROT_NONE : PROT_READ) == 0, "mprotect: %m");
  }
  expect(mended == total, "%lu faults instead of %lu", mended, total);
  munmap(page, PAGE);
}

// --- Storms: each sender alternates between a signal that is waited for and one that is handled. ---

typedef struct {
  unsigned count, next[SENDERS_MOST];  // next: the number that each sender's next signal must carry
} Tally;
static Tally waited, handled;

static void count_in(Tally* tally, int value) {
  unsigned sender = (unsigned)value >> 20, number = value & 0xfffff;
  tally->count++;
  if (expect(sender < SENDERS_MOST, "a signal carried %x", value) &&
      expect(number == tally->next[sender], "sender %u: signal %u instead of %u", sender, number, tally->next[sender]))
    tally->next[sender]++;
}

static void on_storm(int number, siginfo_t* info, void* context) {
  (void)number, (void)context;
  count_in(&handled, info->si_value.sival_int);
}

static void __attribute__((noreturn)) send_storm(unsigned sender, unsigned each) {
  pid_t receiver = getppid();
  for (unsigned i = 0; i < 2 * each; i++) {
    union sigval value = {.sival_int = sender << 20 | i / 2};
    while (sigqueue(receiver, SIGRTMIN + i % 2, value) != 0) {
      if (!expect(errno == EAGAIN, "sigqueue: %m")) _exit(1);  // EAGAIN: the queue is full
      usleep(200);
    }
  }
  _exit(0);
}

static void storm(const Load* load) {
  unsigned each = (STORM * load->rounds + load->crew - 1) / load->crew;
  sigset_t to_wait;
  sigemptyset(&to_wait);
  sigaddset(&to_wait, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &to_wait, NULL);
  struct sigaction action = {.sa_sigaction = on_storm, .sa_flags = SA_SIGINFO};
  sigaction(SIGRTMIN + 1, &action, NULL);
  for (unsigned s = 0; s < load->crew; s++) {
    pid_t child = fork();
    if (child == 0) send_storm(s, each);
    expect(child > 0, "fork: %m");
  }
  unsigned total = each * load->crew;
  while ((waited.count < total || *(volatile unsigned*)&handled.count < total) && !check_has_failed()) {
    struct timespec a_while = {0, 20000000};
    siginfo_t info;
    if (sigtimedwait(&to_wait, &info, &a_while) > 0) count_in(&waited, info.si_value.sival_int);
  }
  for (unsigned s = 0; s < load->crew; s++) wait(NULL);
  struct timespec none = {0, 0};
  expect(sigtimedwait(&to_wait, NULL, &none) < 0 && handled.count == total, "more signals than were sent");
}

// --- Handshakes: each thread signals its neighbour, and waits for the neighbour's handler before the next one. ---

typedef struct {
  _Alignas(64) atomic_uint count;
  atomic_int thread;
} Mailbox;
static Mailbox mailboxes[SENDERS_MOST];
static _Thread_local Mailbox* own_mailbox;

static void on_handshake(int number) {
  (void)number;
  atomic_fetch_add(&own_mailbox->count, 1);
}

static void handshakes(const Member* member) {
  own_mailbox = &mailboxes[member->index];
  atomic_store(&own_mailbox->thread, (int)syscall(SYS_gettid));
  crew_wait(member);
  Mailbox* neighbour = &mailboxes[(member->index + 1) % member->load->crew];
  for (unsigned i = 1; i <= HANDSHAKES * member->load->rounds; i++) {
    expect(syscall(SYS_tgkill, getpid(), atomic_load(&neighbour->thread), SIGUSR1) == 0, "tgkill: %m");
    unsigned turns = 0;
    while (atomic_load(&neighbour->count) < i) wait_turn(&turns);
    expect(atomic_load(&neighbour->count) == i, "a signal was handled twice");
  }
  crew_wait(member);
}

void check_signals(const Load* load) {
  mend_faults(load);
  storm(load);
  signal(SIGUSR1, on_handshake);
  crew_run(load, handshakes, NULL);
  check_detail("%lu faults mended, %u queued signals in order, %u handshakes", mended, waited.count + handled.count,
               HANDSHAKES * load->rounds * load->crew);
}
