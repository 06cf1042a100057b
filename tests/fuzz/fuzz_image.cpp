// SPDX-License-Identifier: Apache-2.0
// Linux Image input: refused with the place of the fault, or one segment inside RAM that holds the whole file.
#include "vm/machine/image.hpp"
#include "vm/platform/invariant.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::span<const std::byte> file{reinterpret_cast<const std::byte*>(input), size};
  constexpr vm::PhysicalRange ram{0x8000'0000, 0x8800'0000};
  const auto plan = vm::plan_linux_image(file, "input", ram.first, ram);
  if (!plan) {
    INTERLOCK_INVARIANT(plan.error().message.starts_with("input: at offset 0x"), "%s", plan.error().message.c_str());
    return 0;
  }
  INTERLOCK_INVARIANT(plan->segments.size() == 1, "an Image is one segment");
  const vm::Segment& segment = plan->segments.front();
  const bool inside = segment.address >= ram.first && segment.address <= ram.end && segment.bytes <= ram.end - segment.address;
  INTERLOCK_INVARIANT(inside && segment.contents.size() == size && size <= segment.bytes, "the Image leaves RAM");
  INTERLOCK_INVARIANT(plan->program.entry == segment.address, "the entry is not the first byte");
  return 0;
}
