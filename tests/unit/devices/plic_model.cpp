// SPDX-License-Identifier: Apache-2.0
// The PLIC against a model that keeps one record a source and decides by sorting: random operations, every answer and level compared.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "tests/stress.hpp"
#include "vm/devices/plic.hpp"

namespace {

using vm::u32;
using vm::u64;
using vm::devices::PlicState;

class Model {
 public:
  explicit Model(u32 harts) : contexts_(2 * harts) {}

  struct Source {
    u32 priority = 0;
    bool level = false, pending = false, in_service = false;
  };
  struct Context {
    std::array<bool, 96> enabled{};
    u32 threshold = 0;
  };

  void set_level(u32 source, bool level) {
    sources[source].level = level;
    forward(source);
  }
  void complete(u32 context, u32 source) {
    if (source == 0 || source >= 96 || !contexts_[context].enabled[source] || !sources[source].in_service) return;
    sources[source].in_service = false;
    forward(source);
  }
  u32 claim(u32 context) {
    std::vector<u32> waiting;
    for (u32 source = 1; source < 96; ++source) {
      if (sources[source].pending && contexts_[context].enabled[source] && sources[source].priority > 0) waiting.push_back(source);
    }
    if (waiting.empty()) return 0;
    std::stable_sort(waiting.begin(), waiting.end(), [&](u32 a, u32 b) { return sources[a].priority > sources[b].priority; });
    sources[waiting.front()].pending = false;
    sources[waiting.front()].in_service = true;
    return waiting.front();
  }
  bool line(u32 context) const {
    for (u32 source = 1; source < 96; ++source) {
      if (sources[source].pending && contexts_[context].enabled[source] && sources[source].priority > contexts_[context].threshold)
        return true;
    }
    return false;
  }

  std::array<Source, 96> sources{};
  Context& context(u32 index) { return contexts_[index]; }

 private:
  void forward(u32 source) {
    if (sources[source].level && !sources[source].in_service) sources[source].pending = true;
  }
  std::vector<Context> contexts_;
};

void compare(u32 harts, u32 source_range, u64 steps, u64 stream) {
  tests::Restless random(stream);
  PlicState plic = PlicState::make(harts);
  Model model(harts);
  u64 levels[2] = {};
  const auto below = [&](u32 bound) { return static_cast<u32>(random.next() % bound); };
  for (u64 step = 0; step < steps; ++step) {
    PlicState::Effects effects;
    const u32 context = below(2 * harts);
    const u32 source = 1 + below(source_range);
    const u64 base = PlicState::context_offset + PlicState::context_stride * context;
    switch (below(8)) {
      case 0: {
        const u32 priority = below(8);
        plic.write(4 * source, 4, priority, effects);
        model.sources[source].priority = priority;
        break;
      }
      case 1: {
        const u64 offset = PlicState::enable_offset + PlicState::enable_stride * context + 4 * (source / 32);
        const u32 bits = static_cast<u32>(random.next() | random.next());
        plic.write(offset, 4, bits, effects);
        for (u32 bit = 0; bit < 32; ++bit) {
          const u32 which = source / 32 * 32 + bit;
          if (which != 0) model.context(context).enabled[which] = (bits >> bit & 1) != 0;
        }
        break;
      }
      case 2: {
        const u32 threshold = below(8) * below(2);
        plic.write(base, 4, threshold, effects);
        model.context(context).threshold = threshold;
        break;
      }
      case 3:
      case 4: {
        const bool level = below(2) != 0;
        plic.set_level(source, level, effects);
        model.set_level(source, level);
        break;
      }
      case 5:
      case 6: ASSERT_EQ(plic.read_effect(base + 4, 4, effects), model.claim(context)) << "step " << step; break;
      default:
        plic.write(base + 4, 4, source, effects);
        model.complete(context, source);
        break;
    }
    levels[0] = (levels[0] & ~effects.machine.changed) | effects.machine.level;
    levels[1] = (levels[1] & ~effects.supervisor.changed) | effects.supervisor.level;
    for (u32 each = 0; each < 2 * harts; ++each) {
      ASSERT_EQ((levels[each % 2] >> (each / 2) & 1) != 0, model.line(each)) << "step " << step << ", context " << each;
    }
    u64 both = 0;
    for (u32 word = 0; word < 3; ++word) both |= plic.pending.words[word] & plic.in_service.words[word];
    ASSERT_EQ(both, 0u) << "pending while in service, step " << step;
  }
}

TEST(devices_plic, matches_the_model_with_few_sources) { compare(2, 6, tests::scaled(100'000), 1); }
TEST(devices_plic, matches_the_model_with_all_sources) { compare(3, 95, tests::scaled(50'000), 2); }
TEST(devices_plic, matches_the_model_with_all_harts) { compare(64, 95, tests::scaled(1'000), 3); }

}  // namespace
