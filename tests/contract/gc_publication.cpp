// SPDX-License-Identifier: Apache-2.0
// G4, one thread: what publish refuses, what invalidate removes and outdates, on every hart.
// Hart 1 may miss what hart 0 published (a private code cache); it may never find what has been invalidated.
#include "tests/contract/gc_ledger.hpp"

namespace gc_contract {
namespace {

struct TwoHarts {
  Ledger ledger{10000};
  Gc gc{vm::GcConfig{1 << 20, 2}, ledger.finalizer()};
  const Attached attached{gc};
  Mutator& first = gc.mutator({0}, {});
  Mutator& second = gc.mutator({1}, {});

  Object* find_on(Mutator& mutator, const vm::BlockKey& key) {
    const Running running(gc, mutator);
    return vm::complete(gc.find(mutator, key));
  }
  // Publishes on the first hart a block that was built while `meanwhile` happened.
  template <class F>
  vm::Published<P> build(const vm::BlockKey& key, F meanwhile) {
    const Running running(gc, first);
    const auto kind = key.context == vm::plain_context ? vm::ObjectKind::plain : vm::ObjectKind::block;
    Object* block = vm::complete(gc.allocate(first, kind, 2, sizeof(Canary)));
    write_canary(*block, ledger.next_id(), key.start);
    const vm::Ticket ticket = gc.begin_build(first, pages_of(key));
    meanwhile();
    return vm::complete(gc.publish(first, ticket, key, block));
  }
};

TEST(gc, publisher_finds_what_it_published) {
  TwoHarts harts;
  const vm::BlockKey key = block_key(5, 0x10);
  EXPECT_EQ(harts.find_on(harts.first, key), nullptr);
  const auto published = harts.build(key, [] {});
  ASSERT_EQ(published.outcome, vm::Publication::published);
  EXPECT_EQ(published.object->key, key);
  EXPECT_EQ(harts.find_on(harts.first, key), published.object);
  Object* elsewhere = harts.find_on(harts.second, key);
  EXPECT_TRUE(elsewhere == nullptr || elsewhere == published.object);
}

TEST(gc, equal_starts_of_other_contexts_are_other_blocks) {
  TwoHarts harts;
  std::vector<std::pair<vm::BlockKey, Object*>> blocks;
  for (const vm::BlockKey& key :
       {block_key(5, 0, 1), block_key(5, 0, 2), vm::BlockKey{5 << vm::page_shift, {9}, 1}, plain_key(5 << vm::page_shift)}) {
    blocks.emplace_back(key, harts.build(key, [] {}).object);
  }
  for (const auto& [key, block] : blocks) EXPECT_EQ(harts.find_on(harts.first, key), block);
}

TEST(gc, equal_key_gives_the_object_published_before) {
  TwoHarts harts;
  const vm::BlockKey key = block_key(5, 0x10);
  const auto before = harts.build(key, [] {});
  const auto after = harts.build(key, [] {});
  EXPECT_EQ(after.outcome, vm::Publication::existing);
  EXPECT_EQ(after.object, before.object);
  EXPECT_EQ(harts.gc.statistics().published, 1u);
}

TEST(gc, publish_is_refused_after_an_invalidate_of_its_page) {
  TwoHarts harts;
  const vm::BlockKey key = block_key(7, 0x40);
  const auto published = harts.build(key, [&] { vm::complete(harts.gc.invalidate({7})); });
  EXPECT_EQ(published.outcome, vm::Publication::refused);
  EXPECT_EQ(published.object, nullptr);
  EXPECT_EQ(harts.find_on(harts.first, key), nullptr);
  EXPECT_EQ(harts.gc.statistics().refused, 1u);
  EXPECT_EQ(harts.build(key, [] {}).outcome, vm::Publication::published) << "a build that began afterwards";
}

TEST(gc, publish_is_refused_after_an_invalidate_of_either_page) {
  for (const vm::u64 page : {7, 12}) {
    TwoHarts harts;
    const vm::BlockKey key = straddling_key(7, 12);
    EXPECT_EQ(harts.build(key, [&] { vm::complete(harts.gc.invalidate({page})); }).outcome, vm::Publication::refused) << "page " << page;
  }
}

TEST(gc, publish_is_refused_after_an_invalidate_by_another_thread) {
  TwoHarts harts;
  const auto published = harts.build(block_key(7, 0), [&] {
    std::thread([&] {
      const Attached attached(harts.gc);
      vm::complete(harts.gc.invalidate({7}));
    }).join();
  });
  EXPECT_EQ(published.outcome, vm::Publication::refused);
}

TEST(gc, publish_is_refused_after_very_many_invalidates) {
  TwoHarts harts;
  const auto published = harts.build(block_key(7, 0), [&] {
    vm::complete(harts.gc.invalidate({7}));
    for (vm::u64 page = 100; page < 5100; ++page) vm::complete(harts.gc.invalidate({page}));
  });
  EXPECT_EQ(published.outcome, vm::Publication::refused);
}

TEST(gc, publish_is_not_refused_without_an_invalidate) {
  TwoHarts harts;
  for (vm::u64 page = 1; page < 300; ++page) {
    vm::complete(harts.gc.invalidate({page}));  // before each build
    EXPECT_EQ(harts.build(block_key(page, 0), [] {}).outcome, vm::Publication::published);
  }
  EXPECT_EQ(harts.gc.statistics().refused, 0u);
}

TEST(gc, plain_objects_are_on_no_page) {
  TwoHarts harts;
  const vm::BlockKey key = plain_key(7 << vm::page_shift);
  const auto published = harts.build(key, [&] { vm::complete(harts.gc.invalidate({7})); });
  ASSERT_EQ(published.outcome, vm::Publication::published);
  vm::complete(harts.gc.invalidate({7}));
  EXPECT_EQ(harts.find_on(harts.first, key), published.object);
  EXPECT_FALSE(published.object->retired());
}

TEST(gc, invalidate_takes_every_block_of_the_page_and_no_other) {
  TwoHarts harts;
  const vm::u64 page = 40;
  std::vector<Object*> on_page;
  std::vector<Object*> elsewhere;
  for (vm::u64 offset = 0; offset < 20; ++offset) on_page.push_back(harts.build(block_key(page, offset * 2), [] {}).object);
  for (vm::u64 other = 0; other < 30; ++other) {
    elsewhere.push_back(harts.build(block_key(page + 1 + other, 0), [] {}).object);
    on_page.push_back(harts.build(straddling_key(page + 1 + other, page), [] {}).object);  // second page
    elsewhere.push_back(harts.build(straddling_key(page + 1 + other, page + 99), [] {}).object);
  }
  on_page.push_back(harts.build(straddling_key(page, page + 77), [] {}).object);                  // first page
  on_page.push_back(harts.build(vm::BlockKey{page << vm::page_shift, {page}, 3}, [] {}).object);  // both pages are one
  vm::complete(harts.gc.invalidate({page}));

  for (Object* block : on_page) {
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(harts.find_on(harts.first, block->key), nullptr);
    EXPECT_EQ(harts.find_on(harts.second, block->key), nullptr);
    EXPECT_FALSE(enter(*block)) << "after the hart's next safepoint it is not entered";
  }
  for (Object* block : elsewhere) {
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(harts.find_on(harts.first, block->key), block);
    EXPECT_TRUE(enter(*block));
  }
  EXPECT_EQ(harts.gc.statistics().retired, on_page.size());
  EXPECT_EQ(harts.gc.statistics().invalidates, 1u);
}

TEST(gc, invalidate_outdates_links_and_cached_pointers_by_the_next_safepoint) {
  TwoHarts harts;
  const Running running(harts.gc, harts.first);
  Object* const target = publish_new(harts.gc, harts.first, harts.ledger, block_key(8, 0));
  Object* from = publish_new(harts.gc, harts.first, harts.ledger, block_key(9, 0));
  ASSERT_EQ(vm::complete(harts.gc.find(harts.first, block_key(8, 0))), target);
  harts.gc.link(harts.first, *from, 0, target);
  ASSERT_EQ(follow(*from, 0), target);
  ASSERT_TRUE(enter(*target));
  vm::complete(harts.gc.invalidate({8}));
  harts.gc.safepoint(harts.first);
  from = vm::complete(harts.gc.find(harts.first, block_key(9, 0)));
  Object* const still_linked = follow(*from, 0);
  EXPECT_TRUE(still_linked == nullptr || !enter(*still_linked));
}

TEST(gc, invalidate_of_many_pages_reaches_an_idle_hart) {
  TwoHarts harts;
  Object* const block = harts.build(block_key(8, 0), [] {}).object;
  Object* const kept = harts.build(plain_key(1), [] {}).object;
  vm::complete(harts.gc.invalidate({8}));
  for (vm::u64 page = 1000; page < 6000; ++page) vm::complete(harts.gc.invalidate({page}));  // more than any queue holds
  EXPECT_EQ(harts.find_on(harts.first, block_key(8, 0)), nullptr);
  EXPECT_FALSE(enter(*block));
  EXPECT_EQ(harts.find_on(harts.first, plain_key(1)), kept);
}

TEST(gc, a_new_version_takes_the_place_of_an_invalidated_block) {
  TwoHarts harts;
  const vm::BlockKey key = block_key(8, 0);
  Object* const old = harts.build(key, [] {}).object;
  vm::complete(harts.gc.invalidate({8}));
  Object* const fresh = harts.build(key, [] {}).object;
  EXPECT_NE(fresh, old);
  EXPECT_EQ(harts.find_on(harts.first, key), fresh);
  vm::complete(harts.gc.invalidate({8}));
  EXPECT_EQ(harts.find_on(harts.first, key), nullptr);
}

TEST(gc, erase_takes_one_entry) {
  TwoHarts harts;
  Object* const block = harts.build(straddling_key(3, 4), [] {}).object;
  Object* const neighbour = harts.build(block_key(3, 0), [] {}).object;
  Object* const plain = harts.build(plain_key(3), [] {}).object;
  const Running running(harts.gc, harts.first);
  EXPECT_TRUE(vm::complete(harts.gc.erase(harts.first, straddling_key(3, 4))));
  EXPECT_FALSE(vm::complete(harts.gc.erase(harts.first, straddling_key(3, 4))));
  EXPECT_TRUE(vm::complete(harts.gc.erase(harts.first, plain_key(3))));
  EXPECT_EQ(vm::complete(harts.gc.find(harts.first, straddling_key(3, 4))), nullptr);
  EXPECT_EQ(vm::complete(harts.gc.find(harts.first, plain_key(3))), nullptr);
  EXPECT_EQ(vm::complete(harts.gc.find(harts.first, block_key(3, 0))), neighbour);
  EXPECT_FALSE(enter(*block)) << "a block is retired with its entry";
  EXPECT_TRUE(enter(*plain)) << "a plain object only ceases to be a root";
}

TEST(gc, what_is_found_linked_or_published_counts_as_executed) {
  TwoHarts harts;
  const Running running(harts.gc, harts.first);
  publish_new(harts.gc, harts.first, harts.ledger, block_key(1, 0));
  publish_new(harts.gc, harts.first, harts.ledger, block_key(2, 0));
  vm::complete(harts.gc.collect(harts.first));
  Object* const one = vm::complete(harts.gc.find(harts.first, block_key(1, 0)));
  EXPECT_FALSE(one->cold());
  Object* const other = vm::complete(harts.gc.find(harts.first, block_key(2, 0)));
  other->chill();
  ASSERT_TRUE(other->cold());
  harts.gc.link(harts.first, *one, 0, other);
  EXPECT_FALSE(other->cold());
  vm::complete(harts.gc.collect(harts.first));
  EXPECT_TRUE(follow(*vm::complete(harts.gc.find(harts.first, block_key(1, 0))), 0)->cold()) << "a collection begins a new period";
}

}  // namespace
}  // namespace gc_contract
