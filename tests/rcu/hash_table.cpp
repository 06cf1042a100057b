// SPDX-License-Identifier: Apache-2.0
// The facade over liburcu's hash table: what each operation returns, and that a find beside replacements always finds exactly one node.
#include "variants/rcu/hash_table.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <vector>

#include "tests/stress.hpp"

namespace {

using P = vm::NativePlatform;
using Rcu = variants::rcu_variant::Rcu<P>;
using Section = variants::rcu_variant::ReadSection<P>;

struct Node : variants::rcu_variant::RcuHashNode<P> {
  Node(vm::u64 k, vm::u64 v) : key(k), value(v), check(~v) {}
  vm::u64 key, value, check;
};
using Table = variants::rcu_variant::RcuHashTable<P, Node>;

auto match(vm::u64 key) {
  return [key](const Node& node) { return node.key == key; };
}
// Few values, so that different keys share a hash and only the match tells them apart.
vm::u64 hash(vm::u64 key) { return key % 4; }
void reclaim(void* node) { P::destroy(static_cast<Node*>(node)); }

struct Registered {
  Registered() { Rcu::register_thread(); }
  ~Registered() { Rcu::unregister_thread(); }
};

void empty(Table& table) {
  {
    const Section section;
    table.for_each([&](Node& node) {
      if (table.erase(node)) Rcu::defer(&reclaim, &node);
    });
  }
  Rcu::barrier();
}

TEST(rcu_hash_table, insert_adds_once) {
  const Registered registered;
  Table table(16);
  Node first(1, 10), second(1, 20);
  {
    const Section section;
    EXPECT_EQ(table.find(hash(1), match(1)), nullptr);
    EXPECT_EQ(table.insert(hash(1), match(1), first), nullptr);
    EXPECT_EQ(table.insert(hash(1), match(1), second), &first) << "the one that is there";
    EXPECT_EQ(table.find(hash(1), match(1)), &first);
    EXPECT_EQ(table.find(hash(5), match(5)), nullptr) << "an equal hash is not an equal key";
    EXPECT_TRUE(table.erase(first));
    EXPECT_FALSE(table.erase(first)) << "one caller removes it";
    EXPECT_EQ(table.find(hash(1), match(1)), nullptr);
  }
  Rcu::synchronize();
}

TEST(rcu_hash_table, replace_returns_the_one_displaced) {
  const Registered registered;
  Table table(16);
  Node first(1, 10), second(1, 20), third(1, 30);
  {
    const Section section;
    EXPECT_EQ(table.replace(hash(1), match(1), first), nullptr);
    EXPECT_EQ(table.replace(hash(1), match(1), second), &first);
    EXPECT_EQ(table.find(hash(1), match(1)), &second);

    auto here = table.locate(hash(1), match(1));
    ASSERT_TRUE(here);
    auto stale = here;
    EXPECT_EQ(here.node(), &second);
    EXPECT_TRUE(table.replace_at(here, hash(1), match(1), third));
    EXPECT_EQ(table.find(hash(1), match(1)), &third);
    Node fourth(1, 40);
    EXPECT_FALSE(table.replace_at(stale, hash(1), match(1), fourth)) << "what stood there has gone";
    EXPECT_TRUE(table.erase(third));
  }
  Rcu::synchronize();
}

TEST(rcu_hash_table, iterations_visit_each_node_once) {
  const Registered registered;
  Table table(16);
  std::vector<Node> nodes;
  for (vm::u64 key = 0; key < 40; ++key) nodes.emplace_back(key, key);
  {
    const Section section;
    for (Node& node : nodes) ASSERT_EQ(table.insert(hash(node.key), match(node.key), node), nullptr);
    std::multiset<vm::u64> all, even_of_one_hash;
    table.for_each([&](Node& node) { all.insert(node.key); });
    EXPECT_EQ(all.size(), 40U);
    EXPECT_EQ(std::set<vm::u64>(all.begin(), all.end()).size(), 40U);
    table.for_each_equal(
        2, [](const Node& node) { return node.key >= 20; }, [&](Node& node) { even_of_one_hash.insert(node.key); });
    EXPECT_EQ(even_of_one_hash, (std::multiset<vm::u64>{22, 26, 30, 34, 38}));
    table.for_each_equal(
        2, [](const Node&) { return true; }, [&](Node& node) { EXPECT_TRUE(table.erase(node)); });
    table.for_each([](Node& node) { EXPECT_NE(hash(node.key), 2U); });
    table.for_each([&](Node& node) { EXPECT_TRUE(table.erase(node)); });
    table.for_each([](Node&) { ADD_FAILURE() << "the table is empty"; });
  }
  Rcu::synchronize();
}

// Keys 0..7 are replaced for ever and never absent; keys 8..15 come and go. A reader always finds one of the former, whole and not freed.
TEST(rcu_hash_table, a_find_beside_replacements_finds_exactly_one) {
  const Registered registered;
  Table table(16);
  {
    const Section section;
    for (vm::u64 key = 0; key < 8; ++key) ASSERT_EQ(table.insert(hash(key), match(key), *P::make<Node>(key, 0)), nullptr);
  }
  std::atomic<vm::u64> absent{0}, torn{0}, doubled{0};
  const unsigned threads = tests::crowd();
  const vm::u64 rounds = tests::scaled(4000);
  tests::together(threads, [&](unsigned index) {
    const Registered mine;
    tests::Restless random(index);
    for (vm::u64 i = 0; i < rounds; ++i) {
      const Section section;
      const vm::u64 key = random.below(16);
      if (index % 2 == 0) {
        if (key < 8) {
          if (Node* const old = table.replace(hash(key), match(key), *P::make<Node>(key, i))) Rcu::defer(&reclaim, old);
        } else if (Node* const present = table.find(hash(key), match(key))) {
          if (table.erase(*present)) Rcu::defer(&reclaim, present);
        } else {
          Node* const fresh = P::make<Node>(key, i);
          if (table.insert(hash(key), match(key), *fresh) != nullptr) P::destroy(fresh);
        }
      } else {
        const Node* const found = table.find(hash(key), match(key));
        random.maybe_yield();
        if (found == nullptr && key < 8) absent.fetch_add(1);
        if (found != nullptr && (found->key != key || found->check != ~found->value)) torn.fetch_add(1);
        unsigned seen = 0;
        table.for_each_equal(hash(key), match(key), [&](Node&) { ++seen; });
        if (key < 8 && seen != 1) doubled.fetch_add(1);
      }
    }
  });
  EXPECT_EQ(absent.load(), 0U);
  EXPECT_EQ(torn.load(), 0U);
  EXPECT_EQ(doubled.load(), 0U);
  empty(table);
}

}  // namespace
