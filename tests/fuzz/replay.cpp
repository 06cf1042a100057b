// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target without a fuzzer: over its committed corpus, and over seeded mutations of it. Linked once with each target.
// INTERLOCK_STRESS multiplies the mutations, INTERLOCK_SEED changes them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "tests/stress.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

std::vector<Input> corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(FUZZ_CORPUS)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Input> inputs;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return inputs;
}

// Values that sit on the edges of checks.
void poke_edge(Input& input, tests::Restless& random) {
  static constexpr std::uint64_t edges[] = {0,
                                            1,
                                            7,
                                            0x7f,
                                            0x80,
                                            0xff,
                                            0xfff,
                                            0x1000,
                                            0x7fff'ffff,
                                            0x8000'0000,
                                            0x8800'0000,
                                            0xffff'ffff,
                                            ~std::uint64_t{0},
                                            ~std::uint64_t{0} - 7};
  std::uint64_t value = edges[random.below(std::size(edges))] + random.below(3) - 1;
  if (random.below(2) == 0) value = __builtin_bswap64(value) >> 8 * random.below(8);
  const std::size_t width = std::min<std::size_t>(std::size_t{1} << random.below(4), input.size());
  std::memcpy(input.data() + random.below(input.size() - width + 1), &value, width);
}

void mutate(Input& input, const Input& other, tests::Restless& random) {
  for (std::uint64_t changes = 1 + random.below(4); changes != 0 && !input.empty(); --changes) {
    switch (random.below(6)) {
      case 0: input[random.below(input.size())] ^= static_cast<std::uint8_t>(1 << random.below(8)); break;
      case 1: input[random.below(input.size())] = static_cast<std::uint8_t>(random.next()); break;
      case 2: input.resize(random.below(input.size() + 1)); break;
      case 3: {
        const std::size_t count = std::min<std::size_t>(random.below(64), std::min(input.size(), other.size()));
        std::memcpy(input.data() + random.below(input.size() - count + 1), other.data() + random.below(other.size() - count + 1), count);
        break;
      }
      default: poke_edge(input, random); break;
    }
  }
}

TEST(loader, survives_corpus_and_mutations) {
  const std::vector<Input> inputs = corpus();
  ASSERT_FALSE(inputs.empty()) << FUZZ_CORPUS;
  for (const Input& input : inputs) LLVMFuzzerTestOneInput(input.data(), input.size());
  tests::Restless random(1);
  for (std::uint64_t round = 0; round < tests::scaled(50'000); ++round) {
    Input input = inputs[random.below(inputs.size())];
    mutate(input, inputs[random.below(inputs.size())], random);
    // A copy of exactly that size: AddressSanitizer then sees the first byte behind it.
    const std::vector<std::uint8_t> exact(input.begin(), input.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
  }
}

}  // namespace
