// SPDX-License-Identifier: Apache-2.0
// Small program files for tests, built in memory and then damaged one field at a time.
#pragma once
#include <elf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "vm/machine/loader_program.hpp"

namespace tests {

using vm::u16;
using vm::u32;
using vm::u64;
using vm::u8;
using Bytes = std::vector<std::byte>;

inline constexpr vm::PhysicalRange small_ram{0x8000'0000, 0x8010'0000};  // 1 MiB

template <class T>
void poke(Bytes& file, u64 offset, T value) {
  ASSERT_LE(offset + sizeof value, file.size());
  std::memcpy(file.data() + offset, &value, sizeof value);
}

struct ElfSegment {
  u64 address, file_bytes, memory_bytes;
  u64 virtual_address = 0;  // 0: as `address`
};

// Header, program headers, then each segment's bytes: its number plus one, repeated.
inline Bytes make_elf(const std::vector<ElfSegment>& segments, u64 entry) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_RISCV;
  header.e_version = EV_CURRENT;
  header.e_entry = entry;
  header.e_phoff = sizeof header;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<u16>(segments.size());
  u64 offset = sizeof header + segments.size() * sizeof(Elf64_Phdr);
  Bytes file(offset);
  std::memcpy(file.data(), &header, sizeof header);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const ElfSegment& from = segments[i];
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_flags = PF_R | PF_W | PF_X;
    segment.p_offset = offset;
    segment.p_paddr = from.address;
    segment.p_vaddr = from.virtual_address == 0 ? from.address : from.virtual_address;
    segment.p_filesz = from.file_bytes;
    segment.p_memsz = from.memory_bytes;
    std::memcpy(file.data() + sizeof header + i * sizeof segment, &segment, sizeof segment);
    file.resize(file.size() + from.file_bytes, static_cast<std::byte>(i + 1));
    offset += from.file_bytes;
  }
  return file;
}

// A Linux Image of `file_bytes`, which takes `image_bytes` in memory.
inline Bytes make_image(u64 file_bytes, u64 image_bytes, u64 text_offset) {
  Bytes file(file_bytes, std::byte{0x13});
  std::memset(file.data(), 0, 64);
  poke<u64>(file, 8, text_offset);
  poke<u64>(file, 16, image_bytes);
  poke<u32>(file, 32, 2);
  std::memcpy(file.data() + 48, "RISCV\0\0\0RSC\x05", 12);
  return file;
}

// The error of `result` names the file, the place, and more. Wants the whole message in a failure.
template <class Result>
void expect_error(const Result& result, std::initializer_list<std::string> parts) {
  ASSERT_FALSE(result) << "accepted, but expected: " << *parts.begin();
  for (const std::string& part : parts)
    EXPECT_NE(result.error().message.find(part), std::string::npos) << "no '" << part << "' in: " << result.error().message;
}

// A folder that goes away with the test.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("interlock-" + std::to_string(getpid()) + "-" + std::to_string(count_++))) {
    std::filesystem::create_directory(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string file(const std::string& name, const Bytes& contents) const {
    std::ofstream(path(name), std::ios::binary)
        .write(reinterpret_cast<const char*>(contents.data()), static_cast<std::streamsize>(contents.size()));
    return path(name);
  }

 private:
  static inline int count_ = 0;
  std::filesystem::path path_;
};

}  // namespace tests
