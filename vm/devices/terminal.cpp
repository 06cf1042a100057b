// SPDX-License-Identifier: Apache-2.0
// The static state that signal handlers need, and the handlers.
#include "vm/devices/terminal.hpp"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>

#include "vm/platform/native.hpp"

namespace vm::devices {
namespace {

// The signals that end a process by default and that a terminal's user or a fault can cause.
constexpr std::array ending_signals{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGSEGV, SIGBUS,
                                    SIGFPE, SIGILL, SIGPIPE, SIGSYS,  SIGXCPU, SIGXFSZ};

// Static, so that handlers reach them in any state of the process.
int terminal = -1;
termios found{};
termios raw_settings{};
std::array<struct sigaction, ending_signals.size()> previous{};
struct sigaction previous_stop {};
struct sigaction previous_continue {};

// 0: nothing to restore; 1: the terminal is raw. Lock-free, so that a handler may use it.
NativePlatform::atomic<u32> is_raw{0};

void restore() {
  // settings_before_restore: the settings were saved before is_raw said so. Pairs with saved_before_raw. Without it another thread's
  //   handler could restore settings that were never saved.
  if (is_raw.exchange(0, acquire, "settings_before_restore") != 0) tcsetattr(terminal, TCSANOW, &found);
}

// tcsetattr from a background process would stop it: SIGTTOU is blocked around the call by the handlers' masks.
void handle_end(int signal) {
  restore();
  for (std::size_t i = 0; i < ending_signals.size(); ++i) {
    if (ending_signals[i] == signal) sigaction(signal, &previous[i], nullptr);
  }
  // Blocked while we are here; it arrives, with the disposition that we found, when the handler returns.
  raise(signal);
}

void handle_stop(int) {
  restore();
  sigaction(SIGTSTP, &previous_stop, nullptr);
  raise(SIGTSTP);
}

void handle_continue(int);

void install(int signal, void (*handler)(int), struct sigaction* old) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGTTOU);
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigaction(signal, &action, old);
}

void handle_continue(int) {
  tcsetattr(terminal, TCSANOW, &raw_settings);
  // saved_before_raw: as in the constructor.
  is_raw.store(1, release, "saved_before_raw");
  struct sigaction ours {};
  install(SIGTSTP, handle_stop, &ours);
}

}  // namespace

Terminal::Terminal(int descriptor) {
  if (is_raw.load(relaxed) != 0 || descriptor < 0 || isatty(descriptor) == 0 || tcgetattr(descriptor, &found) != 0) return;
  terminal = descriptor;
  raw_settings = found;
  raw_settings.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
  raw_settings.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
  raw_settings.c_cflag = (raw_settings.c_cflag & ~static_cast<tcflag_t>(CSIZE | PARENB)) | CS8;
  raw_settings.c_cc[VMIN] = 1;
  raw_settings.c_cc[VTIME] = 0;
  static const int registered = std::atexit(restore);
  (void)registered;
  for (std::size_t i = 0; i < ending_signals.size(); ++i) {
    install(ending_signals[i], handle_end, &previous[i]);
    // What was ignored stays ignored.
    if (previous[i].sa_handler == SIG_IGN) sigaction(ending_signals[i], &previous[i], nullptr);
  }
  install(SIGTSTP, handle_stop, &previous_stop);
  install(SIGCONT, handle_continue, &previous_continue);
  if (tcsetattr(descriptor, TCSANOW, &raw_settings) != 0) return;
  // saved_before_raw: pairs with settings_before_restore.
  is_raw.store(1, release, "saved_before_raw");
  raw_ = true;
}

Terminal::~Terminal() {
  if (!raw_) return;
  restore();
  for (std::size_t i = 0; i < ending_signals.size(); ++i) sigaction(ending_signals[i], &previous[i], nullptr);
  sigaction(SIGTSTP, &previous_stop, nullptr);
  sigaction(SIGCONT, &previous_continue, nullptr);
}

}  // namespace vm::devices
