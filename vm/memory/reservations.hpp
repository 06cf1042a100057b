// SPDX-License-Identifier: Apache-2.0
// LR/SC reservations that see every store, ABA included.
//
// Each 64-byte line of RAM hashes to a word of a table. A word of 0 means that no LR ever touched such a line: stores go straight to
// memory. LR makes its word tracked (for good), by a `reserve` Exit: the loop marks the word and then runs a machine-wide handshake, so
// that no store that saw 0 is still in flight. From then on stores, AMOs and SCs that hash there take the word as a lock, and count.
//
//   bit 0 tracked | bit 1 locked | bit 2 ready | bits 3..31 version
//         0       |      0       |      0      |       0          | never reserved: stores go straight to memory
//         1       |     0, 1     |      0      |       v          | stores take the word, but one that saw 0 may be in flight: LR must wait
//         1       |      0       |      1      |       v          | tracked
//         1       |      1       |      1      |       v          | a store, AMO or SC is in progress; it leaves v + 1
//
// Invariant: an SC succeeds only if its word still has the version that LR saw before it read: no tracked write came between.
// A collision of hashes can only make an SC fail; the constrained loop of the manual retries.
// Progress: blocking for the length of one store. Stores to untracked lines: wait-free, one load.
// Source: RISC-V Unprivileged 20191213, sections 8.2, 8.3, 14 (RVWMO atomicity axiom).
#pragma once
#include <memory>

#include "vm/platform/native.hpp"

namespace vm {

inline constexpr u32 reservation_tracked = 1;
inline constexpr u32 reservation_locked = 2;
inline constexpr u32 reservation_ready = 4;  // LR goes on only when this is set; otherwise it makes a `reserve` Exit
inline constexpr u32 reservation_version = 8;
inline constexpr unsigned reservation_words = 1 << 14;

struct Reservation {
  bool valid = false;
  u64 address = 0;  // guest physical
  u8 width = 0;
  u32 version = 0;  // the whole word as LR saw it, unlocked
};

class Reservations {
 public:
  using Word = NativePlatform::atomic<u32>;
  Reservations() : words_(new Word[reservation_words]) {}

  static constexpr u64 index(u64 physical) { return (physical >> 6) & (reservation_words - 1); }
  Word& word(u64 physical) { return words_[index(physical)]; }
  const Word* table() const { return words_.get(); }

  // Marks the word of `physical` tracked. The caller then runs a handshake, then calls make_ready.
  void track(u64 physical) { word(physical).fetch_or(reservation_tracked, seq_cst, "track_before_handshake"); }
  // tracked_is_complete: whoever sees `ready` sees every store that the handshake waited for.
  void make_ready(u64 physical) { word(physical).fetch_or(reservation_ready, release, "tracked_is_complete"); }

  // Takes the word of a tracked line; returns its value before.
  u32 lock(u64 physical) {
    Word& w = word(physical);
    for (;;) {
      u32 seen = w.load(relaxed);
      // reservation_lock: what the last holder wrote is seen by this one. pairs with reservation_unlock; without it an SC could
      // check the version and yet overwrite a value that it did not see.
      if ((seen & reservation_locked) == 0 && w.compare_exchange(seen, seen | reservation_locked, acquire, relaxed, "reservation_lock")) return seen;
      NativePlatform::pause();
    }
  }
  // Gives it back. `wrote`: a write happened, so the version moves on.
  void unlock(u64 physical, bool wrote) {
    // An add, not a store: make_ready may have set its bit meanwhile.
    word(physical).fetch_add(wrote ? reservation_version - reservation_locked : 0u - reservation_locked, release, "reservation_unlock");
  }

 private:
  std::unique_ptr<Word[]> words_;
};

}  // namespace vm
