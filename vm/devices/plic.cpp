// SPDX-License-Identifier: Apache-2.0
// All sources at once: sets of 96 bits in one 128-bit number.
#include "vm/devices/plic.hpp"

#include <algorithm>
#include <bit>

namespace vm::devices {
namespace {

using Set = unsigned __int128;
using SourceSet = PlicState::SourceSet;

constexpr u64 priority_end = PlicState::priority_offset + 4 * PlicState::sources;
constexpr u64 pending_end = PlicState::pending_offset + 4 * PlicState::words;
constexpr u64 enable_end = PlicState::enable_offset + PlicState::enable_stride * PlicState::contexts;

Set whole(const SourceSet& set) { return Set{set.words[0]} | Set{set.words[1]} << 32 | Set{set.words[2]} << 64; }

u32 lowest(Set set) {
  const u64 low = static_cast<u64>(set);
  return static_cast<u32>(low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(static_cast<u64>(set >> 64)));
}

bool is_priority(u64 offset) { return offset < priority_end; }
bool is_pending(u64 offset) { return offset >= PlicState::pending_offset && offset < pending_end; }
bool is_enable(u64 offset) {
  return offset >= PlicState::enable_offset && offset < enable_end &&
         (offset - PlicState::enable_offset) % PlicState::enable_stride < 4 * PlicState::words;
}
u32 enable_context(u64 offset) { return static_cast<u32>((offset - PlicState::enable_offset) / PlicState::enable_stride); }
u32 enable_word(u64 offset) { return static_cast<u32>((offset - PlicState::enable_offset) % PlicState::enable_stride / 4); }

// Threshold or claim of a context: which register, 0 or 4, is in the low bits.
bool is_context(u64 offset) { return offset >= PlicState::context_offset; }
u32 context_of(u64 offset) {
  return static_cast<u32>(std::min<u64>((offset - PlicState::context_offset) / PlicState::context_stride, PlicState::contexts));
}
u64 context_register(u64 offset) { return (offset - PlicState::context_offset) % PlicState::context_stride; }

constexpr u64 threshold_register = 0;
constexpr u64 claim_register = 4;

}  // namespace

PlicState PlicState::make(u32 harts) {
  PlicState state;
  state.harts = std::min(harts, max_harts);
  return state;
}

bool PlicState::accepts(u64 offset, u8 width) { return width == 4 && aligned(offset, width); }

bool PlicState::read_is_pure(u64 offset, u8) { return !is_context(offset) || context_register(offset) != claim_register; }

u32 PlicState::priority(u32 source) const {
  u32 result = 0;
  for (u32 bit = 0; bit < 3; ++bit) result |= u32{plane[bit].test(source)} << bit;
  return result;
}

u64 PlicState::read(u64 offset, u8) const {
  if (is_priority(offset)) return priority(static_cast<u32>(offset / 4));
  if (is_pending(offset)) return pending.words[(offset - pending_offset) / 4];
  if (is_enable(offset)) return enable[enable_context(offset)].words[enable_word(offset)];
  if (is_context(offset) && context_register(offset) == threshold_register) {
    const u32 context = context_of(offset);
    return context < contexts ? threshold[context] : 0;
  }
  return 0;
}

u64 PlicState::read_effect(u64 offset, u8 width, Effects& effects) {
  if (read_is_pure(offset, width)) return read(offset, width);
  return claim(context_of(offset), effects);
}

void PlicState::write(u64 offset, u8, u64 value, Effects& effects) {
  const u32 word = static_cast<u32>(value);
  if (is_priority(offset)) {
    const u32 source = static_cast<u32>(offset / 4);
    if (source == 0) return;
    for (u32 bit = 0; bit < 3; ++bit) plane[bit].assign(source, (word >> bit & 1) != 0);
    refresh_for(source, effects);
  } else if (is_enable(offset)) {
    const u32 context = enable_context(offset);
    if (context / 2 >= harts) return;
    const u32 index = enable_word(offset);
    enable[context].words[index] = index == 0 ? word & ~u32{1} : word;
    refresh(context, effects);
  } else if (is_context(offset)) {
    const u32 context = context_of(offset);
    if (context / 2 >= harts) return;
    if (context_register(offset) == threshold_register) {
      threshold[context] = static_cast<u8>(word & highest_priority);
      refresh(context, effects);
    } else if (context_register(offset) == claim_register) {
      complete(context, word, effects);
    }
  }
}

void PlicState::set_level(u32 source, bool value, Effects& effects) {
  if (source == 0 || source >= sources) return;
  level.assign(source, value);
  request(source);
  refresh_for(source, effects);
}

// The gateway: forwards a high level, unless it waits for a completion.
void PlicState::request(u32 source) {
  if (level.test(source) && !in_service.test(source)) pending.assign(source, true);
}

u32 PlicState::claim(u32 context, Effects& effects) {
  if (context / 2 >= harts) return 0;
  Set best = candidates(context);
  for (u32 bit = 3; bit-- > 0;) {
    const Set higher = best & whole(plane[bit]);
    if (higher != 0) best = higher;
  }
  if (best == 0) return 0;
  const u32 source = lowest(best);
  pending.assign(source, false);
  in_service.assign(source, true);
  refresh_for(source, effects);
  return source;
}

void PlicState::complete(u32 context, u32 source, Effects& effects) {
  if (context / 2 >= harts || source >= sources || !enable[context].test(source) || !in_service.test(source)) return;
  in_service.assign(source, false);
  request(source);
  refresh_for(source, effects);
}

// Sources of a priority above `limit`: compares all of them at once, from the top plane down.
Set PlicState::above(u32 limit) const {
  Set greater = 0;
  Set equal = ~Set{0};
  for (u32 bit = 3; bit-- > 0;) {
    const Set ones = whole(plane[bit]);
    if ((limit >> bit & 1) != 0) {
      equal &= ones;
    } else {
      greater |= equal & ones;
      equal &= ~ones;
    }
  }
  return greater;
}

Set PlicState::candidates(u32 context) const { return whole(pending) & whole(enable[context]) & above(0); }

void PlicState::refresh(u32 context, Effects& effects) {
  const bool now = (whole(pending) & whole(enable[context]) & above(threshold[context])) != 0;
  u64& levels = asserted[context % 2];
  const u64 bit = u64{1} << (context / 2);
  if (((levels & bit) != 0) == now) return;
  levels ^= bit;
  HartLevels& change = context % 2 == 0 ? effects.machine : effects.supervisor;
  change.changed |= bit;
  change.level = (change.level & ~bit) | (now ? bit : 0);
}

// Only contexts that enable the source can see it change.
void PlicState::refresh_for(u32 source, Effects& effects) {
  for (u32 context = 0; context < 2 * harts; ++context) {
    if (enable[context].test(source)) refresh(context, effects);
  }
}

}  // namespace vm::devices
