// SPDX-License-Identifier: Apache-2.0
// A check runs in a child process, so that one which crashes or hangs costs its own line only. Its words come back in
// shared memory.
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

//  claimed | written |  meaning
//     0    |    0    |  nothing was said
//     1    |    0    |  one thread writes the words
//     1    |    1    |  the words can be read
typedef struct {
  atomic_bool claimed, written;
  char words[200];
} Words;

typedef struct {
  Words failure, skip, detail;
} Report;
static Report* said;

static void say(Words* words, const char* format, va_list arguments) {
  if (atomic_exchange(&words->claimed, true)) return;
  vsnprintf(words->words, sizeof words->words, format, arguments);
  atomic_store(&words->written, true);
}

void check_failed(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(&said->failure, format, arguments);
  va_end(arguments);
}

void check_skipped(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(&said->skip, format, arguments);
  va_end(arguments);
}

void check_detail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say(&said->detail, format, arguments);
  va_end(arguments);
}

bool check_has_failed(void) { return atomic_load(&said->failure.claimed); }

static pid_t start(const Check* check, const Load* load) {
  fflush(stdout);
  pid_t child = fork();
  if (child != 0) return child;
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  check->run(load);
  fflush(stdout);
  _exit(0);
}

// Returns the wait status, or -1 at the deadline. Orphans of the check are children of this process, the init: they are
// collected on the way.
static int wait_for(pid_t child, unsigned deadline) {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGCHLD);
  uint64_t end = clock_microseconds() + deadline * 1000000ull;
  for (;;) {
    int status;
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
      if (ended == child) return status;
    uint64_t now = clock_microseconds();
    if (now >= end) return -1;
    struct timespec left = {(end - now) / 1000000, (end - now) % 1000000 * 1000};
    sigtimedwait(&wanted, NULL, &left);
  }
}

static void end_processes_of(pid_t group) {
  while (kill(-group, SIGKILL) == 0) {
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    usleep(1000);
  }
}

bool check_execute(const Check* check, const Load* load, unsigned deadline) {
  if (!said) {
    said = mmap(NULL, sizeof *said, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (said == MAP_FAILED) abort();
  }
  memset(said, 0, sizeof *said);
  uint64_t begin = clock_microseconds();
  pid_t child = start(check, load);
  if (child < 0) {
    printf("CHECK %s FAILED 0 us: fork: %s\n", check->name, strerror(errno));
    return false;
  }
  int status = wait_for(child, deadline);
  unsigned long took = clock_microseconds() - begin;
  end_processes_of(child);
  if (status == -1) check_failed("no end within %u s", deadline);
  if (status != -1 && WIFSIGNALED(status)) check_failed("killed by signal %d", WTERMSIG(status));
  if (status > 0 && WIFEXITED(status)) check_failed("exit status %d", WEXITSTATUS(status));
  if (check_has_failed()) {
    printf("CHECK %s FAILED %lu us: %s\n", check->name, took, said->failure.written ? said->failure.words : "(no words)");
    return false;
  }
  if (said->skip.written)
    printf("CHECK %s skipped: %s\n", check->name, said->skip.words);
  else
    printf("CHECK %s ok %lu us: %s\n", check->name, took, said->detail.words);
  return true;
}
