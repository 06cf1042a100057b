// SPDX-License-Identifier: Apache-2.0
// Raw mode is undone on every way out of a process: return, exit, abort, and signals, which still report their own status.
#include "vm/devices/terminal.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cstring>
#include <functional>

namespace {

// A pseudo-terminal; the test looks at the side that a child makes raw.
struct Pty {
  int controller = posix_openpt(O_RDWR | O_NOCTTY);
  int terminal = -1;
  Pty() {
    if (controller >= 0 && grantpt(controller) == 0 && unlockpt(controller) == 0) terminal = open(ptsname(controller), O_RDWR | O_NOCTTY);
  }
  ~Pty() {
    close(terminal);
    close(controller);
  }
  termios settings() const {
    termios found{};
    EXPECT_EQ(tcgetattr(terminal, &found), 0);
    return found;
  }
};

bool same(const termios& a, const termios& b) {
  return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag && a.c_lflag == b.c_lflag &&
         std::memcmp(a.c_cc, b.c_cc, sizeof a.c_cc) == 0;
}

// Runs `leave` in a child whose terminal is raw; returns its wait status.
int in_child(const Pty& pty, const std::function<void()>& leave) {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGABRT, SIG_DFL);  // sanitizers install their own
    signal(SIGSEGV, SIG_DFL);
    vm::devices::Terminal terminal(pty.terminal);
    termios now{};
    tcgetattr(pty.terminal, &now);
    if (!terminal.raw() || (now.c_lflag & (ICANON | ECHO | ISIG)) != 0) _exit(99);
    leave();
    _exit(98);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST(devices_terminal, settings_come_back_however_the_process_ends) {
  Pty pty;
  ASSERT_GE(pty.terminal, 0) << "no pseudo-terminal";
  const termios before = pty.settings();
  ASSERT_NE(before.c_lflag & ICANON, 0u);
  struct Case {
    const char* name;
    std::function<void()> leave;
    int exit_code, signal;
  };
  const Case cases[] = {
      {"exit", [] { exit(7); }, 7, 0},
      {"abort", [] { abort(); }, 0, SIGABRT},
      {"SIGTERM", [] { raise(SIGTERM); }, 0, SIGTERM},
      {"SIGINT", [] { raise(SIGINT); }, 0, SIGINT},
      {"SIGHUP", [] { raise(SIGHUP); }, 0, SIGHUP},
      {"SIGSEGV", [] { raise(SIGSEGV); }, 0, SIGSEGV},
  };
  for (const Case& c : cases) {
    const int status = in_child(pty, c.leave);
    if (c.signal != 0) {
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == c.signal) << c.name << ": wait status " << status;
    } else {
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == c.exit_code) << c.name << ": wait status " << status;
    }
    EXPECT_TRUE(same(pty.settings(), before)) << c.name;
  }
}

TEST(devices_terminal, settings_come_back_with_the_object_and_what_is_ignored_stays_so) {
  Pty pty;
  ASSERT_GE(pty.terminal, 0) << "no pseudo-terminal";
  const termios before = pty.settings();
  struct sigaction old {};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(sigaction(SIGHUP, &ignore, &old), 0);
  {
    vm::devices::Terminal terminal(pty.terminal);
    EXPECT_TRUE(terminal.raw());
    EXPECT_FALSE(same(pty.settings(), before));
    raise(SIGHUP);
    EXPECT_FALSE(same(pty.settings(), before)) << "an ignored signal changes nothing";
    const vm::devices::Terminal second(pty.terminal);
    EXPECT_FALSE(second.raw()) << "one at a time";
  }
  EXPECT_TRUE(same(pty.settings(), before));
  struct sigaction after {};
  ASSERT_EQ(sigaction(SIGHUP, &old, &after), 0);
  EXPECT_EQ(after.sa_handler, SIG_IGN);
}

TEST(devices_terminal, what_is_no_terminal_is_left_alone) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_FALSE(vm::devices::Terminal(ends[0]).raw());
  EXPECT_FALSE(vm::devices::Terminal(-1).raw());
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
