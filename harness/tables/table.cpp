// SPDX-License-Identifier: Apache-2.0
#include "harness/tables/table.hpp"

#include <algorithm>

namespace harness {
namespace {

void pad(std::string& text, const std::string& cell, std::size_t width, bool right) {
  const std::string space(width - std::min(width, cell.size()), ' ');
  text += right ? space + cell : cell + space;
}

std::string without_trailing_space(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::vector<std::size_t> widths_of(const Table& table) {
  std::vector<std::size_t> widths;
  for (const std::string& column : table.columns) widths.push_back(column.size());
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  return widths;
}

std::string terminal(const Table& table) {
  const auto widths = widths_of(table);
  std::string text = table.title + '\n';
  for (const std::string& note : table.notes) text += "  " + note + '\n';
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string one;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i != 0) one += "  ";
      pad(one, cells[i], widths[i], table.numeric[i]);
    }
    text += without_trailing_space(std::move(one)) + '\n';
  };
  line(table.columns);
  std::size_t whole = 0;
  for (const std::size_t width : widths) whole += width + 2;
  text += std::string(whole - std::min<std::size_t>(whole, 2), '-') + '\n';
  for (const auto& row : table.rows) line(row);
  return text;
}

std::string markdown(const Table& table) {
  const auto widths = widths_of(table);
  std::string text = "## " + table.title + "\n\n";
  for (const std::string& note : table.notes) text += "- " + note + '\n';
  text += table.notes.empty() ? "" : "\n";
  const auto line = [&](const std::vector<std::string>& cells) {
    text += '|';
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += ' ';
      pad(text, cells[i], widths[i], table.numeric[i]);
      text += " |";
    }
    text += '\n';
  };
  line(table.columns);
  text += '|';
  for (std::size_t i = 0; i < widths.size(); ++i)
    text += table.numeric[i] ? std::string(widths[i] + 1, '-') + ":|" : ":" + std::string(widths[i] + 1, '-') + '|';
  text += '\n';
  for (const auto& row : table.rows) line(row);
  return text;
}

std::string csv(const Table& table) {
  std::string text = "# " + table.title + '\n';
  for (const std::string& note : table.notes) text += "# " + note + '\n';
  const auto line = [&](const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i != 0) text += ',';
      if (cells[i].find_first_of(",\"\n") == std::string::npos) {
        text += cells[i];
        continue;
      }
      text += '"';
      for (const char c : cells[i]) text += c == '"' ? std::string("\"\"") : std::string(1, c);
      text += '"';
    }
    text += '\n';
  };
  line(table.columns);
  for (const auto& row : table.rows) line(row);
  return text;
}

}  // namespace

std::string render(const Table& table, TableFormat format) {
  switch (format) {
    case TableFormat::terminal: return terminal(table);
    case TableFormat::markdown: return markdown(table);
    case TableFormat::csv: return csv(table);
  }
  return {};
}

}  // namespace harness
