// SPDX-License-Identifier: Apache-2.0
// Random programs, run in whole blocks with fusion, and instruction by instruction: the results must be the same, at any micro-TLB size.
// A failure prints its seed; INTERLOCK_STRESS multiplies the number of programs.
#include <random>

#include "tests/unit/isa/bench.hpp"

namespace bench {
namespace {

constexpr u32 r_type(u32 match, u32 rd, u32 rs1, u32 rs2) { return match | rd << 7 | rs1 << 15 | rs2 << 20; }
constexpr u32 i_type(u32 match, u32 rd, u32 rs1, i32 imm) { return match | rd << 7 | rs1 << 15 | static_cast<u32>(imm) << 20; }
constexpr u32 s_type(u32 match, u32 rs1, u32 rs2, u32 imm) { return match | rs1 << 15 | rs2 << 20 | (imm & 31) << 7 | (imm >> 5) << 25; }
constexpr u32 b_type(u32 match, u32 rs1, u32 rs2, u32 imm) {
  return match | rs1 << 15 | rs2 << 20 | (imm >> 1 & 15) << 8 | (imm >> 5 & 63) << 25 | (imm >> 11 & 1) << 7 | (imm >> 12 & 1) << 31;
}

// x8 and x9 point into data and are never written; the rest is random. Jumps go forward over at most two instructions.
class Generator {
 public:
  explicit Generator(u64 seed) : random_(seed) {}
  std::vector<u32> program(unsigned length) {
    std::vector<u32> out;
    for (unsigned i = 0; i < length; ++i) out.push_back(one());
    out.insert(out.end(), 3, nop);
    return out;
  }

