// SPDX-License-Identifier: Apache-2.0
// Cells and texts as the format wants them: big-endian, zero-terminated.
#include "vm/machine/device_tree_writer.hpp"

#include <libfdt.h>

#include <bit>

namespace vm {
namespace {
constexpr std::size_t blob_limit = 192 << 10;  // 64 harts take about 20 KiB; the rest is for a long command line
}

TreeWriter::TreeWriter() : blob_(blob_limit) { note(fdt_create(blob_.data(), static_cast<int>(blob_.size()))); }

void TreeWriter::note(int result) {
  if (error_ == 0 && result < 0) error_ = result;
}

void TreeWriter::reserve(u64 address, u64 bytes) { note(fdt_add_reservemap_entry(blob_.data(), address, bytes)); }

void TreeWriter::end_reservations() {
  if (!in_reservations_) return;
  in_reservations_ = false;
  note(fdt_finish_reservemap(blob_.data()));
}

void TreeWriter::begin(const std::string& node) {
  end_reservations();
  note(fdt_begin_node(blob_.data(), node.c_str()));
}

void TreeWriter::end() { note(fdt_end_node(blob_.data())); }

void TreeWriter::bytes(const char* property, const void* value, std::size_t length) {
  note(fdt_property(blob_.data(), property, value, static_cast<int>(length)));
}

void TreeWriter::flag(const char* property) { bytes(property, nullptr, 0); }

void TreeWriter::cells(const char* property, std::span<const u32> values) {
  std::vector<u32> big_endian;
  for (const u32 value : values) big_endian.push_back(cpu_to_fdt32(value));
  bytes(property, big_endian.data(), big_endian.size() * sizeof(u32));
}

void TreeWriter::number(const char* property, u64 value) {
  const u32 pair[] = {static_cast<u32>(value >> 32), static_cast<u32>(value)};
  cells(property, pair);
}

void TreeWriter::texts(const char* property, std::initializer_list<std::string> values) {
  std::string all;
  for (const std::string& value : values) all.append(value).push_back('\0');
  bytes(property, all.data(), all.size());
}

void TreeWriter::reg(std::initializer_list<Reg> ranges) {
  std::vector<u32> pairs;
  for (const Reg& range : ranges) {
    for (const u64 value : {range.address, range.bytes}) {
      pairs.push_back(static_cast<u32>(value >> 32));
      pairs.push_back(static_cast<u32>(value));
    }
  }
  cells("reg", pairs);
}

Result<std::vector<std::byte>> TreeWriter::finish() {
  note(fdt_finish(blob_.data()));
  std::vector<std::byte> result;
  if (error_ == 0) {
    result.resize(fdt_totalsize(blob_.data()) + tree_edit_room);
    note(fdt_open_into(blob_.data(), result.data(), static_cast<int>(result.size())));
  }
  if (error_ == -FDT_ERR_NOSPACE) return Error{"device tree: it does not fit in 192 KiB; shorten the kernel command line"};
  if (error_ != 0) return Error{std::string{"device tree: libfdt: "} + fdt_strerror(error_)};
  return result;
}

}  // namespace vm
