// SPDX-License-Identifier: Apache-2.0
// Device-tree input: a blob that passes the check can be patched or is refused by name; what patching gives passes the check again and
// says what was asked.
#include <libfdt.h>

#include <cstring>

#include "vm/machine/device_tree.hpp"
#include "vm/platform/invariant.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::span<const std::byte> blob{reinterpret_cast<const std::byte*>(input), size};
  vm::Chosen chosen;
  chosen.bootargs = "console=ttyS0";
  chosen.initrd = vm::PhysicalRange{0x8800'0000, 0x8900'0000};
  chosen.rng_seed = std::array<vm::u32, 8>{1, 2, 3, 4, 5, 6, 7, 8};
  const vm::PhysicalRange reserved[] = {{0x8fdf'f000, 0x8fe0'0000}};
  const auto patched = vm::patch_device_tree(blob, "input", chosen, reserved);
  if (!patched) {
    INTERLOCK_INVARIANT(patched.error().message.starts_with("input: at offset 0x"), "%s", patched.error().message.c_str());
    return 0;
  }
  INTERLOCK_INVARIANT(static_cast<bool>(vm::check_device_tree(blob, "input")), "a damaged blob was patched");
  const auto again = vm::check_device_tree(*patched, "patched");
  INTERLOCK_INVARIANT(static_cast<bool>(again), "%s", again.error().message.c_str());
  const auto* bootargs =
      static_cast<const char*>(fdt_getprop(patched->data(), fdt_path_offset(patched->data(), "/chosen"), "bootargs", nullptr));
  INTERLOCK_INVARIANT(bootargs != nullptr && std::strcmp(bootargs, "console=ttyS0") == 0, "bootargs were not set");
  return 0;
}
