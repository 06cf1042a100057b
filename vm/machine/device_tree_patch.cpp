// SPDX-License-Identifier: Apache-2.0
// Device trees from files: checked whole before anything else reads them, then given our /chosen.
#include <libfdt.h>

#include <string>

#include "vm/machine/device_tree.hpp"
#include "vm/machine/device_tree_writer.hpp"
#include "vm/machine/loader_program.hpp"

namespace vm {
namespace {

// Sets properties of /chosen; the first failure sticks.
class ChosenEditor {
 public:
  explicit ChosenEditor(void* blob) : blob_(blob) {
    node_ = fdt_path_offset(blob, "/chosen");
    if (node_ == -FDT_ERR_NOTFOUND) node_ = fdt_add_subnode(blob, 0, "chosen");
    if (node_ < 0) error_ = node_;
  }
  void set(const char* property, const void* value, std::size_t bytes) {
    if (error_ == 0) error_ = fdt_setprop(blob_, node_, property, value, static_cast<int>(bytes));
  }
  void number(const char* property, u64 value) {
    const fdt64_t big_endian = cpu_to_fdt64(value);
    set(property, &big_endian, sizeof big_endian);
  }
  int error() const { return error_; }

 private:
  void* blob_;
  int node_ = 0;
  int error_ = 0;
};

}  // namespace

Result<void> check_device_tree(std::span<const std::byte> blob, const std::string& name) {
  constexpr u64 header_bytes = sizeof(fdt_header);
  if (blob.size() < header_bytes) {
    return Error{name + ": at offset " + hexadecimal(blob.size()) +
                 ": the file ends inside the 40-byte header; it is truncated, or no device tree blob"};
  }
  constexpr u64 largest = u64{16} << 20;  // libfdt counts in int; no machine's tree comes near
  if (blob.size() > largest) return Error{name + ": " + hexadecimal(blob.size()) + " bytes: a device tree has at most 16 MiB"};
  // libfdt wants an aligned blob.
  std::vector<u64> aligned((blob.size() + 7) / 8);
  std::memcpy(aligned.data(), blob.data(), blob.size());
  const void* tree = aligned.data();
  if (fdt_magic(tree) != FDT_MAGIC) {
    return Error{name + ": at offset 0x0: no device tree magic; compile the source with `dtc -O dtb`"};
  }
  if (fdt_totalsize(tree) > blob.size()) {
    return Error{name + ": at offset 0x4: the header gives " + hexadecimal(fdt_totalsize(tree)) + " bytes, the file has " +
                 hexadecimal(blob.size()) + "; it is truncated"};
  }
  if (const int error = fdt_check_full(tree, blob.size()); error != 0) {
    return Error{name + ": at offset 0x8: the tree behind the header is damaged (" + fdt_strerror(error) +
                 "); compile it again with `dtc -O dtb`"};
  }
  return {};
}

Result<std::vector<std::byte>> patch_device_tree(std::span<const std::byte> blob, const std::string& name, const Chosen& chosen,
                                                 std::span<const PhysicalRange> reserved) {
  if (Result<void> checked = check_device_tree(blob, name); !checked) return checked.error();
  if (chosen.bootargs && chosen.bootargs->find('\0') != std::string::npos)
    return Error{name + ": the kernel command line contains a zero byte"};
  std::vector<u64> source((blob.size() + 7) / 8);
  std::memcpy(source.data(), blob.data(), blob.size());
  const std::size_t added = 512 + 16 * reserved.size() + (chosen.bootargs ? chosen.bootargs->size() : 0);
  std::vector<std::byte> result(fdt_totalsize(source.data()) + added + tree_edit_room);
  int error = fdt_open_into(source.data(), result.data(), static_cast<int>(result.size()));
  for (const PhysicalRange& range : reserved) {
    if (error == 0) error = fdt_add_mem_rsv(result.data(), range.first, range.end - range.first);
  }
  if (error == 0) {
    ChosenEditor editor(result.data());
    if (chosen.bootargs) editor.set("bootargs", chosen.bootargs->c_str(), chosen.bootargs->size() + 1);
    if (chosen.initrd) {
      editor.number("linux,initrd-start", chosen.initrd->first);
      editor.number("linux,initrd-end", chosen.initrd->end);
    }
    if (chosen.rng_seed) {
      std::array<fdt32_t, 8> seed{};
      for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = cpu_to_fdt32((*chosen.rng_seed)[i]);
      editor.set("rng-seed", seed.data(), sizeof seed);
    }
    error = editor.error();
  }
  // libfdt's check lets a few odd layouts pass that its editing then damages.
  if (error == 0) error = fdt_check_full(result.data(), result.size());
  if (error != 0)
    return Error{name + ": at offset 0x8: /chosen cannot be edited (" + fdt_strerror(error) + "); compile it again with `dtc -O dtb`"};
  return result;
}

}  // namespace vm
