// SPDX-License-Identifier: Apache-2.0
// G1, G3 and G4 under threads: simulated harts build, find, chain and run blocks made of versioned bytes while pages are written and
// a small heap forces collections and evictions.
#include <mutex>

#include "tests/contract/gc_ledger.hpp"

namespace gc_contract {
namespace {

constexpr vm::u64 pages = 16;

// Guest memory: each page has the version of its bytes, and the newest version whose invalidation has returned.
struct Guest {
  std::array<std::atomic<vm::u64>, pages> version{};
  std::array<std::atomic<vm::u64>, pages> settled{};
  std::array<std::mutex, pages> writer;  // one write of a page at a time
  std::atomic<vm::u64> writes{0};

  void write(Gc& gc, vm::u64 page) {
    const std::lock_guard lock(writer[page]);
    const vm::u64 next = version[page].load(std::memory_order_relaxed) + 1;
    version[page].store(next, std::memory_order_relaxed);  // the layer's own ordering carries the bytes to the next builder
    vm::complete(gc.invalidate({page}));
    settled[page].store(next, std::memory_order_release);
    writes.fetch_add(1, std::memory_order_relaxed);
  }
};

class Hart {
 public:
  Hart(Gc& gc, Ledger& ledger, Guest& guest, vm::u32 hart)
      : gc_(gc), ledger_(ledger), guest_(guest), mutator_(gc.mutator({hart}, {&attention_, 1})), random_(hart + 1) {}

  void run(unsigned steps) {
    const Attached attached(gc_);
    look_at_settled();
    gc_.busy(mutator_);
    passed_safepoint();
    for (unsigned i = 0; i < steps; ++i) {
      if ((attention_.load(vm::relaxed) & 1) != 0 || i % 64 == 0) safepoint();
      switch (const auto dice = below(random_, 1000); dice) {
        case 0 ... 19: guest_.write(gc_, below(random_, pages)); break;
        case 20 ... 24: go_idle(); break;
        case 25 ... 26: collect(); break;
        case 27 ... 400: enter_cached(); break;
        default: execute(some_key()); break;
      }
      if (below(random_, 500) == 0) std::this_thread::yield();
    }
    gc_.idle(mutator_);
  }

 private:
  vm::BlockKey some_key() {
    const vm::u64 page = below(random_, pages);
    if (below(random_, 8) == 0) return straddling_key(page, (page + 1 + below(random_, 3)) % pages);
    return block_key(page, 8 * below(random_, 8));
  }

  // Each of these is a safepoint: what was settled before it may not be entered in an older version after it.
  void safepoint() {
    look_at_settled();
    gc_.safepoint(mutator_);
    passed_safepoint();
  }
  void go_idle() {
    gc_.idle(mutator_);
    std::this_thread::yield();
    look_at_settled();
    gc_.busy(mutator_);
    passed_safepoint();
  }
  void collect() {
    look_at_settled();
    vm::complete(gc_.collect(mutator_));
    passed_safepoint();
  }
  void look_at_settled() {
    for (vm::u64 page = 0; page < pages; ++page) next_floor_[page] = guest_.settled[page].load(std::memory_order_acquire);
  }
  void passed_safepoint() {
    floor_ = next_floor_;
    if (gc_.drops_cached_objects(mutator_)) cached_.fill(nullptr);
  }

  static vm::u64 version_of(Object& block, unsigned which) { return canary(block).versions[which]; }

  // A block that has been entered: alive, whole, and not older than what was settled before our last safepoint.
  void check_entered(Object& block) {
    ASSERT_TRUE(canary(block).intact()) << "use after reclaim";
    ASSERT_EQ(canary(block).start, block.key.start);
    ASSERT_GE(version_of(block, 0), floor_[block.key.first_page().value]) << "stale after a safepoint";
    if (block.key.second != vm::no_page) {
      ASSERT_GE(version_of(block, 1), floor_[block.key.second.value]) << "stale after a safepoint";
    }
  }

  void execute(const vm::BlockKey& key) {
    const vm::u64 first = guest_.settled[key.first_page().value].load(std::memory_order_acquire);
    const vm::u64 second = key.second == vm::no_page ? 0 : guest_.settled[key.second.value].load(std::memory_order_acquire);
    Object* block = vm::complete(gc_.find(mutator_, key));
    if (block == nullptr) block = build(key);
    if (block == nullptr) return;
    ASSERT_TRUE(canary(*block).intact()) << "use after reclaim";
    ASSERT_EQ(block->key, key);
    ASSERT_GE(version_of(*block, 0), first) << "found in a version whose invalidation had returned";
    if (key.second != vm::no_page) {
      ASSERT_GE(version_of(*block, 1), second) << "found in a version whose invalidation had returned";
    }
    Object*& jump = cached_[below(random_, cached_.size())];
    if (jump != nullptr && below(random_, 2) == 0) gc_.link(mutator_, *jump, static_cast<unsigned>(below(random_, 2)), block);
    jump = block;
    run_chain(block);
  }
  void run_chain(Object* block) {
    for (int budget = 8; block != nullptr && budget > 0 && enter(*block); --budget) {
      check_entered(*block);
      block = follow(*block, static_cast<unsigned>(below(random_, 2)));
    }
  }
  void enter_cached() { run_chain(cached_[below(random_, cached_.size())]); }

