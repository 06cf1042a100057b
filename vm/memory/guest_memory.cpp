// SPDX-License-Identifier: Apache-2.0
// Protocol: write() counts itself under way, then for each 64-byte line looks at the reservation word: a tracked one is taken while the
//           bytes change, and its version moves on. Then each page that was hit is untracked and, if it held code, reported.
// Proof:    tests/unit/memory/guest_memory.cpp, tests/unit/memory/device_writes.cpp
#include "vm/memory/guest_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "vm/platform/invariant.hpp"

namespace vm {

namespace {

// Room that nothing maps, on each side; its size aligns the RAM for the host's large pages.
constexpr u64 guard_bytes = u64{2} << 20;
constexpr u64 line_bytes = 64;
constexpr u64 largest_ram = u64{1} << 46;

// Copies with relaxed atomics, each as wide as alignment and length allow: what a device writes as one aligned word is seen as one.
template <class F>
void by_widest_words(u64 address, u64 length, F f) {
  for (u64 done = 0; done < length;) {
    const u64 here = address + done;
    const u64 left = length - done;
    if (here % 8 == 0 && left >= 8) {
      f(done, u64{});
      done += 8;
    } else if (here % 4 == 0 && left >= 4) {
      f(done, u32{});
      done += 4;
    } else if (here % 2 == 0 && left >= 2) {
      f(done, u16{});
      done += 2;
    } else {
      f(done, u8{});
      done += 1;
    }
  }
}

}  // namespace

Result<std::unique_ptr<GuestMemory>> GuestMemory::create(u64 bytes) {
  const std::string asked = "guest RAM of " + std::to_string(bytes) + " bytes: ";
  if (bytes == 0 || bytes % page_bytes != 0) return Error{asked + "the size must be a multiple of 4096, and not 0"};
  if (bytes > largest_ram) return Error{asked + "at most 64 TiB fit the address map"};
  const u64 whole = bytes + 3 * guard_bytes;
  void* mapping = mmap(nullptr, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return Error{asked + "mmap: " + std::strerror(errno) + "; ask for less, or raise the limit (ulimit -v)"};
  const u64 first = (reinterpret_cast<u64>(mapping) + 2 * guard_bytes - 1) / guard_bytes * guard_bytes;
  if (mprotect(reinterpret_cast<void*>(first), bytes, PROT_READ | PROT_WRITE) != 0) {
    const int error = errno;
    munmap(mapping, whole);
    return Error{asked + "mprotect: " + std::strerror(error) + "; ask for less, or allow overcommit"};
  }
  return std::unique_ptr<GuestMemory>(new GuestMemory(static_cast<u8*>(mapping), reinterpret_cast<u8*>(first), bytes));
}

GuestMemory::GuestMemory(u8* mapping, u8* host, u64 bytes)
    : mapping_(mapping), host_(host), bytes_(bytes), pages_(Ppn{ram_base >> page_shift}, bytes >> page_shift) {}

GuestMemory::~GuestMemory() { munmap(mapping_, bytes_ + 3 * guard_bytes); }

bool GuestMemory::read(u64 physical, std::span<std::byte> into) const {
  if (!contains(physical, into.size())) return false;
  by_widest_words(physical, into.size(), [&](u64 offset, auto word) {
    __atomic_load(reinterpret_cast<decltype(word)*>(host(physical) + offset), &word, __ATOMIC_RELAXED);
    std::memcpy(into.data() + offset, &word, sizeof(word));
  });
  // device_read_before_next: what a device reads next (descriptors after a ring's index) is not older. pairs with the guest's own
  //   fence between its stores. Without it a device could use a descriptor from before the index.
  NativePlatform::fence(acquire, "device_read_before_next");
  return true;
}

void GuestMemory::store(u64 physical, std::span<const std::byte> from) {
  by_widest_words(physical, from.size(), [&](u64 offset, auto word) {
    std::memcpy(&word, from.data() + offset, sizeof(word));
    __atomic_store(reinterpret_cast<decltype(word)*>(host(physical) + offset), &word, __ATOMIC_RELAXED);
  });
}

bool GuestMemory::write(u64 physical, std::span<const std::byte> from) {
  if (!contains(physical, from.size())) return false;
  if (from.empty()) return true;
  NativePlatform::atomic<u32>& under_way = writes_under_way_[write_phase_.load(relaxed) & 1];
  // under_way_before_word: store-load. This write is counted before it reads a reservation word; a reserve Exit marks the word before it
  //   reads the count (wait_for_device_writes). Without it both could miss: LR would rely on a word that this write did not take.
  under_way.fetch_add(1, seq_cst, "under_way_before_word");
  // device_write_after_previous: bytes of an earlier write (a buffer) are visible before these (the ring's index), and the count before
  //   the bytes. pairs with the guest's acquiring read, and with bytes_before_count. Without it a guest sees an index without its buffer.
  NativePlatform::fence(release, "device_write_after_previous");
  for (u64 done = 0; done < from.size();) {
    const u64 line = physical + done;
    const u64 length = std::min<u64>(from.size() - done, line_bytes - line % line_bytes);
    const auto piece = from.subspan(done, length);
    if (reservations_.word(line).load(seq_cst, "under_way_before_word") != 0) {
      reservations_.lock(line);
      store(line, piece);
      reservations_.unlock(line, true);
    } else {
      store(line, piece);
    }
    done += length;
  }
  const Ppn last = GuestPhysical{physical + from.size() - 1}.page();
  for (Ppn page = GuestPhysical{physical}.page(); page <= last; ++page.value) {
    if (pages_.untrack(page) && sink_.run != nullptr) sink_.run(sink_.context, page);
  }
  // write_ended: who finds the count at 0 sees the bytes and what the sink did. pairs with count_before_reliance.
  under_way.fetch_sub(1, release, "write_ended");
  return true;
}

void GuestMemory::wait_for_device_writes() const {
  // bytes_before_count: a hart that has read new bytes finds their write counted. pairs with device_write_after_previous. Without it
  //   fence.i could return while the sink call for bytes that were seen is still to come.
  NativePlatform::fence(acquire, "bytes_before_count");
  // count_before_reliance: seq_cst for under_way_before_word (store-load); acquire from write_ended.
  const auto ended = [this](unsigned phase) { return writes_under_way_[phase].load(seq_cst, "count_before_reliance") == 0; };
  if (ended(0) && ended(1)) return;
  const std::lock_guard lock(waiters_);
  for (unsigned turns = 0; turns < 2; ++turns) {
    // Writes that begin from here on count in the other phase: relaxed, because one that still counts in this one is only waited for.
    const unsigned phase = write_phase_.fetch_add(1, relaxed) & 1;
    while (!ended(phase)) NativePlatform::yield();
  }
}

u64 GuestMemory::load_pte(u64 physical) const {
  // pte_before_next_level: an acquire: a table that this PTE points to is read as it was when the guest linked it. pairs with the guest's
  //   fence before its store of the PTE. Without it a walk could find the table's earlier content.
  return __atomic_load_n(reinterpret_cast<const u64*>(host(physical)), __ATOMIC_ACQUIRE);
}

bool GuestMemory::compare_exchange_pte(u64 physical, u64 expected, u64 desired) {
  auto* pte = reinterpret_cast<u64*>(host(physical));
  // Relaxed: only the PTE's own value counts; the guest orders it with others by sfence.vma.
  const auto exchange = [&] { return __atomic_compare_exchange_n(pte, &expected, desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED); };
  // The walking hart is at no safepoint meanwhile: a handshake that makes the word tracked waits for it, as for any store.
  if (reservations_.word(physical).load(relaxed) == 0) return exchange();
  reservations_.lock(physical);
  const bool exchanged = exchange();
  reservations_.unlock(physical, exchanged);
  return exchanged;
}

}  // namespace vm
