// SPDX-License-Identifier: Apache-2.0
// Runs a user program under qemu-riscv64. The executable is a memory file, the output comes through a pipe: nothing touches a disk.
#pragma once
#include "tests/isa/engine_user.hpp"

namespace isa_fuzz {

class QemuRun {
 public:
  QemuRun(const std::string& qemu, const std::vector<u8>& elf);
  ~QemuRun();
  QemuRun(const QemuRun&) = delete;
  QemuRun& operator=(const QemuRun&) = delete;
  // What it wrote, and how it ended. Blocks until then.
  Finished wait();

 private:
  int output_ = -1;
  int process_ = -1;
  std::string failure_;
};

}  // namespace isa_fuzz