  Object* build(const vm::BlockKey& key) {
    look_at_settled();
    const auto bytes = static_cast<vm::u32>(sizeof(Canary) + below(random_, 400));
    Object* block = vm::complete(gc_.allocate(mutator_, vm::ObjectKind::block, 2, bytes));
    passed_safepoint();
    if (block == nullptr) return nullptr;
    const vm::Ticket ticket = gc_.begin_build(mutator_, pages_of(key));
    const vm::u64 first = guest_.version[key.first_page().value].load(std::memory_order_relaxed);
    const vm::u64 second = key.second == vm::no_page ? 0 : guest_.version[key.second.value].load(std::memory_order_relaxed);
    if (below(random_, 16) == 0) std::this_thread::yield();
    write_canary(*block, ledger_.next_id(), key.start, first, second);
    return vm::complete(gc_.publish(mutator_, ticket, key, block)).object;
  }

  Gc& gc_;
  Ledger& ledger_;
  Guest& guest_;
  vm::NativeAtomic<vm::u32> attention_{0};
  Mutator& mutator_;
  Random random_;
  std::array<Object*, 16> cached_{};  // the jump cache
  std::array<vm::u64, pages> floor_{};
  std::array<vm::u64, pages> next_floor_{};
};

TEST(gc, retired_block_outlives_every_reader) {
  constexpr vm::u32 harts = 4;
  Ledger ledger(1'000'000 * stress());
  Guest guest;
  auto gc = std::make_unique<Gc>(vm::GcConfig{harts * (24 << 10), harts}, ledger.finalizer());
  std::vector<std::unique_ptr<Hart>> simulated;
  for (vm::u32 hart = 0; hart < harts; ++hart) simulated.push_back(std::make_unique<Hart>(*gc, ledger, guest, hart));
  std::atomic<bool> done{false};
  std::thread device([&] {  // DMA: no mutator, always in the way
    const Attached attached(*gc);
    Random random(99);
    while (!done) {
      guest.write(*gc, below(random, pages));
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  });
  std::vector<std::thread> threads;
  for (auto& hart : simulated) threads.emplace_back([&hart] { hart->run(40'000 * stress()); });
  for (std::thread& thread : threads) thread.join();
  done = true;
  device.join();

  const vm::GcStatistics statistics = gc->statistics();
  EXPECT_EQ(statistics.invalidates, guest.writes.load());
  EXPECT_EQ(statistics.allocated, ledger.issued());
  EXPECT_EQ(statistics.reclaimed, ledger.reclaimed());
  EXPECT_GT(statistics.collections, 20u);
  EXPECT_GT(statistics.found, statistics.finds / 8) << "a stress in which nothing is found tests nothing";
  EXPECT_LE(statistics.live_bytes, harts * (24u << 10));
  simulated.clear();
  gc.reset();
  ledger.expect_each_finalized_once();
}

// One builder and one writer meet at the same page, again and again, as close as two threads can.
TEST(gc, publish_and_invalidate_never_both_miss) {
  Ledger ledger(200'000 * stress());
  Guest guest;
  auto gc = std::make_unique<Gc>(vm::GcConfig{256 << 10, 1}, ledger.finalizer());
  Mutator& mutator = gc->mutator({0}, {});
  const unsigned rounds = 30'000 * stress();
  std::atomic<unsigned> begun{0};
  std::atomic<unsigned> written{0};
  std::thread writer([&] {
    const Attached attached(*gc);
    Random random(5);
    for (unsigned round = 1; round <= rounds; ++round) {
      for (unsigned spins = 0; begun.load(std::memory_order_acquire) < round;) {
        if (++spins % 1000 == 0) std::this_thread::yield();
      }
      for (volatile vm::u64 delay = below(random, 40); delay != 0;) delay = delay - 1;
      guest.write(*gc, round % 4);
      written.store(round, std::memory_order_release);
    }
  });
  {
    const Attached attached(*gc);
    const Running running(*gc, mutator);
    Random random(6);
    vm::u64 published = 0;
    vm::u64 stale = 0;  // counted, not asserted at once: the writer waits for each round
    for (unsigned round = 1; round <= rounds; ++round) {
      const vm::u64 page = round % 4;
      const vm::BlockKey key = round % 3 == 0 ? straddling_key(page + 4, page) : block_key(page, 0);
      Object* block = vm::complete(gc->allocate(mutator, vm::ObjectKind::block, 0, sizeof(Canary)));
      INTERLOCK_INVARIANT(block != nullptr, "a heap of one block at a time is full in round %u", round);
      begun.store(round, std::memory_order_release);
      for (volatile vm::u64 delay = below(random, 40); delay != 0;) delay = delay - 1;
      const vm::Ticket ticket = gc->begin_build(mutator, pages_of(key));
      const vm::u64 version = guest.version[page].load(std::memory_order_relaxed);
      write_canary(*block, ledger.next_id(), key.start, version);
      for (volatile vm::u64 delay = below(random, 120); delay != 0;) delay = delay - 1;
      const auto result = vm::complete(gc->publish(mutator, ticket, key, block));
      published += result.outcome == vm::Publication::published;
      for (unsigned spins = 0; written.load(std::memory_order_acquire) < round;) {
        if (++spins % 1000 == 0) std::this_thread::yield();
      }
      Object* found = vm::complete(gc->find(mutator, key));
      stale += found != nullptr && canary(*found).versions[0] != guest.version[page].load(std::memory_order_relaxed);
    }
    EXPECT_GT(published, 0u);
    EXPECT_EQ(stale, 0u) << "found in a version whose invalidation had returned";
  }
  writer.join();
  gc.reset();
  ledger.expect_each_finalized_once();
}

}  // namespace
}  // namespace gc_contract
