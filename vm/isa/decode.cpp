// SPDX-License-Identifier: Apache-2.0
// Long instructions: rows of (bits that count, their values), bucketed at compile time by opcode and funct3, at most 16 tries.
#include "vm/isa/decode.hpp"

#include <array>

#include "vm/isa/bit_fields.hpp"
#include "vm/isa/decode_compressed.hpp"

namespace vm {
namespace {

// clang-format off
enum class Format : u8 { r, i, shift64, shift32, s, b, u, j, order, whole, fence_vma, csr, reserve,
                         atomic, fused, rounded, rounded_unary, exact, exact_unary };
// clang-format on
constexpr u32 bits_that_count(Format format) {
  switch (format) {
    case Format::r:
    case Format::shift32:
    case Format::exact: return 0xfe00'707f;
    case Format::i:
    case Format::s:
    case Format::b:
    case Format::order:
    case Format::csr: return 0x0000'707f;
    case Format::shift64: return 0xfc00'707f;
    case Format::u:
    case Format::j: return 0x0000'007f;
    case Format::whole: return 0xffff'ffff;
    case Format::fence_vma: return 0xfe00'7fff;
    case Format::reserve: return 0xf9f0'707f;
    case Format::atomic: return 0xf800'707f;
    case Format::fused: return 0x0600'007f;
    case Format::rounded: return 0xfe00'007f;
    case Format::rounded_unary: return 0xfff0'007f;
    case Format::exact_unary: return 0xfff0'707f;
  }
  return 0;
}

struct Row {
  Operation operation;
  Format format;
  u32 value;
};

constexpr Row rows[] = {
#define ENCODING(operation, format, value) {Operation::operation, Format::format, value},
#include "vm/isa/encodings.inc"
#undef ENCODING
};

constexpr u32 funct3_mask = 0x7000;
constexpr unsigned buckets = 256;  // opcode bits 2..6, then funct3
constexpr unsigned bucket_of(u32 bits) { return ((bits >> 2) & 31) | ((bits >> 7) & 0xe0); }
constexpr bool belongs(const Row& row, unsigned bucket) {
  const bool any_funct3 = (bits_that_count(row.format) & funct3_mask) == 0;
  return any_funct3 ? (bucket_of(row.value) & 31) == (bucket & 31) : bucket_of(row.value) == bucket;
}

// The rows of bucket b are order[first[b]] .. order[first[b + 1]] - 1.
struct Buckets {
  std::array<u16, buckets + 1> first{};
  std::array<u8, 1024> order{};
};
consteval Buckets sort_rows() {
  Buckets sorted;
  u16 next = 0;
  for (unsigned bucket = 0; bucket < buckets; ++bucket) {
    sorted.first[bucket] = next;
    for (unsigned row = 0; row < std::size(rows); ++row) {
      if (belongs(rows[row], bucket)) sorted.order[next++] = static_cast<u8>(row);
    }
  }
  sorted.first[buckets] = next;
  return sorted;
}
static_assert(std::size(rows) <= 256);
constexpr Buckets sorted_rows = sort_rows();

constexpr i32 immediate_of(Format format, u32 bits) {
  switch (format) {
    case Format::i: return static_cast<i32>(bits) >> 20;
    case Format::shift64: return static_cast<i32>(bit_field(bits, 20, 6));
    case Format::shift32: return static_cast<i32>(bit_field(bits, 20, 5));
    case Format::s: return sign_extend(bit_field(bits, 25, 7, 5) | bit_field(bits, 7, 5), 12);
    case Format::b:
      return sign_extend(bit_field(bits, 31, 1, 12) | bit_field(bits, 7, 1, 11) | bit_field(bits, 25, 6, 5) | bit_field(bits, 8, 4, 1), 13);
    case Format::u: return static_cast<i32>(bits & 0xffff'f000);
    case Format::j:
      return sign_extend(bit_field(bits, 31, 1, 20) | bit_field(bits, 12, 8, 12) | bit_field(bits, 20, 1, 11) | bit_field(bits, 21, 10, 1),
                         21);
    default: return 0;
  }
}

// Rounding modes 5 and 6 are reserved (7: the one in frm).
constexpr bool reserved_rounding(Format format, u32 bits) {
  const bool rounds = format == Format::rounded || format == Format::rounded_unary || format == Format::fused;
  const u32 mode = bit_field(bits, 12, 3);
  return rounds && (mode == 5 || mode == 6);
}

Instruction decode_long(u32 bits) {
  Instruction instruction{.length = 4, .bits = bits};
  const unsigned bucket = bucket_of(bits);
  for (unsigned i = sorted_rows.first[bucket]; i < sorted_rows.first[bucket + 1]; ++i) {
    const Row& row = rows[sorted_rows.order[i]];
    if ((bits & bits_that_count(row.format)) != row.value) continue;
    if (reserved_rounding(row.format, bits)) return instruction;
    instruction.operation = row.operation;
    instruction.rd = static_cast<u8>(bit_field(bits, 7, 5));
    instruction.rs1 = static_cast<u8>(bit_field(bits, 15, 5));
    instruction.rs2 = static_cast<u8>(bit_field(bits, 20, 5));
    instruction.immediate = immediate_of(row.format, bits);
    return instruction;
  }
  return instruction;
}

}  // namespace

Instruction decode(u32 bits) { return is_long(static_cast<u16>(bits)) ? decode_long(bits) : decode_compressed(static_cast<u16>(bits)); }

const char* name(Operation operation) {
  static constexpr const char* names[] = {
#define INTERLOCK_STRING(operation_name, ...) #operation_name,
      INTERLOCK_OPERATIONS(INTERLOCK_STRING)
#undef INTERLOCK_STRING
  };
  return names[static_cast<unsigned>(operation)];
}

}  // namespace vm
