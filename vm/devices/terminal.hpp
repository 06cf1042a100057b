// SPDX-License-Identifier: Apache-2.0
// Raw mode of the controlling terminal, undone on every way out: destruction, exit(), and the signals that end a process.
//
// Protocol:  at most one Terminal is raw at a time. The saved settings lie in static storage; whoever restores first (destructor,
//            atexit, signal handler) takes them with one exchange. Handlers use only async-signal-safe calls (tcsetattr is one), put
//            back the disposition that they found, and raise the signal again, so that the exit status is the same as without us.
//            Stopping (SIGTSTP) restores, and SIGCONT makes the terminal raw again.
// Invariant: settings are restored at most once, and never to anything but what was found.
// Source:    POSIX.1-2017, general terminal interface and signal concepts.
#pragma once

namespace vm::devices {

class Terminal {
 public:
  // Makes `descriptor` raw if it is a terminal (output processing stays on); does nothing otherwise.
  explicit Terminal(int descriptor);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool raw() const { return raw_; }

 private:
  bool raw_ = false;
};

}  // namespace vm::devices
