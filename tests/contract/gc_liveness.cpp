// SPDX-License-Identifier: Apache-2.0
// G1, G2 and G3, one thread: a random history of all operations against a sequential model that knows which objects are reachable, and
// the classic collector workloads.
#include <map>
#include <set>

#include "tests/contract/gc_ledger.hpp"

namespace gc_contract {
namespace {

constexpr unsigned slots_each = 3;

// The model: entries of the index by the hart that published, and the slots of all objects ever made.
struct Model {
  struct Node {
    Object* object;
    vm::BlockKey key;
    unsigned hart;
    std::array<vm::i64, slots_each> slots;
    bool retired = false;
  };
  std::map<vm::u64, Node> nodes;                          // not yet reclaimed, by id
  std::vector<std::pair<vm::u64, vm::BlockKey>> entries;  // (id, key)

  std::vector<vm::u64> entries_of(const vm::BlockKey& key) const {
    std::vector<vm::u64> ids;
    for (const auto& [id, other] : entries) {
      if (other == key) ids.push_back(id);
    }
    return ids;
  }
  void remove(vm::u64 id) {
    std::erase_if(entries, [&](const auto& entry) { return entry.first == id; });
    Node& node = nodes.at(id);
    if (node.key.context != vm::plain_context) node.retired = true;
  }
  std::set<vm::u64> reachable() const {
    std::set<vm::u64> seen;
    std::vector<vm::u64> grey;
    for (const auto& entry : entries) grey.push_back(entry.first);
    while (!grey.empty()) {
      const vm::u64 id = grey.back();
      grey.pop_back();
      if (!seen.insert(id).second) continue;
      for (const vm::i64 target : nodes.at(id).slots) {
        if (target >= 0 && nodes.contains(static_cast<vm::u64>(target)) && !nodes.at(static_cast<vm::u64>(target)).retired) {
          grey.push_back(static_cast<vm::u64>(target));
        }
      }
    }
    return seen;
  }
};

class History {
 public:
  explicit History(vm::u64 seed) : random_(seed) {
    for (unsigned i = 0; i < harts; ++i) mutators_[i] = &gc_->mutator({i}, {});
  }
  void run(unsigned steps) {
    for (unsigned i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
    const Attached attached(*gc_);
    gc_.reset();
    ledger_.expect_each_finalized_once();
  }

 private:
  static constexpr unsigned harts = 3;
  static constexpr vm::u64 pages = 12;
  static constexpr vm::u64 heap_bytes = 4 << 20;  // nothing is evicted

  void step() {
    const Attached attached(*gc_);
    const auto hart = static_cast<unsigned>(below(random_, harts));
    const Running running(*gc_, *mutators_[hart]);
    switch (const auto dice = below(random_, 100); dice) {
      case 0 ... 34: return publish(hart);
      case 35 ... 54: return find(hart);
      case 55 ... 79: return link(hart);
      case 80 ... 86: return invalidate();
      case 87 ... 92: return erase(hart);
      case 93 ... 95: return gc_->safepoint(*mutators_[hart]);
      default: return collect_on_each(hart);
    }
  }

  vm::BlockKey some_key() {
    const vm::u64 page = below(random_, pages);
    switch (below(random_, 4)) {
      case 0: return plain_key(below(random_, 20));
      case 1: return straddling_key(page, (page + 1 + below(random_, pages - 1)) % pages);
      default: return block_key(page, below(random_, 4) * 8, 1 + static_cast<vm::u32>(below(random_, 2)));
    }
  }

  void publish(unsigned hart) {
    const vm::BlockKey key = some_key();
    const auto kind = key.context == vm::plain_context ? vm::ObjectKind::plain : vm::ObjectKind::block;
    Object* object =
        vm::complete(gc_->allocate(*mutators_[hart], kind, slots_each, sizeof(Canary) + static_cast<vm::u32>(below(random_, 100))));
    ASSERT_NE(object, nullptr);
    const vm::u64 id = ledger_.next_id();
    write_canary(*object, id, key.start);
    model_.nodes[id] = {object, key, hart, {-1, -1, -1}};
    const vm::Ticket ticket = gc_->begin_build(*mutators_[hart], pages_of(key));
    const bool meanwhile = below(random_, 5) == 0;
    bool overlaps = false;
    if (meanwhile) {
      const vm::Ppn page{below(random_, pages)};
      remove_page(page);
      vm::complete(gc_->invalidate(page));
      overlaps = key.context != vm::plain_context && (page == key.first_page() || page == key.second);
    }
    const auto result = vm::complete(gc_->publish(*mutators_[hart], ticket, key, object));
    const std::vector<vm::u64> before = model_.entries_of(key);
    switch (result.outcome) {
      case vm::Publication::refused: EXPECT_TRUE(meanwhile) << "refused without an invalidate"; return;
      case vm::Publication::existing:
        EXPECT_FALSE(overlaps);
        EXPECT_TRUE(std::find(before.begin(), before.end(), canary(*result.object).id) != before.end());
        return;
      case vm::Publication::published:
        EXPECT_FALSE(overlaps);
        EXPECT_EQ(result.object, object);
        for (const vm::u64 other : before) EXPECT_NE(model_.nodes.at(other).hart, hart) << "two of one hart for one key";
        model_.entries.emplace_back(id, key);
    }
  }

  Object* find(unsigned hart, const vm::BlockKey& key) {
    Object* object = vm::complete(gc_->find(*mutators_[hart], key));
    const std::vector<vm::u64> ids = model_.entries_of(key);
    const bool own = std::any_of(ids.begin(), ids.end(), [&](vm::u64 id) { return model_.nodes.at(id).hart == hart; });
    if (object == nullptr) {
      EXPECT_FALSE(own) << "a block is lost";
      return nullptr;
    }
    EXPECT_TRUE(canary(*object).intact());
    EXPECT_TRUE(std::find(ids.begin(), ids.end(), canary(*object).id) != ids.end()) << "stale";
    EXPECT_FALSE(object->retired());
    return object;
  }
  void find(unsigned hart) { find(hart, some_key()); }

  // Between two objects of one hart, as harts with private heaps require.
  void link(unsigned hart) {
    Object* source = find(hart, some_key());
    if (source == nullptr || model_.nodes.at(canary(*source).id).hart != hart) return;
    const auto slot = static_cast<unsigned>(below(random_, slots_each));
    Object* target = below(random_, 4) == 0 ? nullptr : find(hart, some_key());
    if (target != nullptr && model_.nodes.at(canary(*target).id).hart != hart) return;
    gc_->link(*mutators_[hart], *source, slot, target);
    EXPECT_EQ(follow(*source, slot), target);
    model_.nodes.at(canary(*source).id).slots[slot] = target == nullptr ? -1 : static_cast<vm::i64>(canary(*target).id);
  }

  void remove_page(vm::Ppn page) {
    std::vector<vm::u64> gone;
    for (const auto& [id, key] : model_.entries) {
      if (key.context != vm::plain_context && (key.first_page() == page || key.second == page)) gone.push_back(id);
    }
    for (const vm::u64 id : gone) model_.remove(id);
  }
  void invalidate() {
    const vm::Ppn page{below(random_, pages)};
    vm::complete(gc_->invalidate(page));
    remove_page(page);
  }
  void erase(unsigned hart) {
    const vm::BlockKey key = some_key();
    const std::vector<vm::u64> ids = model_.entries_of(key);
    // With a private index only the hart that published has the entry.
    for (const vm::u64 id : ids) {
      if (model_.nodes.at(id).hart != hart) return;
    }
    EXPECT_EQ(vm::complete(gc_->erase(*mutators_[hart], key)), !ids.empty());
    for (const vm::u64 id : ids) model_.remove(id);
  }

  // One collection on each hart reclaims what was unreachable before them, at the latest the second; and nothing else.
  void collect_on_each(unsigned running) {
    const std::set<vm::u64> reachable = model_.reachable();
    for (int round = 0; round < 2; ++round) {
      vm::complete(gc_->collect(*mutators_[running]));
      gc_->idle(*mutators_[running]);
      for (unsigned hart = 0; hart < harts; ++hart) {
        const Running other(*gc_, *mutators_[hart]);
        vm::complete(gc_->collect(*mutators_[hart]));
        for (const auto& [id, node] : model_.nodes) {
          if (node.hart == hart && node.retired && ledger_.finalized(id) == 0) {
            EXPECT_TRUE(node.object->retired());
          }
        }
      }
      gc_->busy(*mutators_[running]);
      for (const vm::u64 id : reachable) {
        ASSERT_EQ(ledger_.finalized(id), 0u) << "object " << id << " is reachable and was reclaimed";
        ASSERT_TRUE(canary(*model_.nodes.at(id).object).intact());
      }
    }
    for (auto node = model_.nodes.begin(); node != model_.nodes.end();) {
      const bool keep = reachable.contains(node->first);
      if (!keep) {
        EXPECT_EQ(ledger_.finalized(node->first), 1u) << "object " << node->first << " is unreachable and was kept";
      }
      node = keep ? std::next(node) : model_.nodes.erase(node);
    }
    for (auto& [id, node] : model_.nodes) {
      for (unsigned slot = 0; slot < slots_each; ++slot) {
        Object* const target = node.object->slot(slot).load(vm::acquire, "slot_then_target");
        const vm::i64 expected = node.slots[slot];
        const bool cleared = expected < 0 || !model_.nodes.contains(static_cast<vm::u64>(expected));
        EXPECT_EQ(target, cleared ? nullptr : model_.nodes.at(static_cast<vm::u64>(expected)).object) << "a slot of a live object";
        if (cleared) node.slots[slot] = -1;
      }
    }
  }

  Ledger ledger_{100000};
  std::unique_ptr<Gc> gc_ = std::make_unique<Gc>(vm::GcConfig{heap_bytes, harts}, ledger_.finalizer());

  std::array<Mutator*, harts> mutators_{};
  Random random_;
  Model model_;
};

TEST(gc, random_history_matches_the_model) {
  for (vm::u64 seed = 1; seed <= 40 * stress() && !::testing::Test::HasFailure(); ++seed) {
    GC_TRACE_SEED(seed);
    History(seed).run(400);
  }
}

TEST(gc, cycle_of_objects_is_reclaimed) {
  Ledger ledger(10);
  Gc gc({1 << 20, 1}, ledger.finalizer());
  const Attached attached(gc);
  Mutator& mutator = gc.mutator({0}, {});
  const Running running(gc, mutator);
  for (vm::u64 i = 0; i < 2; ++i) publish_new(gc, mutator, ledger, plain_key(i));
  Object* a = vm::complete(gc.find(mutator, plain_key(0)));
  Object* b = vm::complete(gc.find(mutator, plain_key(1)));
  gc.link(mutator, *a, 0, b);
  gc.link(mutator, *b, 0, a);
  EXPECT_TRUE(vm::complete(gc.erase(mutator, plain_key(1))));
  vm::complete(gc.collect(mutator));
  vm::complete(gc.collect(mutator));
  EXPECT_EQ(ledger.reclaimed(), 0u) << "one of the two is still a root";
  EXPECT_TRUE(vm::complete(gc.erase(mutator, plain_key(0))));
  vm::complete(gc.collect(mutator));
  vm::complete(gc.collect(mutator));
  EXPECT_EQ(ledger.reclaimed(), 2u);
}

TEST(gc, object_just_allocated_is_the_callers_until_its_next_safepoint) {
  Ledger ledger(10);
  Gc gc({1 << 20, 1}, ledger.finalizer());
  const Attached attached(gc);
  Mutator& mutator = gc.mutator({0}, {});
  const Running running(gc, mutator);
  Object* object = vm::complete(gc.allocate(mutator, vm::ObjectKind::plain, 1, sizeof(Canary)));
  EXPECT_EQ(follow(*object, 0), nullptr);
  EXPECT_FALSE(object->cold());
  write_canary(*object, ledger.next_id(), 1);
  const vm::Ticket ticket = gc.begin_build(mutator, {vm::Ppn{1}, vm::no_page});
  ASSERT_EQ(vm::complete(gc.publish(mutator, ticket, plain_key(1), object)).outcome, vm::Publication::published);
  vm::complete(gc.collect(mutator));
  EXPECT_EQ(ledger.finalized(0), 0u);
  Object* dropped = vm::complete(gc.allocate(mutator, vm::ObjectKind::plain, 1, sizeof(Canary)));
  write_canary(*dropped, ledger.next_id(), 1);
  vm::complete(gc.collect(mutator));
  vm::complete(gc.collect(mutator));
  EXPECT_EQ(ledger.finalized(1), 1u);
  EXPECT_EQ(ledger.finalized(0), 0u);
}

// Grows a binary tree from its root down, the only way that holds no object across an allocation.
void grow(Gc& gc, Mutator& mutator, Ledger& ledger, vm::u64 root, unsigned depth) {
  publish_new(gc, mutator, ledger, plain_key(root));
  for (unsigned level = 1; level <= depth; ++level) {
    for (vm::u64 path = 0; path < (vm::u64{1} << level); ++path) {
      Object* child = vm::complete(gc.allocate(mutator, vm::ObjectKind::plain, 2, sizeof(Canary)));
      ASSERT_NE(child, nullptr);
      write_canary(*child, ledger.next_id(), (root << 32) | (vm::u64{1} << level) | path);
      Object* parent = vm::complete(gc.find(mutator, plain_key(root)));
      for (unsigned bit = level; bit-- > 1;) parent = follow(*parent, (path >> bit) & 1);
      gc.link(mutator, *parent, path & 1, child);
    }
  }
}
vm::u64 count(Object* node) {
  if (node == nullptr) return 0;
  EXPECT_TRUE(canary(*node).intact());
  return 1 + count(follow(*node, 0)) + count(follow(*node, 1));
}

TEST(gc, binary_trees_live_and_die_as_wholes) {
  constexpr unsigned depth = 6;
  constexpr vm::u64 nodes = (1 << (depth + 1)) - 1;
  Ledger ledger(100000);
  {
    Gc gc({256 << 10, 1}, ledger.finalizer());  // room for about 13 trees: most of them are collected on the way
    const Attached attached(gc);
    Mutator& mutator = gc.mutator({0}, {});
    const Running running(gc, mutator);
    grow(gc, mutator, ledger, 1000, depth);
    for (vm::u64 tree = 0; tree < 60; ++tree) {
      grow(gc, mutator, ledger, tree, depth);
      ASSERT_EQ(count(vm::complete(gc.find(mutator, plain_key(tree)))), nodes) << "tree " << tree;
      EXPECT_TRUE(vm::complete(gc.erase(mutator, plain_key(tree))));
    }
    EXPECT_EQ(count(vm::complete(gc.find(mutator, plain_key(1000)))), nodes) << "the long-lived tree";
    vm::complete(gc.collect(mutator));
    vm::complete(gc.collect(mutator));
    EXPECT_EQ(ledger.reclaimed(), 60 * nodes);
    const vm::GcStatistics statistics = gc.statistics();
    EXPECT_EQ(statistics.reclaimed, 60 * nodes);
    EXPECT_EQ(statistics.allocated, 61 * nodes);
    EXPECT_EQ(statistics.live_bytes, nodes * Object::total_bytes(2, sizeof(Canary)));
  }
  ledger.expect_each_finalized_once();
}

TEST(gc, list_too_long_for_a_recursive_marker) {
  constexpr vm::u64 length = 200'000;
  Ledger ledger(length + 1);
  {
    Gc gc({vm::u64{256} << 20, 1}, ledger.finalizer());
    const Attached attached(gc);
    Mutator& mutator = gc.mutator({0}, {});
    const Running running(gc, mutator);
    publish_new(gc, mutator, ledger, plain_key(0));
    for (vm::u64 i = 0; i < length; ++i) {
      Object* node = vm::complete(gc.allocate(mutator, vm::ObjectKind::plain, 1, sizeof(Canary)));
      write_canary(*node, ledger.next_id(), i);
      Object* head = vm::complete(gc.find(mutator, plain_key(0)));
      gc.link(mutator, *node, 0, follow(*head, 0));
      gc.link(mutator, *head, 0, node);
    }
    vm::complete(gc.collect(mutator));
    vm::complete(gc.collect(mutator));
    EXPECT_EQ(ledger.reclaimed(), 0u);
    Object* head = vm::complete(gc.find(mutator, plain_key(0)));
    gc.link(mutator, *head, 0, nullptr);
    vm::complete(gc.collect(mutator));
    vm::complete(gc.collect(mutator));
    EXPECT_EQ(ledger.reclaimed(), length);
  }
  ledger.expect_each_finalized_once();
}

TEST(gc, destruction_finalizes_each_live_object_once) {
  Ledger ledger(2000);
  {
    Gc gc({1 << 20, 2}, ledger.finalizer());
    const Attached attached(gc);
    for (unsigned hart = 0; hart < 2; ++hart) {
      Mutator& mutator = gc.mutator({hart}, {});
      const Running running(gc, mutator);
      for (vm::u64 i = 0; i < 300; ++i) {
        const vm::BlockKey key = i % 3 == 0   ? plain_key(1000 * hart + i)
                                 : i % 3 == 1 ? block_key(1000 * hart + i, 4)
                                              : straddling_key(1000 * hart + i, i);
        ASSERT_NE(publish_new(gc, mutator, ledger, key), nullptr);
      }
      vm::complete(gc.invalidate({1000 * hart + 1}));  // one retired block among them
      vm::complete(gc.erase(mutator, plain_key(1000 * hart)));
    }
  }
  EXPECT_EQ(ledger.issued(), 600u);
  ledger.expect_each_finalized_once();
}

}  // namespace
}  // namespace gc_contract
