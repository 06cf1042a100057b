// SPDX-License-Identifier: Apache-2.0
// Host files in, segments out.
#include "vm/machine/loader_program.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace vm {

std::string hexadecimal(u64 value) {
  char text[19];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

Result<std::vector<std::byte>> read_file(const std::string& path, const std::string& what, u64 limit) {
  const std::string named = what + " '" + path + "': ";
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return Error{named + std::strerror(errno) + "; check the path and its permissions"};
  struct Closer {
    int descriptor;
    ~Closer() { close(descriptor); }
  } const closer{descriptor};
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return Error{named + std::strerror(errno)};
  if (S_ISDIR(status.st_mode)) return Error{named + "is a directory; name a file"};
  if (!S_ISREG(status.st_mode)) return Error{named + "is no regular file; copy its contents to one"};
  const u64 size = static_cast<u64>(status.st_size);
  if (size == 0) return Error{named + "is empty; was it written whole?"};
  if (size > limit) {
    return Error{named + "holds " + std::to_string(size) + " bytes, more than the limit of " + std::to_string(limit) +
                 "; is it the right file?"};
  }
  std::vector<std::byte> bytes(size);
  for (u64 done = 0; done < size;) {
    const ssize_t got = pread(descriptor, bytes.data() + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error{named + "read error at offset " + hexadecimal(done) + ": " + std::strerror(errno)};
    if (got == 0)
      return Error{named + "ends at offset " + hexadecimal(done) + " of " + hexadecimal(size) + ": it shrank while it was read; try again"};
    done += static_cast<u64>(got);
  }
  return bytes;
}

Result<LoadedProgram> place(const ProgramPlan& plan, const std::string& name, GuestMemory& memory) {
  static constexpr std::size_t zero_bytes = 1 << 16;
  static const std::byte zeros[zero_bytes]{};
  for (const Segment& segment : plan.segments) {
    bool good = memory.write(segment.address, segment.contents);
    for (u64 done = segment.contents.size(); good && done < segment.bytes;) {
      const u64 count = std::min<u64>(zero_bytes, segment.bytes - done);
      good = memory.write(segment.address + done, {zeros, count});
      done += count;
    }
    if (!good) {
      return Error{name + ": the segment at offset " + hexadecimal(segment.file_offset) + " goes to " + hexadecimal(segment.address) +
                   ", which is no RAM"};
    }
  }
  return plan.program;
}

Result<ProgramPlan> plan_raw(std::span<const std::byte> file, const std::string& name, u64 address, PhysicalRange ram) {
  if (file.empty()) return Error{name + ": is empty at offset 0x0; was it written whole?"};
  if (address < ram.first || address >= ram.end || file.size() > ram.end - address) {
    return Error{name + ": its " + std::to_string(file.size()) + " bytes from offset 0x0 do not fit at " + hexadecimal(address) +
                 " in RAM that ends at " + hexadecimal(ram.end) + "; give the machine more memory"};
  }
  ProgramPlan plan;
  plan.segments.push_back({address, file.size(), file, 0});
  plan.program = {address, address, address + file.size()};
  return plan;
}

}  // namespace vm
