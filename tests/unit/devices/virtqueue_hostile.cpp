// SPDX-License-Identifier: Apache-2.0
// Virtqueues with a hostile driver. Each broken rule has a case; then random rings: whatever the bytes, a pass ends, a chain's ranges
// lie in RAM, and after the first broken rule guest memory is left alone.
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>

#include "tests/stress.hpp"
#include "tests/unit/devices/driver_ring.hpp"
#include "vm/devices/virtio_block.hpp"
#include "vm/devices/virtio_console.hpp"
#include "vm/devices/virtio_entropy.hpp"
#include "vm/devices/virtqueue.hpp"

namespace {

using namespace tests;
using vm::devices::Chain;
using vm::devices::Virtqueue;
namespace virtio = vm::devices::virtio;

constexpr u64 payload = vm::ram_base + 0x8000;
constexpr u64 end_of_ram = vm::ram_base + (u64{1} << 20);

struct Bench {
  std::unique_ptr<vm::GuestMemory> memory = ram();
  DriverRing driver{*memory, 8};
  Virtqueue queue;
  Chain chain;

  void expect_broken(const char* why) {
    queue.follow(driver.layout);
    EXPECT_EQ(queue.pop(*memory, chain), Virtqueue::Pop::broken) << why;
    EXPECT_TRUE(queue.broken());
    EXPECT_EQ(queue.pop(*memory, chain), Virtqueue::Pop::broken) << "and stays so";
    queue.push(*memory, 0, 0);
    EXPECT_FALSE(queue.publish(*memory));
    EXPECT_EQ(driver.used_index(), 0u) << "a broken queue writes nothing";
    ++driver.layout.set_up;
    queue.follow(driver.layout);
    EXPECT_FALSE(queue.broken()) << "a new set-up mends it";
  }
};

TEST(devices_virtqueue_hostile, bad_descriptors) {
  struct Case {
    const char* why;
    Descriptor first, second;
    u64 features;
  };
  const u64 indirect = virtio::indirect_descriptors;
  const Case cases[] = {
      {"address 0", {0, 1, 0, 0}, {}, 0},
      {"below RAM", {vm::ram_base - 1, 2, 0, 0}, {}, 0},
      {"behind RAM", {end_of_ram, 1, 0, 0}, {}, 0},
      {"across the end of RAM", {end_of_ram - 1, 2, flag_write, 0}, {}, 0},
      {"address plus length overflows", {~u64{0} - 3, 16, 0, 0}, {}, 0},
      {"length of 4 GiB less one", {payload, 0xffff'ffff, 0, 0}, {}, 0},
      {"next index outside the table", {payload, 1, flag_next, 8}, {}, 0},
      {"a loop of one", {payload, 1, flag_next, 0}, {}, 0},
      {"a loop of two", {payload, 1, flag_next, 1}, {payload, 1, flag_next, 0}, 0},
      {"readable after writable", {payload, 1, flag_write | flag_next, 1}, {payload, 1, 0, 0}, 0},
      {"indirect, not negotiated", {payload, 16, flag_indirect, 0}, {}, 0},
      {"indirect and next", {payload, 16, flag_indirect | flag_next, 1}, {payload, 1, 0, 0}, indirect},
      {"indirect of length 0", {payload, 0, flag_indirect, 0}, {}, indirect},
      {"indirect of half an entry", {payload, 24, flag_indirect, 0}, {}, indirect},
      {"indirect longer than the queue", {payload, 16 * 9, flag_indirect, 0}, {}, indirect},
      {"indirect behind RAM", {end_of_ram - 8, 16, flag_indirect, 0}, {}, indirect},
  };
  for (const Case& c : cases) {
    Bench bench;
    bench.driver.layout.features |= c.features;
    bench.driver.describe(0, c.first);
    bench.driver.describe(1, c.second);
    bench.driver.offer(0);
    bench.expect_broken(c.why);
  }
}

TEST(devices_virtqueue_hostile, bad_indirect_tables) {
  struct Case {
    const char* why;
    Descriptor entries[2];
  };
  const Case cases[] = {
      {"indirect in indirect", {{payload, 16, flag_indirect, 0}, {}}},
      {"next index outside the table", {{payload, 1, flag_next, 2}, {}}},
      {"a loop", {{payload, 1, flag_next, 1}, {payload, 1, flag_next, 0}}},
      {"an entry outside RAM", {{payload, 1, flag_next, 1}, {end_of_ram, 1, 0, 0}}},
  };
  for (const Case& c : cases) {
    Bench bench;
    bench.driver.layout.features |= virtio::indirect_descriptors;
    bench.driver.put(payload, c.entries);
    bench.driver.describe(0, {payload, 32, flag_indirect, 0});
    bench.driver.offer(0);
    bench.expect_broken(c.why);
  }
}

TEST(devices_virtqueue_hostile, bad_rings) {
  {
    Bench bench;
    bench.driver.offer(8);
    bench.expect_broken("a head outside the table");
  }
  {
    Bench bench;
    bench.driver.set_available_index(9);
    bench.expect_broken("more chains than descriptors");
  }
  {
    Bench bench;
    bench.driver.set_available_index(0xffff);
    bench.expect_broken("an index that goes back");
  }
  for (u64 vm::devices::QueueLayout::*ring :
       {&vm::devices::QueueLayout::descriptors, &vm::devices::QueueLayout::available, &vm::devices::QueueLayout::used}) {
    for (const u64 address : {u64{0}, end_of_ram - 16, end_of_ram, ~u64{0} - 15}) {
      Bench bench;
      vm::devices::QueueLayout layout = bench.driver.layout;
      layout.*ring = address;
      bench.queue.follow(layout);
      EXPECT_EQ(bench.queue.pop(*bench.memory, bench.chain), Virtqueue::Pop::broken) << std::hex << address;
    }
  }
}

TEST(devices_virtqueue_hostile, a_chain_of_more_than_the_limit_is_refused) {
  const u64 bytes = vm::devices::chain_bytes_limit;
  auto memory = ram(bytes + (u64{1} << 20));
  DriverRing driver(*memory, 8);
  const Descriptor parts[] = {{vm::ram_base, static_cast<u32>(bytes), 0, 0}, {vm::ram_base, 1, 0, 0}};
  driver.chain(0, parts);
  driver.offer(0);
  Virtqueue queue;
  Chain chain;
  queue.follow(driver.layout);
  EXPECT_EQ(queue.pop(*memory, chain), Virtqueue::Pop::broken);
}

// A raw disk of 64 sectors in memory.
class DiskFile {
 public:
  DiskFile() : descriptor_(memfd_create("disk", 0)), path_("/proc/self/fd/" + std::to_string(descriptor_)) {
    EXPECT_EQ(ftruncate(descriptor_, 64 * 512), 0);
  }
  ~DiskFile() { close(descriptor_); }
  const std::string& path() const { return path_; }

 private:
  int descriptor_;
  std::string path_;
};

// Random bytes for rings and descriptors, half of them plausible, so that walks get deep.
void scribble(DriverRing& driver, Restless& random, u16 size) {
  const auto address = [&]() -> u64 {
    switch (random.below(6)) {
      case 0: return random.next();
      case 1: return end_of_ram - random.below(64);
      case 2: return driver.layout.descriptors + 16 * random.below(size);  // a table inside the table
      default: return vm::ram_base + random.below(u64{1} << 20);
    }
  };
  for (u16 i = 0; i < size; ++i) {
    const u32 length = static_cast<u32>(random.below(3) == 0   ? 16 * random.below(2 * u64{size})
                                        : random.below(4) == 0 ? random.next()
                                                               : random.below(2048));
    driver.describe(i, {address(), length, static_cast<u16>(random.below(8)), static_cast<u16>(random.below(size + 1u))});
  }
  for (u16 i = 0; i < size; ++i)
    driver.put<u16>(driver.layout.available + 4 + 2 * u64{i}, static_cast<u16>(random.below(size + (random.below(20) == 0 ? 1u : 0u))));
}

TEST(devices_virtqueue_hostile, random_rings_end_and_stay_inside_ram) {
  Restless random(11);
  const auto begin = std::chrono::steady_clock::now();
  const u64 rounds = scaled(30'000);
  u64 chains = 0, broken = 0;
  auto memory = ram();
  for (u64 round = 0; round < rounds; ++round) {
    const u16 size = static_cast<u16>(1 << random.below(7));
    DriverRing driver(*memory, size);
    driver.layout.features |= random.next() & (virtio::indirect_descriptors | virtio::event_index);
    scribble(driver, random, size);
    driver.set_available_index(static_cast<u16>(random.below(size + 1u)));
    Virtqueue queue;
    Chain chain;
    queue.follow(driver.layout);
    u32 pops = 0;
    for (; pops <= size; ++pops) {
      const Virtqueue::Pop pop = queue.pop(*memory, chain);
      broken += pop == Virtqueue::Pop::broken;
      if (pop != Virtqueue::Pop::chain) break;
      ++chains;
      ASSERT_LE(chain.readable.size() + chain.writable.size(), 2u * size);
      for (const auto& ranges : {chain.readable, chain.writable}) {
        for (const auto& range : ranges) ASSERT_TRUE(memory->contains(range.address, range.length));
      }
      queue.push(*memory, chain.head, 0);
    }
    ASSERT_LE(pops, size) << "more chains than the ring holds";
  }
  EXPECT_GT(chains, rounds / 10);
  EXPECT_GT(broken, rounds / 10);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes(2));
}

// The same bytes at every backend: they end, and a well-behaved pass afterwards still works.
TEST(devices_virtqueue_hostile, backends_survive_random_rings) {
  DiskFile file;
  auto disk = vm::devices::VirtioBlock::open({.path = file.path()});
  ASSERT_TRUE(disk) << disk.error().message;
  u64 transmitted = 0;
  vm::devices::VirtioConsole console([&](std::span<const u8> bytes) { transmitted += bytes.size(); });
  vm::devices::VirtioEntropy entropy(7);
  struct Target {
    vm::devices::VirtioBackend& backend;
    u32 queue;
  };
  Target targets[] = {{**disk, 0}, {console, 0}, {console, 1}, {entropy, 0}};
  Restless random(12);
  u64 broken = 0, healthy = 0;
  const u64 rounds = scaled(3'000);
  auto memory = ram();
  for (u64 round = 0; round < rounds; ++round) {
    const u16 size = static_cast<u16>(1 << random.below(6));
    for (Target& target : targets) {
      DriverRing driver(*memory, size);
      driver.layout.set_up = static_cast<u32>(round + 1);
      driver.layout.features |= random.next() & (virtio::indirect_descriptors | virtio::event_index);
      scribble(driver, random, size);
      driver.set_available_index(static_cast<u16>(random.below(size + 1u)));
      const u8 typed[] = {'a', 'b', 'c'};
      console.receive(typed);
      const vm::devices::Served served = target.backend.serve(target.queue, driver.layout, *memory);
      ++(served.broken ? broken : healthy);
    }
  }
  EXPECT_GT(broken, rounds / 10);
  EXPECT_GT(healthy, rounds / 10);
}

}  // namespace
