// SPDX-License-Identifier: Apache-2.0
// The header, then each program header, then how the segments lie to each other.
#include "vm/machine/elf.hpp"

#include <elf.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace vm {
namespace {

constexpr u64 headers_limit = 4096;  // program headers; real programs have about ten

// The header as found, copied out so that alignment does not matter.
template <class T>
T copied(std::span<const std::byte> file, u64 offset) {
  T value;
  std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

std::string at(const std::string& name, u64 offset) { return name + ": at offset " + hexadecimal(offset) + ": "; }

std::optional<Error> check_identity(std::span<const std::byte> file, const std::string& name) {
  if (file.size() < sizeof(Elf64_Ehdr)) {
    return Error{at(name, file.size()) + "the file ends inside the 64-byte ELF header; it is truncated, or no ELF file"};
  }
  const auto header = copied<Elf64_Ehdr>(file, 0);
  const auto wrong = [&](u64 offset, const std::string& what) { return Error{at(name, offset) + what}; };
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return wrong(0, "no ELF magic; name an ELF file");
  if (header.e_ident[EI_CLASS] != ELFCLASS64) return wrong(EI_CLASS, "not a 64-bit ELF file; build it for rv64 (-march=rv64gc)");
  if (header.e_ident[EI_DATA] != ELFDATA2LSB) return wrong(EI_DATA, "not little-endian; build it for riscv64, not riscv64be");
  if (header.e_ident[EI_VERSION] != EV_CURRENT || header.e_version != EV_CURRENT) {
    return wrong(header.e_ident[EI_VERSION] != EV_CURRENT ? u64{EI_VERSION} : offsetof(Elf64_Ehdr, e_version),
                 "unknown ELF version; is the file damaged?");
  }
  if (header.e_machine != EM_RISCV) {
    return wrong(offsetof(Elf64_Ehdr, e_machine),
                 "built for machine " + std::to_string(header.e_machine) + ", not RISC-V (243); build it with a riscv64 compiler");
  }
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
    return wrong(offsetof(Elf64_Ehdr, e_type),
                 "neither an executable nor position-independent (type " + std::to_string(header.e_type) + "); link it first");
  }
  if (header.e_ehsize != sizeof(Elf64_Ehdr)) return wrong(offsetof(Elf64_Ehdr, e_ehsize), "unexpected header size; is the file damaged?");
  if (header.e_phnum == 0) return wrong(offsetof(Elf64_Ehdr, e_phnum), "no program headers; link it as an executable");
  if (header.e_phnum > headers_limit) return wrong(offsetof(Elf64_Ehdr, e_phnum), "more than 4096 program headers; is the file damaged?");
  if (header.e_phentsize != sizeof(Elf64_Phdr))
    return wrong(offsetof(Elf64_Ehdr, e_phentsize), "unexpected program header size; is the file damaged?");
  const u64 table = u64{header.e_phnum} * sizeof(Elf64_Phdr);
  if (header.e_phoff > file.size() || table > file.size() - header.e_phoff) {
    return wrong(offsetof(Elf64_Ehdr, e_phoff),
                 "the program headers reach behind the file's end at " + hexadecimal(file.size()) + "; it is truncated");
  }
  return {};
}

// One PT_LOAD header, at file offset `offset`.
Result<Segment> check_segment(std::span<const std::byte> file, const std::string& name, u64 offset, PhysicalRange ram) {
  const auto header = copied<Elf64_Phdr>(file, offset);
  const auto wrong = [&](u64 field, const std::string& what) { return Error{at(name, offset + field) + what}; };
  if (header.p_filesz > header.p_memsz)
    return wrong(offsetof(Elf64_Phdr, p_filesz), "a segment has more bytes in the file than in memory; is the file damaged?");
  if (header.p_offset > file.size() || header.p_filesz > file.size() - header.p_offset) {
    return wrong(offsetof(Elf64_Phdr, p_offset),
                 "a segment reaches behind the file's end at " + hexadecimal(file.size()) + "; it is truncated");
  }
  if (header.p_paddr < ram.first || header.p_paddr > ram.end || header.p_memsz > ram.end - header.p_paddr) {
    return wrong(offsetof(Elf64_Phdr, p_paddr), "a segment of " + hexadecimal(header.p_memsz) + " bytes at " + hexadecimal(header.p_paddr) +
                                                    " does not lie in RAM, " + hexadecimal(ram.first) + " to " + hexadecimal(ram.end) +
                                                    "; link it there, or give the machine more memory");
  }
  return Segment{header.p_paddr, header.p_memsz, file.subspan(header.p_offset, header.p_filesz), offset};
}

// The entry is virtual; the program starts untranslated, so it counts where that address was loaded.
std::optional<u64> physical_entry(std::span<const std::byte> file, const Elf64_Ehdr& header) {
  for (u64 i = 0; i < header.e_phnum; ++i) {
    const auto segment = copied<Elf64_Phdr>(file, header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type == PT_LOAD && header.e_entry >= segment.p_vaddr && header.e_entry - segment.p_vaddr < segment.p_memsz) {
      return segment.p_paddr + (header.e_entry - segment.p_vaddr);
    }
  }
  return {};
}

}  // namespace

