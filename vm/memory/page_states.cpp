// SPDX-License-Identifier: Apache-2.0
#include "vm/memory/page_states.hpp"

#include "vm/platform/invariant.hpp"

namespace vm {

namespace {

u32 next_generation(u32 word) {
  const u32 low = (word + (1u << 9)) & PageStates::generation_low;
  const u32 carry = low == 0 ? 1u << 24 : 0;
  const u32 high = (word + carry) & PageStates::generation_high;
  return (word & ~(PageStates::generation_low | PageStates::generation_high)) | low | high;
}

}  // namespace

PageStates::PageStates(Ppn first, u64 pages) : first_(first), pages_(pages), states_(new NativePlatform::atomic<u32>[pages]) {}

NativePlatform::atomic<u32>& PageStates::state(Ppn page) const {
  const u64 index = page.value - first_.value;
  INTERLOCK_INVARIANT(index < pages_, "page 0x%llx is not RAM", static_cast<unsigned long long>(page.value));
  return states_[index];
}

bool PageStates::tracked(Ppn page) const { return (state(page).load(relaxed) & code) != 0; }

bool PageStates::grant_write(Ppn page, HartId hart) {
  NativePlatform::atomic<u32>& word = state(page);
  const u32 mine = hart.value + 1;
  u32 seen = word.load(relaxed);
  for (;;) {
    if ((seen & code) != 0) return false;
    const bool hot = (seen & heat_mask) != 0;
    const u32 holders = writers(seen);
    const u32 wanted = hot ? seen - heat_one : (seen & ~writers_mask) | (holders == nobody || holders == mine ? mine : several);
    // Relaxed: grant and track change the same word, so one comes first; if it is the grant, track sees the writer, and the handshake
    // that follows orders the writes that were made by it.
    if (word.compare_exchange(seen, wanted, relaxed, relaxed)) return !hot;
  }
}

u32 PageStates::track(Ppn page) {
  // track_between_ticket_and_bytes: release for untrack: who clears this mark finds the ticket of begin_build taken (G4 then refuses the
  //   build); acquire from untrack and forget_writers: the bytes read next are those that were written before the mark was cleared,
  //   or while permission was held. Without the first a stale block survives the invalidate; without the second, old bytes are read.
  return state(page).fetch_or(code, acq_rel, "track_between_ticket_and_bytes") | code;
}

void PageStates::forget_writers(Ppn page, u32 word) {
  // handshake_before_forget: who tracks the page next and finds no writers reads its bytes at once. pairs with
  // track_between_ticket_and_bytes.
  //   Without it such a reader lacks the order that the handshake gave to this one.
  state(page).compare_exchange(word, word & ~writers_mask, release, relaxed, "handshake_before_forget");
}

bool PageStates::untrack(Ppn page) {
  NativePlatform::atomic<u32>& word = state(page);
  u32 seen = word.load(relaxed);
  for (;;) {
    const bool was_tracked = (seen & code) != 0;
    const u32 wanted = was_tracked ? (next_generation(seen) & ~(code | heat_mask)) | grants_refused_after_a_code_write * heat_one : seen;
    // bytes_before_untrack: release: who tracks the page after this reads the new bytes; acquire: the ticket of the build whose mark
    //   this clears was taken before the invalidate that follows. pairs with track_between_ticket_and_bytes. It is a read-modify-write
    //   also where it changes nothing: a load could be satisfied before the bytes are visible, and miss a build that reads the old ones.
    if (word.compare_exchange(seen, wanted, acq_rel, relaxed, "bytes_before_untrack")) return was_tracked;
  }
}

}  // namespace vm
