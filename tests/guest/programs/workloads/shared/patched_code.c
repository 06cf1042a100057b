// SPDX-License-Identifier: Apache-2.0
// The places that change: a plain instruction, a compressed one, one inside a loop, one that straddles two pages, the
// target of a jump from another page, and a jump itself. Each has defeated some emulator's code cache.
// Source: RISC-V unprivileged specification 20191213, chapter 3 (Zifencei).
#include "patched_code.h"

#include "board.h"
#include "encode.h"
#include "random.h"

// Offsets in the code. Pages 0 and 1 are neighbours in the address space, but not in memory.
enum {
  LEAF = 0x000,
  COMPRESSED = 0x100,
  LOOP = 0x200,
  CONSTANT = 0x300,
  STRADDLE = 0xffe,
  CHAIN = 0x1100,
  SWITCHED = 0x1200,
  BRANCH_A = 0x1210,
  BRANCH_B = 0x2040,
  ANSWER_A = 0x2a,
  ANSWER_B = 0x2b,
  LOOP_TURNS = 3,
  ALIAS_DISTANCE = 4 * 4096,
};

static void write_function(uint64_t at, int answer) {
  store_code(at, encode_addi(REG_A0, REG_ZERO, answer));
  store_code(at + 4, encode_ret());
}

static void write_all(uint64_t at) {
  write_function(at + LEAF, 0);
  store_code_16(at + COMPRESSED, encode_c_li(REG_A0, 0));
  store_code_16(at + COMPRESSED + 2, encode_c_ret());
  store_code(at + LOOP, encode_addi(REG_T0, REG_ZERO, LOOP_TURNS));
  store_code(at + LOOP + 4, encode_addi(REG_A0, REG_ZERO, 0));
  store_code(at + LOOP + 8, encode_addi(REG_A0, REG_A0, 0));
  store_code(at + LOOP + 12, encode_addi(REG_T0, REG_T0, -1));
  store_code(at + LOOP + 16, encode_bne(REG_T0, REG_ZERO, -8));
  store_code(at + LOOP + 20, encode_ret());
  write_function(at + CONSTANT, PATCHED_CONSTANT);
  write_function(at + STRADDLE, 0);
  store_code(at + CHAIN, encode_jal(REG_ZERO, LEAF - CHAIN));
  store_code(at + SWITCHED, encode_jal(REG_ZERO, BRANCH_A - SWITCHED));
  write_function(at + BRANCH_A, ANSWER_A);
  write_function(at + BRANCH_B, ANSWER_B);
}

PatchedCode patched_code_create(const Space* space, uint64_t base) {
  PatchedCode code = {base, base + ALIAS_DISTANCE, {0}};
  uint64_t frames = (uint64_t)pages_allocate(PATCHED_PAGES);
  for (unsigned page = 0; page < PATCHED_PAGES; ++page) {
    unsigned frame = space != 0 ? PATCHED_PAGES - 1 - page : page;
    code.frames[page] = frames + frame * PAGE_BYTES;
  }
  if (space == 0) {
    code.execute = code.write = frames;
    write_all(frames);
    return code;
  }
  for (unsigned page = 0; page < PATCHED_PAGES; ++page) {
    space_map(space, code.execute + page * PAGE_BYTES, code.frames[page], LEVEL_PAGE, PTE_RWX);
    space_map(space, code.write + page * PAGE_BYTES, code.frames[page], LEVEL_PAGE, PTE_RW);
  }
  // Written in a row, then moved to the frames: the windows may not be reachable yet.
  static uint8_t draft[PATCHED_PAGES * PAGE_BYTES] __attribute__((aligned(4096)));
  write_all((uint64_t)draft);
  for (unsigned page = 0; page < PATCHED_PAGES; ++page) {
    __builtin_memcpy((void*)code.frames[page], draft + page * PAGE_BYTES, PAGE_BYTES);
  }
  return code;
}

PatchedCall patched_code_change(Hart* self, const PatchedCode* code, uint64_t turn) {
  int immediate = (int)random_below(self, 2048);
  uint64_t at = (turn / 6) % 2 != 0 ? code->write : code->execute;
  PatchedCall call = {code->execute, (uint64_t)immediate};
  switch (turn % 6) {
    case 0:
      store_code(at + LEAF, encode_addi(REG_A0, REG_ZERO, immediate));
      call.entry += LEAF;
      break;
    case 1:
      store_code_16(at + COMPRESSED, encode_c_li(REG_A0, immediate & 31));
      call.entry += COMPRESSED;
      call.answer = (uint64_t)immediate & 31;
      break;
    case 2:
      store_code(at + LOOP + 8, encode_addi(REG_A0, REG_A0, immediate));
      call.entry += LOOP;
      call.answer *= LOOP_TURNS;
      break;
    case 3:
      store_code(at + STRADDLE, encode_addi(REG_A0, REG_ZERO, immediate));
      call.entry += STRADDLE;
      break;
    case 4:
      store_code(at + LEAF, encode_addi(REG_A0, REG_ZERO, immediate));
      call.entry += CHAIN;
      break;
    default:
      store_code(at + SWITCHED, encode_jal(REG_ZERO, (immediate & 1 ? BRANCH_A : BRANCH_B) - SWITCHED));
      call.entry += SWITCHED;
      call.answer = immediate & 1 ? ANSWER_A : ANSWER_B;
  }
  return call;
}

uint64_t patched_code_constant(const PatchedCode* code) { return code->execute + CONSTANT; }
