// SPDX-License-Identifier: Apache-2.0
// G1, G2 and G5 under threads, with plain objects: what a mutator holds and links again must survive a collector that has looked
// elsewhere meanwhile, and exhaustion by many is still an ordinary result.
#include "tests/contract/gc_ledger.hpp"

namespace gc_contract {
namespace {

constexpr unsigned fan = 4;
constexpr unsigned holders = 6;

// A hart's graph: holders (roots) -> fan children each -> fan grandchildren each. Contents of equal level are swapped for ever: between the
// two links an object is reachable from nowhere but the mutator's hands, and all that a collector has scanned is out of date.
class Gardener {
 public:
  Gardener(Gc& gc, Ledger& ledger, vm::u32 hart)
      : gc_(gc), ledger_(ledger), mutator_(gc.mutator({hart}, {&attention_, 1})), hart_(hart), random_(hart) {}

  void run(unsigned steps) {
    const Attached attached(gc_);
    const Running running(gc_, mutator_);
    plant();
    for (unsigned i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      if ((attention_.load(vm::relaxed) & 1) != 0 || i % 32 == 0) gc_.safepoint(mutator_);
      swap();
      if (below(random_, 200) == 0) litter();
      if (below(random_, 300) == 0) vm::complete(gc_.collect(mutator_));
      if (i % 512 == 0) check();
    }
    check();
  }

 private:
  Object* holder(unsigned index) { return vm::complete(gc_.find(mutator_, plain_key(hart_ * 1000 + index))); }

  // A new object with a canary, not yet linked. It is a safepoint.
  Object* make(unsigned slots) {
    Object* object = vm::complete(gc_.allocate(mutator_, vm::ObjectKind::plain, slots, sizeof(Canary)));
    if (object != nullptr) write_canary(*object, ledger_.next_id(), hart_);
    return object;
  }
  void plant() {
    for (unsigned h = 0; h < holders; ++h) {
      ASSERT_NE(publish_new(gc_, mutator_, ledger_, plain_key(hart_ * 1000 + h), fan), nullptr);
      for (unsigned c = 0; c < fan; ++c) {
        Object* child = make(fan);
        ASSERT_NE(child, nullptr);
        gc_.link(mutator_, *holder(h), c, child);
        sum_ += canary(*child).id;
        for (unsigned g = 0; g < fan; ++g) {
          Object* grandchild = make(0);
          ASSERT_NE(grandchild, nullptr);
          gc_.link(mutator_, *follow(*holder(h), c), g, grandchild);
          sum_ += canary(*grandchild).id;
        }
      }
    }
  }
  void swap() {
    Object* one = holder(static_cast<unsigned>(below(random_, holders)));
    Object* other = holder(static_cast<unsigned>(below(random_, holders)));
    if (below(random_, 2) == 0) {
      one = follow(*one, static_cast<unsigned>(below(random_, fan)));
      other = follow(*other, static_cast<unsigned>(below(random_, fan)));
    }
    const auto i = static_cast<unsigned>(below(random_, fan));
    const auto j = static_cast<unsigned>(below(random_, fan));
    Object* left = follow(*one, i);
    Object* right = follow(*other, j);
    ASSERT_TRUE(canary(*left).intact() && canary(*right).intact()) << "an object that a mutator linked again was reclaimed";
    gc_.link(mutator_, *one, i, nullptr);
    gc_.link(mutator_, *other, j, nullptr);
    if (below(random_, 64) == 0) std::this_thread::yield();
    gc_.link(mutator_, *one, i, one == other && i == j ? left : right);
    if (one != other || i != j) gc_.link(mutator_, *other, j, left);
  }
  // Garbage, so that the sweeper has something to do and memory is reused.
  void litter() {
    for (int i = 0; i < 8; ++i) make(2);
  }
  void check() {
    vm::u64 sum = 0;
    for (unsigned h = 0; h < holders; ++h) {
      Object* root = holder(h);
      for (unsigned c = 0; c < fan; ++c) {
        Object* child = follow(*root, c);
        ASSERT_NE(child, nullptr);
        ASSERT_TRUE(canary(*child).intact());
        ASSERT_EQ(ledger_.finalized(canary(*child).id), 0u);
        sum += canary(*child).id;
        for (unsigned g = 0; g < fan; ++g) {
          Object* grandchild = follow(*child, g);
          ASSERT_NE(grandchild, nullptr);
          ASSERT_TRUE(canary(*grandchild).intact());
          sum += canary(*grandchild).id;
        }
      }
    }
    ASSERT_EQ(sum, sum_) << "objects were lost or doubled";
  }

  Gc& gc_;
  Ledger& ledger_;
  vm::NativeAtomic<vm::u32> attention_{0};
  Mutator& mutator_;
  const vm::u32 hart_;
  Random random_;
  vm::u64 sum_ = 0;
};

TEST(gc, mutator_may_relink_what_it_holds) {
  constexpr vm::u32 harts = 3;
  Ledger ledger(1'000'000 * stress());
  {
    Gc gc({harts * (vm::u64{128} << 10), harts}, ledger.finalizer());
    std::vector<std::unique_ptr<Gardener>> gardeners;
    for (vm::u32 hart = 0; hart < harts; ++hart) gardeners.push_back(std::make_unique<Gardener>(gc, ledger, hart));
    std::vector<std::thread> threads;
    for (auto& gardener : gardeners) threads.emplace_back([&gardener] { gardener->run(60'000 * stress()); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_GT(gc.statistics().collections, 50u);
    EXPECT_GT(gc.statistics().reclaimed, 1000u);
  }
  ledger.expect_each_finalized_once();
}

TEST(gc, exhaustion_by_all_at_once_is_an_ordinary_result) {
  constexpr vm::u32 harts = 4;
  constexpr vm::u64 heap_bytes = harts * (vm::u64{32} << 10);
  Ledger ledger(100'000);
  {
    Gc gc({heap_bytes, harts}, ledger.finalizer());
    std::vector<vm::NativeAtomic<vm::u32>> attention(harts);
    for (vm::u32 hart = 0; hart < harts; ++hart) gc.mutator({hart}, {&attention[hart], 1});
    std::atomic<vm::u64> roots{0};
    std::vector<std::thread> threads;
    for (vm::u32 hart = 0; hart < harts; ++hart) {
      threads.emplace_back([&, hart] {
        const Attached attached(gc);
        Mutator& mutator = gc.mutator({hart}, {&attention[hart], 1});
        const Running running(gc, mutator);
        vm::u64 mine = 0;
        while (publish_new(gc, mutator, ledger, plain_key(hart * 100'000 + mine)) != nullptr) ++mine;
        for (vm::u64 i = 0; i < mine; ++i) EXPECT_NE(vm::complete(gc.find(mutator, plain_key(hart * 100'000 + i))), nullptr);
        roots.fetch_add(mine);
      });
    }
    for (std::thread& thread : threads) thread.join();
    const vm::u64 most = heap_bytes / Object::total_bytes(2, sizeof(Canary));
    EXPECT_LE(roots.load(), most);
    EXPECT_GE(roots.load(), most - harts) << "room was left when allocations failed";
    EXPECT_LE(gc.statistics().live_bytes, heap_bytes);
  }
  ledger.expect_each_finalized_once();
}

}  // namespace
}  // namespace gc_contract
