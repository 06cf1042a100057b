// SPDX-License-Identifier: Apache-2.0
#include "tests/isa/user_elf.hpp"

#include <elf.h>

#include <cstring>

namespace isa_fuzz {

namespace {

constexpr u64 page = 4096;
constexpr u32 double_float_abi_compressed = 0x5;

u64 page_up(u64 n) { return (n + page - 1) & ~(page - 1); }

Elf64_Phdr segment(u64 offset, u64 address, u64 bytes, u32 flags) {
  Elf64_Phdr header{};
  header.p_type = PT_LOAD;
  header.p_flags = flags;
  header.p_offset = offset;
  header.p_vaddr = header.p_paddr = address;
  header.p_filesz = header.p_memsz = bytes;
  header.p_align = page;
  return header;
}

}  // namespace

std::vector<u8> elf_of(const Program& program) {
  const u64 text_offset = page;
  const u64 data_offset = text_offset + page_up(program.text.size());
  std::vector<u8> file(data_offset + program.data.size());

  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = EM_RISCV;
  header.e_version = EV_CURRENT;
  header.e_entry = program.text_address;
  header.e_phoff = sizeof header;
  header.e_flags = double_float_abi_compressed;
  header.e_ehsize = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 2;
  const Elf64_Phdr segments[] = {segment(text_offset, program.text_address, program.text.size(), PF_R | PF_X),
                                 segment(data_offset, program.data_address, program.data.size(), PF_R | PF_W)};
  std::memcpy(file.data(), &header, sizeof header);
  std::memcpy(file.data() + sizeof header, segments, sizeof segments);
  std::memcpy(file.data() + text_offset, program.text.data(), program.text.size());
  std::memcpy(file.data() + data_offset, program.data.data(), program.data.size());
  return file;
}

}  // namespace isa_fuzz
