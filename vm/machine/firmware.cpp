// SPDX-License-Identifier: Apache-2.0
// The fw_dynamic_info structure, version 2, and the file to load.
#include "vm/machine/firmware.hpp"

#include <unistd.h>

#include <algorithm>

#include "vm/machine/elf.hpp"

namespace vm {
namespace {
constexpr u64 dynamic_magic = 0x4942'534f;  // "OSBI"
constexpr u64 dynamic_version = 2;
constexpr u64 supervisor_mode = 1;
constexpr u64 no_options = 0;
constexpr u64 boot_hart = 0;
constexpr u64 raw_firmware_room = 512 << 10;  // what OpenSBI 1.1 keeps for itself
}  // namespace

Result<std::string> find_firmware(const std::string& bios) {
  if (bios != "default") return bios;
  for (const char* path : default_firmware_paths) {
    if (access(path, R_OK) == 0) return std::string{path};
  }
  return Error{std::string{"firmware '"} + default_firmware_paths[0] +
               "' is missing; install Debian's package opensbi (apt install opensbi), or give another firmware, or 'none'"};
}

Result<ProgramPlan> plan_firmware(std::span<const std::byte> file, const std::string& name, PhysicalRange ram) {
  if (is_elf(file)) return plan_elf(file, name, ram);
  Result<ProgramPlan> plan = plan_raw(file, name, ram.first, ram);
  // A raw file does not tell how much memory it uses behind its own bytes.
  if (plan) plan->program.end = std::max(plan->program.end, std::min(ram.end, ram.first + raw_firmware_room));
  return plan;
}

DynamicInformation dynamic_information(u64 next_address) {
  return {dynamic_magic, dynamic_version, next_address, supervisor_mode, no_options, boot_hart};
}

}  // namespace vm
