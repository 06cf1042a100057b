// SPDX-License-Identifier: Apache-2.0
// A table of text cells, and its three forms.
#pragma once
#include <string>
#include <vector>

namespace harness {

enum class TableFormat { terminal, markdown, csv };

struct Table {
  std::string title;
  std::vector<std::string> notes;  // what the reader must know: units, marks, the command that makes it again
  std::vector<std::string> columns;
  std::vector<bool> numeric;  // by column: aligned to the right
  std::vector<std::vector<std::string>> rows;

  void column(std::string name, bool is_numeric) {
    columns.push_back(std::move(name));
    numeric.push_back(is_numeric);
  }
};

// terminal: aligned with spaces. markdown: a heading, the notes, a pipe table. csv: RFC 4180, notes as lines that start with '#'.
std::string render(const Table& table, TableFormat format);

}  // namespace harness
