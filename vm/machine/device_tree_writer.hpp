// SPDX-License-Identifier: Apache-2.0
// Writes a flattened device tree from top to bottom, by libfdt's sequential-write calls. Reservations come first, then nodes; the first
// failure sticks and is reported by finish().
#pragma once
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "vm/error.hpp"
#include "vm/platform/types.hpp"

namespace vm {

inline constexpr u64 tree_edit_room = 4096;  // free bytes left in a finished blob, for firmware that edits it in place

class TreeWriter {
 public:
  struct Reg {
    u64 address;
    u64 bytes;
  };

  TreeWriter();
  void reserve(u64 address, u64 bytes);
  void begin(const std::string& node);
  void end();
  void flag(const char* property);
  void cell(const char* property, u32 value) { cells(property, std::span{&value, 1}); }
  void cells(const char* property, std::span<const u32> values);
  void number(const char* property, u64 value);  // two cells
  void text(const char* property, const std::string& value) { texts(property, {value}); }
  void texts(const char* property, std::initializer_list<std::string> values);
  void reg(std::initializer_list<Reg> ranges);
  Result<std::vector<std::byte>> finish();

 private:
  void note(int result);
  void bytes(const char* property, const void* value, std::size_t length);
  void end_reservations();

  std::vector<std::byte> blob_;
  int error_ = 0;
  bool in_reservations_ = true;
};

}  // namespace vm