bool is_elf(std::span<const std::byte> file) { return file.size() >= SELFMAG && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0; }

Result<ProgramPlan> plan_elf(std::span<const std::byte> file, const std::string& name, PhysicalRange ram) {
  if (auto error = check_identity(file, name)) return *error;
  const auto header = copied<Elf64_Ehdr>(file, 0);
  ProgramPlan plan;
  for (u64 i = 0; i < header.e_phnum; ++i) {
    const u64 offset = header.e_phoff + i * sizeof(Elf64_Phdr);
    const auto segment = copied<Elf64_Phdr>(file, offset);
    if (segment.p_type == PT_INTERP) {
      return Error{at(name, offset) + "it wants a dynamic linker; link it statically (-static)"};
    }
    if (segment.p_type != PT_LOAD || segment.p_memsz == 0) continue;
    Result<Segment> checked = check_segment(file, name, offset, ram);
    if (!checked) return checked.error();
    plan.segments.push_back(*checked);
  }
  if (plan.segments.empty()) return Error{at(name, header.e_phoff) + "no segment is to be loaded; link it as an executable"};
  std::vector<Segment> sorted = plan.segments;
  std::sort(sorted.begin(), sorted.end(), [](const Segment& a, const Segment& b) { return a.address < b.address; });
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].address < sorted[i - 1].address + sorted[i - 1].bytes) {
      return Error{at(name, sorted[i].file_offset) + "the segment at " + hexadecimal(sorted[i].address) + " overlaps the one at " +
                   hexadecimal(sorted[i - 1].address) + "; correct the linker script"};
    }
  }
  const std::optional<u64> entry = physical_entry(file, header);
  if (!entry) {
    return Error{at(name, offsetof(Elf64_Ehdr, e_entry)) + "the entry " + hexadecimal(header.e_entry) +
                 " is in no loaded segment; set ENTRY in the linker script"};
  }
  if ((*entry & 1) != 0)
    return Error{at(name, offsetof(Elf64_Ehdr, e_entry)) + "the entry " + hexadecimal(*entry) + " is odd; is the file damaged?"};
  plan.program = {*entry, sorted.front().address, sorted.back().address + sorted.back().bytes};
  return plan;
}

Result<LoadedProgram> load_elf(std::span<const std::byte> file, const std::string& name, GuestMemory& memory) {
  Result<ProgramPlan> plan = plan_elf(file, name, {ram_base, ram_base + memory.bytes()});
  if (!plan) return plan.error();
  return place(*plan, name, memory);
}

}  // namespace vm
