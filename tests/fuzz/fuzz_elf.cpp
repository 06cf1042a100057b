// SPDX-License-Identifier: Apache-2.0
// ELF input: whatever the bytes, the loader either refuses them and says where, or gives segments that keep every promise of ProgramPlan.
#include "vm/machine/elf.hpp"
#include "vm/platform/invariant.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::span<const std::byte> file{reinterpret_cast<const std::byte*>(input), size};
  constexpr vm::PhysicalRange ram{0x8000'0000, 0x8800'0000};
  const auto plan = vm::plan_elf(file, "input", ram);
  if (!plan) {
    INTERLOCK_INVARIANT(plan.error().message.starts_with("input: at offset 0x"), "%s", plan.error().message.c_str());
    return 0;
  }
  bool entry_loaded = false;
  for (const vm::Segment& segment : plan->segments) {
    const bool inside =
        segment.address >= ram.first && segment.bytes <= ram.end - segment.address && segment.contents.size() <= segment.bytes;
    INTERLOCK_INVARIANT(inside, "a segment outside RAM at 0x%llx", static_cast<unsigned long long>(segment.address));
    INTERLOCK_INVARIANT(segment.contents.empty() || (segment.contents.data() >= file.data() &&
                                                     segment.contents.data() + segment.contents.size() <= file.data() + size),
                        "contents outside the file");
    entry_loaded |= plan->program.entry >= segment.address && plan->program.entry - segment.address < segment.bytes;
    for (const vm::Segment& other : plan->segments) {
      const vm::PhysicalRange a{segment.address, segment.address + segment.bytes}, b{other.address, other.address + other.bytes};
      INTERLOCK_INVARIANT(&segment == &other || !a.overlaps(b), "overlapping segments");
    }
  }
  INTERLOCK_INVARIANT(entry_loaded, "the entry is in no segment");
  return 0;
}
