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

constexpr u32 j_type(u32 rd, u32 imm) {
  return 0x6f | rd << 7 | (imm >> 20 & 1) << 31 | (imm >> 1 & 1023) << 21 | (imm >> 11 & 1) << 20 | (imm >> 12 & 255) << 12;
}

u32 fixed_bits(Operation operation) {
  switch (operation) {
#define ENCODING(name, format, value) \
  case Operation::name:               \
    return value;
#include "vm/isa/encodings.inc"
#undef ENCODING
    case Operation::illegal: break;
  }
  return 0;
}

// The halves of the fused pairs, by the instruction that each stands for.
struct Half {
  Handler handler;
  Operation operation;
};
std::span<const std::pair<Half, Half>> all_pairs() {
  using enum Operation;
  constexpr Operation li = addi, mv = addi, jump = jal;  // what these forms are made from
  static constexpr std::pair<Half, Half> rows[] = {
#define INTERLOCK_HALVES(first, second) {{Handler::first, first}, {Handler::second, second}},
      INTERLOCK_PAIR_LIST(INTERLOCK_HALVES)
#undef INTERLOCK_HALVES
  };
  return rows;
}

// x8 and x9 point into data, x10 to the program, and none is written; the rest is random. Jumps go forward over at most one instruction.
class Generator {
 public:
  explicit Generator(u64 seed) : random_(seed) {}
  std::vector<u32> program(unsigned length) {
    std::vector<u32> out;
    while (out.size() < length) {
      const auto& [first, second] = pairs_[pick(pairs_.size())];
      out.push_back(encode(first, out.size()));
      out.push_back(encode(second, out.size()));
      if (pick(4) == 0) out.push_back(encode(pairs_[pick(pairs_.size())].first, out.size()));
    }
    out.insert(out.end(), 3, nop);
    return out;
  }

 private:
  u32 pick(u64 count) { return static_cast<u32>(random_() % count); }
  u32 any() { return pick(8); }  // few registers, so that results meet
  u32 base() { return 8 + pick(2); }
  u32 forward() { return 4 + 4 * pick(2); }
  u32 encode(const Half& half, std::size_t place) {
    const u32 bits = fixed_bits(half.operation);
    if (half.handler == Handler::li) return i_type(bits, 1 + pick(7), 0, static_cast<i32>(pick(4096)) - 2048);
    if (half.handler == Handler::mv) return i_type(bits, 1 + pick(7), 1 + pick(7), 0);
    if (half.handler == Handler::jump) return j_type(0, forward());
    if (half.handler == Handler::jal) return j_type(1 + pick(7), forward());
    if (half.handler == Handler::jalr) return i_type(bits, any(), 10, static_cast<i32>(4 * place + forward()));
    switch (kind(half.operation)) {
      case Kind::load: return i_type(bits, any(), base(), static_cast<i32>(pick(64) * 8));
      case Kind::store: return s_type(bits, base(), any(), pick(64) * 8);
      case Kind::branch: return b_type(bits, any(), any(), forward());
      case Kind::alu_immediate: {
        const bool shifts = (bits & 0x3000) == 0x1000;
        const bool word = (bits & 8) != 0;
        return i_type(bits, any(), any(), static_cast<i32>(shifts ? pick(word ? 32 : 64) : pick(4096)));
      }
      default: return r_type(bits, any(), any(), any());
    }
  }
  std::span<const std::pair<Half, Half>> pairs_ = all_pairs();
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
  b.hart.x[9] = data + 2 * page_bytes - 252;  // misaligned for doublewords, and over two pages
  b.hart.x[10] = code;
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
  std::set<const void*> unseen(handler_addresses() + first_pair, handler_addresses() + static_cast<unsigned>(Handler::count));
  for (u64 seed = 1; seed <= 150; ++seed) {
    Bench b;
    prepare(b);
    b.execute(Generator(seed).program(60));
    for (u64 at = code; at < code + 300; at += 4) {
      Block* const block = b.block_at(at);
      if (block == nullptr) continue;
      for (u32 i = 0; i < body_of(block).instructions; ++i) unseen.erase(body_of(block).ops()[i].handler);
    }
  }
  EXPECT_TRUE(unseen.empty()) << unseen.size() << " of " << all_pairs().size() << " pairs were not executed";
}

}  // namespace
}  // namespace bench
