// SPDX-License-Identifier: Apache-2.0
#include "tests/isa/stream.hpp"

#include <algorithm>

namespace isa_fuzz {

namespace {

constexpr i32 last_trail_offset = 2040;  // the last that an sd reaches, in steps of 8

}  // namespace

const char* name(Subject subject) {
  static constexpr const char* names[] = {
#define ISA_FUZZ_NAME(name) #name,
      ISA_FUZZ_SUBJECTS(ISA_FUZZ_NAME)
#undef ISA_FUZZ_NAME
  };
  return names[static_cast<unsigned>(subject)];
}

void Stream::append(u32 bits) {
  code_.push_back(static_cast<u16>(bits));
  if ((bits & 3) == 3) code_.push_back(static_cast<u16>(bits >> 16));
}

void Stream::put(Subject subject, u32 bits) {
  last_ = static_cast<u32>(code_.size());
  ++counts_[static_cast<unsigned>(subject)];
  append(bits);
}

void Stream::put_compressed(Subject subject, u16 bits) { put(subject, bits); }

void Stream::serve(u32 bits) { append(bits); }

void Stream::begin_unit() {
  if (trail_offset_ > last_trail_offset - 64) {
    // Nothing may jump over this one: from here on the trail register is 2048 further.
    const u32 here = static_cast<u32>(units_.size());
    for (Fixup& fixup : fixups_) fixup.target = std::min(fixup.target, here);
    units_.push_back(static_cast<u32>(code_.size()));
    append(addi(pins.trail, pins.trail, trail_offset_ / 2));
    append(addi(pins.trail, pins.trail, trail_offset_ / 2));
    trail_offset_ = 0;
  }
  if (random.one_in(8)) append(compressed_nop);  // so that long instructions lie at odd halfwords, too
  units_.push_back(static_cast<u32>(code_.size()));
}

void Stream::next_entry(unsigned reg, bool floating) {
  trail_.push_back({last_, static_cast<u8>(reg), floating});
  trail_offset_ += 8;
}

void Stream::record_x(unsigned reg) {
  append(sd(reg, pins.trail, trail_offset_));
  next_entry(reg, false);
}

void Stream::record_f(unsigned reg) {
  append(fsd(reg, pins.trail, trail_offset_));
  next_entry(reg, true);
}

void Stream::record_flags(unsigned scratch) {
  append(csrrwi(scratch, 0, csr_fflags));
  record_x(scratch);
}

void Stream::put_branch(u32 bits, Reach reach, u32 units) {
  put(Subject::branch, bits);
  fixups_.push_back({last_, reach, static_cast<u32>(units_.size()) + random.below(units)});
}

void Stream::finish() {
  begin_unit();
  const u32 last = static_cast<u32>(units_.size()) - 1;
  for (const Fixup& fixup : fixups_) {
    u32 target = std::min(fixup.target, last);
    const auto distance_to = [&](u32 unit) { return 2 * (static_cast<i32>(units_[unit]) - static_cast<i32>(fixup.at)); };
    // The unit behind the branch itself is near enough for every form.
    while (fixup.reach == Reach::compressed_branch && distance_to(target) > 254) --target;
    const i32 distance = distance_to(target);
    const auto or_into = [&](u32 bits) {
      code_[fixup.at] |= static_cast<u16>(bits);
      if ((code_[fixup.at] & 3) == 3) code_[fixup.at + 1] |= static_cast<u16>(bits >> 16);
    };
    switch (fixup.reach) {
      case Reach::branch: or_into(field_b(distance)); break;
      case Reach::jump: or_into(field_j(distance)); break;
      case Reach::indirect: or_into(field_i(distance + 4)); break;  // from the auipc before it; jalr clears the lowest bit
      case Reach::compressed_branch: or_into(field_compressed_branch(distance)); break;
      case Reach::compressed_jump: or_into(field_compressed_jump(distance)); break;
    }
  }
  fixups_.clear();
}

unsigned Stream::scratch() {
  for (;;) {
    const unsigned reg = random.bits(5);
    if (reg != 0 && !pins.holds(reg)) return reg;
  }
}

unsigned Stream::scratch_but(unsigned other) {
  for (;;) {
    const unsigned reg = scratch();
    if (reg != other) return reg;
  }
}

unsigned Stream::destination() { return random.one_in(24) ? 0 : scratch(); }

unsigned Stream::prime_destination() {
  for (;;) {
    const unsigned reg = 8 + random.bits(3);
    if (!pins.holds(reg)) return reg;
  }
}

void put_unit(Subject subject, Stream& stream) {
  stream.begin_unit();
  switch (subject) {
    case Subject::integer: return put_integer(stream);
    case Subject::m: return put_multiply(stream);
    case Subject::a: return put_atomic(stream);
    case Subject::memory: return put_memory(stream);
    case Subject::branch: return put_control(stream);
    case Subject::compressed: return put_short(stream);
    case Subject::f: return put_single(stream);
    case Subject::d: return put_double(stream);
    case Subject::fcsr: return put_floating_status(stream);
    case Subject::count: break;
  }
}

}  // namespace isa_fuzz
