// SPDX-License-Identifier: Apache-2.0
#include "tests/isa/encoding.hpp"

#include <cstdlib>

namespace isa_fuzz {

namespace {

constexpr Encoding table[] = {
#define ENCODING(name, format, bits) {vm::Operation::name, Format::format, bits},
#include "vm/isa/encodings.inc"
#undef ENCODING
};

}  // namespace

std::span<const Encoding> encodings() { return table; }

const Encoding& encoding_of(vm::Operation operation) {
  for (const Encoding& row : table) {
    if (row.operation == operation) return row;
  }
  std::abort();  // only Operation::illegal has no row
}

}  // namespace isa_fuzz