 private:
  u32 pick(u32 count) { return static_cast<u32>(random_() % count); }
  u32 any() { return pick(8); }  // few registers, so that results meet
  u32 target() { return 4 + 4 * pick(2); }
  u32 one() {
    static constexpr u32 registers[] = {0x33, 0x33, 0x33, 0x40000033, 0x4033, 0x6033, 0x7033, 0x3b, 0x3b, 0x2000033, 0x2000033, 0x5033, 0x1033,
                                        0x2033, 0x3033, 0x4000503b, 0x2005033, 0x200603b, 0x2003033};
    static constexpr u32 shifts[] = {0x1013, 0x1013, 0x5013, 0x5013, 0x5013, 0x40005013};
    static constexpr u32 loads[] = {0x3003, 0x3003, 0x4003, 0x4003, 0x2003, 0x1003};
    static constexpr u32 stores[] = {0x3023, 0x3023, 0x3023, 0x0023, 0x2023};
    static constexpr u32 branches[] = {0x63, 0x1063, 0x6063, 0x4063, 0x5063};
    switch (pick(16)) {
      case 0: case 1: case 2: return i_type(0x13, any(), any(), static_cast<i32>(pick(4096)) - 2048);
      case 3: return i_type(0x1b, any(), any(), static_cast<i32>(pick(64)));
      case 4: return i_type(0x7013, any(), any(), static_cast<i32>(pick(256)));
      case 5: return i_type(0x13, any(), 0, static_cast<i32>(pick(64)));  // li
      case 6: return i_type(0x13, any(), any(), 0);                       // mv
      case 7: case 8: return i_type(shifts[pick(6)], any(), any(), static_cast<i32>(pick(64)));
      case 9: return s_type(stores[pick(5)], 8 + pick(2), any(), pick(64) * 8);
      case 10: return i_type(loads[pick(6)], any(), 8 + pick(2), static_cast<i32>(pick(64) * 8));
      case 11: return b_type(branches[pick(5)], any(), any(), target());
      case 12: return target() == 4 ? 0x0040006f : 0x0080006f;            // j
      case 13: return 0x37 | any() << 7 | pick(1 << 20) << 12;            // lui
      default: return r_type(registers[pick(19)], any(), any(), any());
    }
  }
  std::mt19937_64 random_;
};

struct Result {
  std::array<u64, 33> x;
  u64 pc;
  u64 retired;
  std::vector<u64> memory;
  friend bool operator==(const Result&, const Result&) = default;
};

void prepare(Bench& b) {
  for (u32 i = 1; i < 8; ++i) b.hart.x[i] = 0x9e37'79b9'7f4a'7c15 * i;
  b.hart.x[8] = data;
  b.hart.x[9] = data + 2 * page_bytes - 256;  // crosses pages
}

Result result_of(Bench& b) {
  Result result{b.hart.x, b.hart.pc, b.hart.retired, {}};
  result.x[x_sink] = 0;
  for (u64 at = data; at < data + 3 * page_bytes; at += 8) result.memory.push_back(b.load<u64>(at));
  return result;
}

Result run_whole(const std::vector<u32>& program, u32 entries) {
  Bench b(entries);
  prepare(b);
  b.execute(program);
  return result_of(b);
}

// One instruction at a time: the page holds that instruction between WFIs and nothing else, so no block has two.
Result run_singly(const std::vector<u32>& program) {
  Bench b;
  prepare(b);
  std::vector<u32> whole = program;
  whole.push_back(wfi);
  const std::vector<u32> empty(whole.size() + 4, wfi);
  u64 pc = code;
  u64 retired = 0;
  for (;;) {
    b.put(code, empty);
    b.put(pc, {whole[(pc - code) / 4]});
    b.drop_code();
    b.start(pc);
    const u64 before = b.hart.retired;
    b.run();
    ++retired;
    if (whole[(pc - code) / 4] == wfi) break;
    EXPECT_EQ(b.hart.retired - before, 2u);
    pc = b.hart.pc - 4;
  }
  Result result = result_of(b);
  result.retired = retired;
  return result;
}

unsigned stress() {
  const char* factor = std::getenv("INTERLOCK_STRESS");
  return factor == nullptr ? 1 : static_cast<unsigned>(std::max(1, std::atoi(factor)));
}

TEST(engine, random_programs_do_not_depend_on_blocks_or_the_micro_tlb) {
  for (u64 seed = 1; seed <= 150 * stress(); ++seed) {
    SCOPED_TRACE(seed);
    const std::vector<u32> program = Generator(seed).program(60);
    const Result expected = run_singly(program);
    for (const u32 entries : {0u, 2u, 256u}) {
      const Result got = run_whole(program, entries);
      EXPECT_TRUE(got == expected) << "micro-TLB of " << entries << " entries";
    }
    if (::testing::Test::HasFailure()) break;
  }
}

// The random programs exercise every fused pair: otherwise the test above says less than it seems to.
TEST(engine, random_programs_contain_every_pair) {
  constexpr auto first_pair = static_cast<unsigned>(Handler::bgeu2far) + 1;
  std::map<const void*, unsigned> pairs;
  for (unsigned i = first_pair; i < static_cast<unsigned>(Handler::count); ++i) pairs[handler_addresses()[i]] = i;
  std::set<unsigned> seen;
  BlockBuilder builder;
  for (u64 seed = 1; seed <= 150; ++seed) {
    std::vector<u32> program = Generator(seed).program(60);
    for (std::size_t at = 0; at < program.size(); ++at) {
      builder.decode(code + 4 * at, 0, std::span(reinterpret_cast<const u8*>(&program[at]), (program.size() - at) * 4), {});
      std::vector<std::byte> storage(Block::total_bytes(block_slots, builder.payload_bytes()) + 16);
      void* aligned = storage.data();
      std::size_t room = storage.size();
      std::align(16, Block::total_bytes(block_slots, builder.payload_bytes()), aligned, room);
      Block* const block = Block::make_in(aligned, ObjectKind::block, block_slots, builder.payload_bytes());
      builder.emit(*block);
      for (u32 i = 0; i < body_of(block).instructions; ++i) {
        if (const auto found = pairs.find(body_of(block).ops()[i].handler); found != pairs.end()) seen.insert(found->second);
      }
      block->unmake();
    }
  }
  EXPECT_EQ(seen.size(), pairs.size());
}

}  // namespace
}  // namespace bench
