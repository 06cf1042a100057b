// SPDX-License-Identifier: Apache-2.0
// virtio-blk over a raw file: read, write, flush, get-id. Sectors are 512 bytes; the capacity is the file's size when it is opened.
// A write is durable after the flush that follows it (fdatasync). Host I/O errors become IOERR for the request that met them.
// Source: VIRTIO 1.2, section 5.2.
#pragma once
#include <memory>
#include <string>

#include "vm/devices/virtio_backend.hpp"
#include "vm/devices/virtqueue.hpp"
#include "vm/error.hpp"

namespace vm::devices {

struct BlockConfig {
  std::string path{};
  bool read_only = false;
  std::string serial = "interlock";  // what get-id answers, cut at 20 bytes
};

class VirtioBlock final : public VirtioBackend {
 public:
  static constexpr u64 sector_bytes = 512;
  static constexpr u32 segments_limit = 126;  // data ranges in one request

  // Errors: the file is missing, is a directory, cannot be opened so, or is no whole number of sectors.
  static Result<std::unique_ptr<VirtioBlock>> open(const BlockConfig& config);
  ~VirtioBlock() override;
  VirtioBlock(const VirtioBlock&) = delete;
  VirtioBlock& operator=(const VirtioBlock&) = delete;

  u64 sectors() const { return sectors_; }
  VirtioMmioState registers() const override;
  Served serve(u32 queue, const QueueLayout& layout, GuestMemory& memory) override;

 private:
  struct Answer {
    u8 status;
    u64 written;  // data bytes, before the status byte
  };
  VirtioBlock(int descriptor, u64 sectors, const BlockConfig& config);
  Answer perform(const Chain& chain, GuestMemory& memory);
  Answer transfer(const Chain& chain, u64 sector, bool write, GuestMemory& memory);

  int descriptor_;
  u64 sectors_;
  bool read_only_;
  std::string serial_;
  Virtqueue queue_;
  Chain chain_;
};

}  // namespace vm::devices
