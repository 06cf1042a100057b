// SPDX-License-Identifier: Apache-2.0
// virtio-blk: each request type, each refusal, and what a host error becomes.
#include "vm/devices/virtio_block.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "tests/unit/devices/driver_ring.hpp"

namespace {

using namespace tests;
using vm::devices::BlockConfig;
using vm::devices::Served;
using vm::devices::VirtioBlock;
namespace virtio = vm::devices::virtio;

constexpr u64 header_at = vm::ram_base + 0x8000, status_at = vm::ram_base + 0x8100, payload = vm::ram_base + 0x9000;
constexpr u32 in = 0, out = 1, flush = 4, get_id = 8;
constexpr u8 ok = 0, io_error = 1, unsupported = 2, untouched = 0xee;

struct Bench {
  explicit Bench(u64 sectors = 16, bool read_only = false) {
    file = memfd_create("disk", 0);
    EXPECT_EQ(ftruncate(file, static_cast<off_t>(sectors * 512)), 0);
    auto opened = VirtioBlock::open({.path = path(), .read_only = read_only, .serial = "a serial number of more than twenty"});
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      std::abort();
    }
    disk = std::move(*opened);
  }
  ~Bench() { close(file); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(file); }

  // One request with one data range; returns the status byte.
  u8 request(u32 type, u64 sector, u32 bytes, bool device_writes) {
    struct {
      u32 type, reserved;
      u64 sector;
    } const header{type, 0, sector};
    driver.put(header_at, header);
    driver.put<u8>(status_at, untouched);
    std::vector<Descriptor> parts{{header_at, 16, 0, 0}};
    if (bytes != 0) parts.push_back({payload, bytes, device_writes ? flag_write : u16{0}, 0});
    parts.push_back({status_at, 1, flag_write, 0});
    driver.chain(0, parts);
    driver.offer(0);
    served = disk->serve(0, driver.layout, *memory);
    used = driver.take();
    return driver.get<u8>(status_at);
  }
  void fill(u8 value, u32 bytes) { ASSERT_TRUE(memory->write(payload, std::vector<std::byte>(bytes, std::byte{value}))); }

  int file = -1;
  std::unique_ptr<vm::GuestMemory> memory = ram();
  DriverRing driver{*memory, 8};
  std::unique_ptr<VirtioBlock> disk;
  Served served;
  std::optional<Used> used;
};

TEST(devices_virtio_block, registers_tell_capacity_and_features) {
  Bench bench(100);
  const auto state = bench.disk->registers();
  EXPECT_EQ(state.device_id, virtio::block_id);
  EXPECT_EQ(state.read(0x100, 4), 100u);
  EXPECT_EQ(state.read(0x10c, 4), VirtioBlock::segments_limit);
  EXPECT_EQ(state.offered >> 5 & 1, 0u);
  EXPECT_EQ(state.offered >> 13 & 3, 0u) << "neither discard nor write-zeroes";
  EXPECT_EQ(Bench(100, true).disk->registers().offered >> 5 & 1, 1u) << "VIRTIO_BLK_F_RO";
}

TEST(devices_virtio_block, writes_reach_the_file_and_reads_come_back) {
  Bench bench;
  bench.fill(0xa5, 1024);
  EXPECT_EQ(bench.request(out, 3, 1024, false), ok);
  ASSERT_TRUE(bench.used);
  EXPECT_EQ(bench.used->length, 1u) << "the status byte alone was written";
  EXPECT_TRUE(bench.served.interrupt);
  std::array<u8, 4 * 512> file{};
  ASSERT_EQ(pread(bench.file, file.data(), file.size(), 2 * 512), static_cast<ssize_t>(file.size()));
  EXPECT_EQ(file[511], 0);
  EXPECT_EQ(file[512], 0xa5);
  EXPECT_EQ(file[512 + 1023], 0xa5);
  EXPECT_EQ(file[512 + 1024], 0);
  bench.fill(0, 2048);
  EXPECT_EQ(bench.request(in, 2, 2048, true), ok);
  EXPECT_EQ(bench.used->length, 2049u);
  EXPECT_EQ(bench.driver.get<u8>(payload + 511), 0);
  EXPECT_EQ(bench.driver.get<u8>(payload + 512), 0xa5);
  EXPECT_EQ(bench.request(flush, 0, 0, false), ok);
}

