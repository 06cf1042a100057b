// SPDX-License-Identifier: Apache-2.0
// One request at a time: header, data ranges, status byte.
#include "vm/devices/virtio_block.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace vm::devices {
namespace {

constexpr u64 feature_segments = u64{1} << 2;
constexpr u64 feature_read_only = u64{1} << 5;
constexpr u64 feature_flush = u64{1} << 9;

constexpr u32 configuration_capacity = 0;
constexpr u32 configuration_segments = 12;

constexpr u32 type_in = 0;
constexpr u32 type_out = 1;
constexpr u32 type_flush = 4;
constexpr u32 type_get_id = 8;

constexpr u8 status_ok = 0;
constexpr u8 status_io_error = 1;
constexpr u8 status_unsupported = 2;

constexpr u32 identifier_bytes = 20;
constexpr u16 queue_limit = 256;
constexpr std::size_t piece_bytes = 1 << 16;  // through the host's stack frame to guest RAM

struct Header {
  u32 type;
  u32 reserved;
  u64 sector;
};
static_assert(sizeof(Header) == 16);

bool read_whole(int descriptor, std::span<std::byte> into, u64 offset) {
  while (!into.empty()) {
    const ssize_t got = pread(descriptor, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<u64>(got);
  }
  return true;
}

bool write_whole(int descriptor, std::span<const std::byte> from, u64 offset) {
  while (!from.empty()) {
    const ssize_t put = pwrite(descriptor, from.data(), from.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    from = from.subspan(static_cast<std::size_t>(put));
    offset += static_cast<u64>(put);
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<VirtioBlock>> VirtioBlock::open(const BlockConfig& config) {
  const std::string named = "disk '" + config.path + "': ";
  const int descriptor = ::open(config.path.c_str(), (config.read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
  if (descriptor < 0) {
    const int cause = errno;
    const char* mend = cause == ENOENT                     ? "; create it with `truncate -s 64M FILE`"
                       : cause == EISDIR                   ? "; name a raw disk file"
                       : cause == EACCES || cause == EROFS ? "; change its permissions, or open it read-only"
                                                           : "";
    return Error{named + std::strerror(cause) + mend};
  }
  struct stat status {};
  u64 bytes = 0;
  std::string problem;
  if (fstat(descriptor, &status) != 0) {
    problem = std::strerror(errno);
  } else if (S_ISDIR(status.st_mode)) {
    problem = "is a directory; name a raw disk file";
  } else if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode)) {
    const off_t end = lseek(descriptor, 0, SEEK_END);
    if (end < 0) problem = std::strerror(errno);
    bytes = end < 0 ? 0 : static_cast<u64>(end);
  } else {
    problem = "is neither a regular file nor a block device; name a raw disk file";
  }
  if (problem.empty() && (bytes == 0 || bytes % sector_bytes != 0)) {
    problem =
        "holds " + std::to_string(bytes) + " bytes, which is no whole number of 512-byte sectors; extend it with `truncate -s %512 FILE`";
    if (bytes == 0) problem = "holds 0 bytes, so it has no sector; give it a size with `truncate -s 64M FILE`";
  }
  if (!problem.empty()) {
    ::close(descriptor);
    return Error{named + problem};
  }
  return std::unique_ptr<VirtioBlock>(new VirtioBlock(descriptor, bytes / sector_bytes, config));
}

VirtioBlock::VirtioBlock(int descriptor, u64 sectors, const BlockConfig& config)
    : descriptor_(descriptor), sectors_(sectors), read_only_(config.read_only), serial_(config.serial.substr(0, identifier_bytes)) {}

VirtioBlock::~VirtioBlock() { ::close(descriptor_); }

VirtioMmioState VirtioBlock::registers() const {
  const u64 features =
      feature_segments | feature_flush | (read_only_ ? feature_read_only : 0) | virtio::indirect_descriptors | virtio::event_index;
  VirtioMmioState state = VirtioMmioState::make(virtio::block_id, features, 1, queue_limit);
  std::memcpy(state.configuration + configuration_capacity, &sectors_, sizeof sectors_);
  std::memcpy(state.configuration + configuration_segments, &segments_limit, sizeof segments_limit);
  return state;
}

Served VirtioBlock::serve(u32, const QueueLayout& layout, GuestMemory& memory) {
  queue_.follow(layout);
  bool interrupt = false;
  u32 budget = layout.size;
  do {
    while (budget != 0) {
      const Virtqueue::Pop pop = queue_.pop(memory, chain_);
      if (pop == Virtqueue::Pop::broken) return {.interrupt = interrupt, .broken = true};
      if (pop == Virtqueue::Pop::empty) break;
      --budget;
      // The last writable byte is the status; without room for it the request has no answer, and the driver no excuse.
      if (chain_.writable_bytes == 0) return {.interrupt = interrupt, .broken = true};
      const Answer answer = perform(chain_, memory);
      const std::byte status{answer.status};
      copy_to(memory, chain_.writable, chain_.writable_bytes - 1, {&status, 1});
      queue_.push(memory, chain_.head, static_cast<u32>(answer.written + 1));
      interrupt |= queue_.publish(memory);  // each at once: a waiting request does not wait for the next one's I/O
    }
  } while (budget != 0 && queue_.rearm(memory));
  return {interrupt, false, budget == 0};
}

VirtioBlock::Answer VirtioBlock::perform(const Chain& chain, GuestMemory& memory) {
  Header header{};
  if (!copy_from(memory, chain.readable, 0, std::as_writable_bytes(std::span{&header, 1}))) return {status_io_error, 0};
  switch (header.type) {
    case type_in: return transfer(chain, header.sector, false, memory);
    case type_out: return read_only_ ? Answer{status_io_error, 0} : transfer(chain, header.sector, true, memory);
    case type_flush: return {fdatasync(descriptor_) == 0 ? status_ok : status_io_error, 0};
    case type_get_id: {
      std::array<char, identifier_bytes> identifier{};
      std::copy(serial_.begin(), serial_.end(), identifier.begin());
      const std::size_t count = std::min<u64>(identifier_bytes, chain.writable_bytes - 1);
      copy_to(memory, chain.writable, 0, std::as_bytes(std::span{identifier}.first(count)));
      return {status_ok, count};
    }
    default: return {status_unsupported, 0};
  }
}

VirtioBlock::Answer VirtioBlock::transfer(const Chain& chain, u64 sector, bool write, GuestMemory& memory) {
  const u64 bytes = write ? chain.readable_bytes - sizeof(Header) : chain.writable_bytes - 1;
  if (bytes % sector_bytes != 0 || sector > sectors_ || bytes / sector_bytes > sectors_ - sector) return {status_io_error, 0};
  std::array<std::byte, piece_bytes> buffer;
  for (u64 done = 0; done < bytes; done += piece_bytes) {
    const std::span<std::byte> piece = std::span{buffer}.first(std::min<u64>(piece_bytes, bytes - done));
    const u64 offset = sector * sector_bytes + done;
    const bool good = write ? copy_from(memory, chain.readable, sizeof(Header) + done, piece) && write_whole(descriptor_, piece, offset)
                            : read_whole(descriptor_, piece, offset) && copy_to(memory, chain.writable, done, piece);
    if (!good) return {status_io_error, write ? 0 : done};
  }
  return {status_ok, write ? 0 : bytes};
}

}  // namespace vm::devices
