// SPDX-License-Identifier: Apache-2.0
// The console's escape key, as a pure filter over input bytes: Ctrl-A x leaves, Ctrl-A h asks for help, Ctrl-A Ctrl-A is one Ctrl-A.
// Any other key after Ctrl-A is swallowed with it.
#pragma once
#include <vector>

#include "vm/platform/types.hpp"

namespace vm::devices {

class EscapeKey {
 public:
  enum class Action { none, quit, help };
  static constexpr u8 key = 1;  // Ctrl-A

  // Appends to `out` what the guest is to see of `byte`.
  Action filter(u8 byte, std::vector<u8>& out) {
    if (!seen_) {
      if (byte == key) {
        seen_ = true;
      } else {
        out.push_back(byte);
      }
      return Action::none;
    }
    seen_ = false;
    switch (byte) {
      case key: out.push_back(key); return Action::none;
      case 'x':
      case 'X': return Action::quit;
      case 'h':
      case 'H':
      case '?': return Action::help;
      default: return Action::none;
    }
  }

 private:
  bool seen_ = false;
};

}  // namespace vm::devices
