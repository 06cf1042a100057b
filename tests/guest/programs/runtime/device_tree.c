// SPDX-License-Identifier: Apache-2.0
// One pass over the structure block.
// Source: Devicetree Specification 0.4, chapter 5 (flattened format), sections 3.4, 3.6, 3.8 (memory, chosen, cpus).
#include "device_tree.h"

#include "console.h"
#include "layout.h"

enum { TOKEN_BEGIN = 1, TOKEN_END = 2, TOKEN_PROPERTY = 3, TOKEN_NOP = 4, TOKEN_STOP = 9 };
enum { DEPTH_LIMIT = 8 };

DeviceTree machine_tree;

static uint32_t big_32(const uint8_t* at) { return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]; }
static uint64_t big_64(const uint8_t* at) { return (uint64_t)big_32(at) << 32 | big_32(at + 4); }

static bool same(const char* left, const char* right) {
  while (*left != 0 && *left == *right) ++left, ++right;
  return *left == *right;
}

static bool begins(const char* text, const char* prefix) {
  while (*prefix != 0 && *text == *prefix) ++text, ++prefix;
  return *prefix == 0;
}

static bool contains(const char* text, uint32_t length, const char* word) {
  for (uint32_t i = 0; i < length; ++i) {
    if (begins(text + i, word)) return true;
  }
  return false;
}

typedef struct {
  const char* names[DEPTH_LIMIT];  // the path to the current node; names[0] is the root's empty name
  unsigned depth;                  // entries of names in use
  uint64_t reg;                    // first address of the current node's reg, two cells wide
  bool is_swi;                     // the current node is an SSWI
} Cursor;

static bool below(const Cursor* at, const char* parent, const char* node) {
  return at->depth == 3 && same(at->names[1], parent) && begins(at->names[2], node);
}

static void take_property(DeviceTree* tree, Cursor* at, const char* name, const uint8_t* value, uint32_t length) {
  const char* text = (const char*)value;
  if (same(name, "bootargs") && at->depth == 2 && same(at->names[1], "chosen")) {
    for (uint32_t i = 0; i < length && i + 1 < BOOTARGS_BYTES; ++i) tree->bootargs[i] = text[i];
  } else if (same(name, "reg") && length >= 16) {
    at->reg = big_64(value);
    if (at->depth == 2 && begins(at->names[1], "memory@") && tree->memory_end == 0) {
      tree->memory_end = big_64(value) + big_64(value + 8);
    }
  } else if (same(name, "riscv,isa") && below(at, "cpus", "cpu@")) {
    tree->has_sstc = contains(text, length, "_sstc");
  } else if (same(name, "compatible")) {
    at->is_swi = contains(text, length, "riscv,aclint-sswi");
  }
  if (at->is_swi && at->reg != 0) tree->supervisor_swi = at->reg;
}

DeviceTree device_tree_scan(const void* blob) {
  const uint8_t* base = blob;
  check(blob != 0 && big_32(base) == 0xd00dfeed, "device tree", "no magic number at 0x%lx (a1)", (uint64_t)blob);
  const uint8_t* next = base + big_32(base + 8);
  const char* strings = (const char*)base + big_32(base + 12);
  DeviceTree tree = {0};
  Cursor at = {{0}, 0, 0, false};
  for (;;) {
    uint32_t token = big_32(next);
    next += 4;
    if (token == TOKEN_BEGIN) {
      const char* name = (const char*)next;
      while (*next++ != 0) {
      }
      next = base + ((uint64_t)(next - base + 3) & ~3ull);
      if (at.depth < DEPTH_LIMIT) at.names[at.depth] = name;
      ++at.depth;
      at.reg = 0;
      at.is_swi = false;
      if (below(&at, "cpus", "cpu@")) ++tree.harts;
    } else if (token == TOKEN_END) {
      --at.depth;
    } else if (token == TOKEN_PROPERTY) {
      uint32_t length = big_32(next);
      const char* name = strings + big_32(next + 4);
      if (at.depth <= DEPTH_LIMIT) take_property(&tree, &at, name, next + 8, length);
      next += 8 + ((length + 3) & ~3u);
    } else if (token != TOKEN_NOP) {
      check(token == TOKEN_STOP, "device tree", "token %u in the structure block", token);
      break;
    }
  }
  check(tree.harts >= 1 && tree.harts <= HART_LIMIT, "device tree", "%u harts (1 to %u are supported)", tree.harts, HART_LIMIT);
  check(tree.memory_end != 0, "device tree", "no /memory node");
  return tree;
}
