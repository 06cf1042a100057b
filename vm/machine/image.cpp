// SPDX-License-Identifier: Apache-2.0
// The header of the kernel image, field by field.
#include "vm/machine/image.hpp"

#include <cstddef>
#include <cstring>

namespace vm {
namespace {

struct ImageHeader {
  u32 code[2];
  u64 text_offset;
  u64 image_size;  // in memory, without the gap below text_offset
  u64 flags;       // bit 0: big-endian
  u32 version;     // 16-bit major, 16-bit minor
  u32 reserved_1;
  u64 reserved_2;
  char magic[8];  // "RISCV", deprecated but still written
  char magic_2[4];
  u32 reserved_3;
};
static_assert(sizeof(ImageHeader) == 64);

constexpr char magic[8] = "RISCV\0\0";
constexpr char magic_2[4] = {'R', 'S', 'C', '\x05'};
constexpr u64 alignment = u64{2} << 20;

}  // namespace

bool is_linux_image(std::span<const std::byte> file) {
  return file.size() >= sizeof(ImageHeader) && (std::memcmp(file.data() + offsetof(ImageHeader, magic_2), magic_2, sizeof magic_2) == 0 ||
                                                std::memcmp(file.data() + offsetof(ImageHeader, magic), magic, sizeof magic) == 0);
}

Result<ProgramPlan> plan_linux_image(std::span<const std::byte> file, const std::string& name, u64 base, PhysicalRange ram) {
  const auto wrong = [&](u64 offset, const std::string& what) { return Error{name + ": at offset " + hexadecimal(offset) + ": " + what}; };
  const auto starts_with = [&](std::initializer_list<unsigned char> bytes) {
    return file.size() >= bytes.size() && std::memcmp(file.data(), bytes.begin(), bytes.size()) == 0;
  };
  if (starts_with({0x1f, 0x8b})) return wrong(0, "the kernel is compressed; give the Image itself (gunzip it)");
  if (starts_with({0x28, 0xb5, 0x2f, 0xfd})) return wrong(0, "the kernel is compressed; give the Image itself (unzstd it)");
  if (file.size() < sizeof(ImageHeader))
    return wrong(file.size(), "the file ends inside the 64-byte Image header; it is truncated, or no Image");
  ImageHeader header;
  std::memcpy(&header, file.data(), sizeof header);
  if (!is_linux_image(file))
    return wrong(offsetof(ImageHeader, magic_2), "no RISC-V Image magic; give arch/riscv/boot/Image, or an ELF file");
  if (std::memcmp(header.magic_2, magic_2, sizeof magic_2) != 0 && header.version >> 16 != 0) {
    return wrong(offsetof(ImageHeader, magic_2), "an Image header of version 0.2 or later lacks its magic; is the file damaged?");
  }
  if ((header.flags & 1) != 0) return wrong(offsetof(ImageHeader, flags), "a big-endian kernel; the machine is little-endian");
  if (header.image_size < file.size()) {
    return wrong(offsetof(ImageHeader, image_size), "the header gives " + hexadecimal(header.image_size) + " bytes, the file has " +
                                                        hexadecimal(file.size()) + "; is it damaged?");
  }
  if (header.text_offset % alignment != 0) {
    return wrong(offsetof(ImageHeader, text_offset),
                 "the text offset " + hexadecimal(header.text_offset) + " is no multiple of 2 MiB; is the file damaged?");
  }
  if (base < ram.first || base > ram.end || header.text_offset > ram.end - base ||
      header.image_size > ram.end - base - header.text_offset) {
    return wrong(offsetof(ImageHeader, image_size),
                 "a kernel of " + hexadecimal(header.image_size) + " bytes at " + hexadecimal(header.text_offset) + " from " +
                     hexadecimal(base) + " does not fit in RAM that ends at " + hexadecimal(ram.end) + "; give the machine more memory");
  }
  const u64 address = base + header.text_offset;
  ProgramPlan plan;
  plan.segments.push_back({address, header.image_size, file, 0});
  plan.program = {address, address, address + header.image_size};
  return plan;
}

Result<LoadedProgram> load_linux_image(std::span<const std::byte> file, const std::string& name, u64 base, GuestMemory& memory) {
  Result<ProgramPlan> plan = plan_linux_image(file, name, base, {ram_base, ram_base + memory.bytes()});
  if (!plan) return plan.error();
  return place(*plan, name, memory);
}

}  // namespace vm