TEST(devices_virtio_block, long_transfers_cross_pieces_and_ranges) {
  Bench bench(1024);
  constexpr u32 bytes = 200 * 1024;
  std::vector<std::byte> pattern(bytes);
  for (u32 i = 0; i < bytes; ++i) pattern[i] = static_cast<std::byte>(i * 2654435761u >> 24);
  ASSERT_TRUE(bench.memory->write(payload, pattern));
  EXPECT_EQ(bench.request(out, 1, bytes, false), ok);
  bench.fill(0, bytes);
  EXPECT_EQ(bench.request(in, 1, bytes, true), ok);
  std::vector<std::byte> back(bytes);
  ASSERT_TRUE(bench.memory->read(payload, back));
  EXPECT_EQ(back, pattern);
}

TEST(devices_virtio_block, requests_outside_the_disk_or_not_in_sectors_are_io_errors) {
  struct Case {
    u32 type;
    u64 sector;
    u32 bytes;
  };
  for (const Case& c : {Case{in, 16, 512}, Case{out, 16, 512}, Case{in, 15, 1024}, Case{in, ~u64{0}, 512}, Case{out, u64{1} << 55, 512},
                        Case{in, 0, 100}, Case{out, 0, 513}}) {
    Bench bench;
    EXPECT_EQ(bench.request(c.type, c.sector, c.bytes, c.type == in), io_error) << c.sector << ' ' << c.bytes;
    EXPECT_EQ(bench.used->length, 1u);
  }
}

TEST(devices_virtio_block, a_read_only_disk_refuses_writes_and_keeps_its_bytes) {
  Bench bench(16, true);
  bench.fill(0xff, 512);
  EXPECT_EQ(bench.request(out, 0, 512, false), io_error);
  u8 byte = 1;
  ASSERT_EQ(pread(bench.file, &byte, 1, 0), 1);
  EXPECT_EQ(byte, 0);
}

TEST(devices_virtio_block, the_identifier_is_cut_at_twenty_bytes) {
  Bench bench;
  EXPECT_EQ(bench.request(get_id, 0, 20, true), ok);
  std::array<char, 21> identifier{};
  ASSERT_TRUE(bench.memory->read(payload, std::as_writable_bytes(std::span{identifier}.first(20))));
  EXPECT_STREQ(identifier.data(), "a serial number of m");
}

TEST(devices_virtio_block, unknown_types_are_unsupported) {
  for (const u32 type : {2u, 11u, 13u, 0xffff'ffffu}) EXPECT_EQ(Bench().request(type, 0, 512, true), unsupported) << type;
}

TEST(devices_virtio_block, a_request_without_header_fails_and_one_without_status_breaks_the_queue) {
  Bench bench;
  const Descriptor parts[] = {{header_at, 8, 0, 0}, {status_at, 1, flag_write, 0}};
  bench.driver.chain(0, parts);
  bench.driver.offer(0);
  EXPECT_FALSE(bench.disk->serve(0, bench.driver.layout, *bench.memory).broken);
  EXPECT_EQ(bench.driver.get<u8>(status_at), io_error);
  bench.driver.describe(0, {header_at, 16, 0, 0});
  bench.driver.offer(0);
  EXPECT_TRUE(bench.disk->serve(0, bench.driver.layout, *bench.memory).broken);
}

TEST(devices_virtio_block, a_file_that_shrinks_gives_io_errors) {
  Bench bench;
  ASSERT_EQ(ftruncate(bench.file, 512), 0);
  EXPECT_EQ(bench.request(in, 0, 512, true), ok);
  EXPECT_EQ(bench.request(in, 4, 512, true), io_error);
}

TEST(devices_virtio_block, files_that_are_no_disks_are_refused_with_the_mend) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("interlock-block-" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "odd") << "more than nothing";
  std::ofstream(folder / "empty").flush();
  struct Case {
    std::string path, says;
  };
  for (const Case& c : {Case{(folder / "missing").string(), "truncate -s 64M"}, Case{folder.string(), "raw disk file"},
                        Case{(folder / "odd").string(), "17 bytes"}, Case{(folder / "empty").string(), "0 bytes"},
                        Case{"/dev/null", "neither a regular file nor a block device"}}) {
    const auto disk = VirtioBlock::open({.path = c.path});
    ASSERT_FALSE(disk) << c.path;
    EXPECT_NE(disk.error().message.find(c.path), std::string::npos) << disk.error().message;
    EXPECT_NE(disk.error().message.find(c.says), std::string::npos) << disk.error().message;
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
