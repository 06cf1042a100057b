// SPDX-License-Identifier: Apache-2.0
// Several harts on one memory, each on a thread of its own. Run under ThreadSanitizer too: guest accesses are host atomics.
// Source: RISC-V Unprivileged 20191213, chapters 8 and 14.
#include <thread>

#include "tests/unit/isa/bench.hpp"

namespace bench {
namespace {

constexpr unsigned harts = 2;
constexpr u64 rounds = 20'000;

// Each hart runs `program` from a page of its own, with x1 = data, x4 = rounds, x5 = its number + 1.
void run_together(GuestMemory& memory, const std::array<std::vector<u32>, harts>& programs, bool track) {
  if (track) {
    // The machine does this under a handshake while harts run; here nobody runs yet.
    for (const u64 line : {data, data + 64, data + 128}) {
      memory.reservations().track(line);
      memory.reservations().make_ready(line);
    }
  }
  std::vector<std::unique_ptr<Bench>> benches;
  for (unsigned i = 0; i < harts; ++i) {
    benches.push_back(std::make_unique<Bench>(16, &memory, i));
    Bench& b = *benches.back();
    b.put(code + i * page_bytes, programs[i]);
    b.hart.x[1] = data;
    b.hart.x[4] = rounds;
    b.hart.x[5] = i + 1;
    b.start(code + i * page_bytes);
  }
  std::vector<std::thread> threads;
  for (auto& b : benches) threads.emplace_back([&bench = *b] { EXPECT_TRUE(bench.run(100'000'000)); });
  for (std::thread& thread : threads) thread.join();
  for (auto& b : benches) EXPECT_FALSE(b->trapped()) << b->hart.csr.mcause;
}

TEST(engine, amos_of_two_harts_lose_nothing) {
  for (const bool track : {false, true}) {
    auto memory = make_memory();
    const std::vector<u32> program = {0x00100113 /* addi x2, x0, 1 */, 0x0020b02f /* amoadd.d x0, x2, (x1) */,
                                      0xfff20213 /* addi x4, x4, -1 */, 0xfe021ce3 /* bne x4, x0, .-8 */, wfi};
    run_together(*memory, {program, program}, track);
    u64 sum = 0;
    memory->read(data, std::as_writable_bytes(std::span(&sum, 1)));
    EXPECT_EQ(sum, harts * rounds);
  }
}

TEST(engine, lr_sc_of_two_harts_lose_nothing) {
  auto memory = make_memory();
  const std::vector<u32> program = {0x1000a1af /* lr.w x3, (x1) */,
                                    0x00118193 /* addi x3, x3, 1 */,
                                    0x1830a32f /* sc.w x6, x3, (x1) */,
                                    0xfe031ae3 /* bne x6, x0, .-12 */,
                                    0xfff20213 /* addi x4, x4, -1 */,
                                    0xfe0216e3 /* bne x4, x0, .-20 */,
                                    wfi};
  run_together(*memory, {program, program}, true);
  u64 sum = 0;
  memory->read(data, std::as_writable_bytes(std::span(&sum, 1)));
  EXPECT_EQ(sum, harts * rounds);
}

// A counter kept by LR/SC on one hart and by plain stores of the same value on the other: a store that SC overlooked would be lost.
// Hart 1 stores to the word's upper half, in the same doubleword; hart 0 increments the whole doubleword by LR/SC.
TEST(engine, sc_sees_plain_stores) {
  auto memory = make_memory();
  const std::vector<u32> counting = {0x1000b1af /* lr.d x3, (x1) */,
                                     0x00118193 /* addi x3, x3, 1 */,
                                     0x1830b32f /* sc.d x6, x3, (x1) */,
                                     0xfe031ae3 /* bne x6, x0, .-12 */,
                                     0xfff20213 /* addi x4, x4, -1 */,
                                     0xfe0216e3 /* bne x4, x0, .-20 */,
                                     wfi};
  const std::vector<u32> storing = {0x0040a223 /* sw x4, 4(x1) */,
                                    0x0040a383 /* lw x7, 4(x1) */,
                                    0x00439863 /* bne x7, x4, .+16 */,
                                    0xfff20213 /* addi x4, x4, -1 */,
                                    0xfe0218e3 /* bne x4, x0, .-16 */,
                                    wfi,
                                    0x00100073 /* ebreak */};
  run_together(*memory, {counting, storing}, true);
  u64 value = 0;
  memory->read(data, std::as_writable_bytes(std::span(&value, 1)));
  EXPECT_EQ(value & 0xffff'ffff, rounds);
  EXPECT_EQ(value >> 32, 1u);
}

// A spin lock by amoswap.aq, released by a plain store behind fence rw,w: the counter that it guards is plain data.
TEST(engine, a_lock_guards_plain_data) {
  for (const bool track : {false, true}) {
    auto memory = make_memory();
    const std::vector<u32> program = {0x00100113 /* addi x2, x0, 1 */,
                                      0x0c20a1af /* amoswap.w.aq x3, x2, (x1) */,
                                      0xfe019ee3 /* bne x3, x0, .-4 */,
                                      0x0800b303 /* ld x6, 128(x1) */,
                                      0x00130313 /* addi x6, x6, 1 */,
                                      0x0860b023 /* sd x6, 128(x1) */,
                                      0x0310000f /* fence rw, w */,
                                      0x0000a023 /* sw x0, 0(x1) */,
                                      0xfff20213 /* addi x4, x4, -1 */,
                                      0xfe0210e3 /* bne x4, x0, .-32 */,
                                      wfi};
    run_together(*memory, {program, program}, track);
    u64 sum = 0;
    memory->read(data + 128, std::as_writable_bytes(std::span(&sum, 1)));
    EXPECT_EQ(sum, harts * rounds);
  }
}

}  // namespace
}  // namespace bench
