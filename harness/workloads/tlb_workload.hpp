// SPDX-License-Identifier: Apache-2.0
// tlb.read_mostly and tlb.shootdown: lookups over 4096 pages (Zipf 0.99) while some operations change a page's entry and invalidate it.
//
// The answer: each page has a version in a page table of ours; a writer advances it, invalidates the page, and then announces the version as
// done. A lookup that begins after an announcement must not return an older version (T2), nor a leaf of another page (T1).
// A miss walks: begin_walk, read the version, fill.
#pragma once
#include <atomic>
#include <memory>

#include "harness/workloads/stream.hpp"
#include "harness/workloads/verdict.hpp"
#include "vm/layers/tlb.hpp"

namespace harness {

template <class Tlb, unsigned changes_in_ten_thousand>
class TlbWorkload {
 public:
  static constexpr std::uint32_t pages = 4096;

  TlbWorkload(unsigned threads, std::uint64_t seed) : tlb_(vm::TlbConfig{.capacity = 2 * pages, .harts = threads}), entries_(new Entry[pages]) {
    for (unsigned i = 0; i < threads; ++i) {
      streams_.push_back(make_stream(seed, i, pages, 0.99));
      digest_ = digest_of(streams_.back(), digest_);
    }
  }

  void attach(unsigned thread) {
    tlb_.attach();
    since_[thread].value = tlb_.fresh(tlb_.reader(vm::HartId{thread}));
  }
  void detach(unsigned) { tlb_.detach(); }
  // Around a batch of steps: outside of them the hart is idle, and holds up nobody.
  void enter(unsigned thread) { tlb_.busy(tlb_.reader(vm::HartId{thread})); }
  void leave(unsigned thread) { tlb_.idle(tlb_.reader(vm::HartId{thread})); }

  void step(unsigned thread, std::uint64_t i) {
    const Operation operation = streams_[thread][i % stream_length];
    typename Tlb::Reader& reader = tlb_.reader(vm::HartId{thread});
    Entry& entry = entries_[operation.key];
    const vm::Vpn page{first_page + operation.key};
    if (operation.choice < changes_in_ten_thousand) {
      const std::uint32_t version = entry.version.fetch_add(1, std::memory_order_acq_rel) + 1;
      vm::complete(tlb_.invalidate(reader, vm::Scope{page, std::nullopt}));
      std::uint32_t done = entry.done.load(std::memory_order_relaxed);
      while (done < version && !entry.done.compare_exchange_weak(done, version, std::memory_order_release, std::memory_order_relaxed)) {
      }
      return;
    }
    const std::uint32_t done = entry.done.load(std::memory_order_acquire);
    const std::optional<vm::Leaf> leaf = vm::complete(tlb_.lookup(reader, since_[thread].value, space, page));
    if (!leaf) {
      const vm::Ticket ticket = tlb_.begin_walk(reader);
      const std::uint32_t version = entry.version.load(std::memory_order_acquire);
      vm::complete(tlb_.fill(reader, ticket, space, vm::Leaf{pte(operation.key, version), page, 0}));
      return;
    }
    const auto key = static_cast<std::uint32_t>(leaf->pte >> 42);
    const auto version = static_cast<std::uint32_t>(leaf->pte >> 10);
    if (key != operation.key || version < done) {
      verdict_.report("a lookup of page %u gave page %u, version %u, after version %u was announced", operation.key, key, version, done);
    }
  }

  const Verdict& verdict() const { return verdict_; }
  void finish() {}
  std::uint64_t digest() const { return digest_; }
  std::vector<std::pair<std::string, double>> counters() {
    const vm::TlbStatistics s = tlb_.statistics();
    return {{"hit_ratio", s.lookups == 0 ? 0 : static_cast<double>(s.hits) / static_cast<double>(s.lookups)},
            {"invalidates", static_cast<double>(s.invalidates)},
            {"refused", static_cast<double>(s.refused)},
            {"over_invalidated", static_cast<double>(s.over_invalidated)}};
  }

 private:
  static constexpr std::uint64_t first_page = 0x1'0000;
  static constexpr vm::Space space{(std::uint64_t{8} << 60) | (std::uint64_t{1} << 44) | 0x80000};
  struct alignas(64) Entry {
    std::atomic<std::uint32_t> version{0};
    std::atomic<std::uint32_t> done{0};
  };
  struct alignas(64) Since {
    vm::Ticket value;
  };
  // Key in bits 42..53, version in bits 10..41, flags V R W A D.
  static constexpr std::uint64_t pte(std::uint32_t key, std::uint32_t version) { return std::uint64_t{key} << 42 | std::uint64_t{version} << 10 | 0xc7; }

  Tlb tlb_;
  std::unique_ptr<Entry[]> entries_;
  std::vector<std::vector<Operation>> streams_;
  std::array<Since, vm::max_harts> since_;
  std::uint64_t digest_ = 0xcbf2'9ce4'8422'2325;
  Verdict verdict_;
};

}  // namespace harness
