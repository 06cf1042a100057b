// SPDX-License-Identifier: Apache-2.0
// One word for each page of guest RAM: does it hold translated code, and which micro-TLBs may hold write permission to it.
//
// Protocol of a build (see docs/adr/0002): begin_build of the GC layer gives a ticket, then track(page) sets `code` and says who may
// still write without being seen; those are made to drop their permission by a handshake; only then are the bytes read. A hart that
// wants write permission calls grant_write: it sets itself as a writer and learns of `code` in the same read-modify-write.
// A write to a tracked page: bytes first, then untrack(page), then invalidate(page) of the GC layer. A build that set `code` before
// that untrack has begun before that invalidate, so its publish is refused; one that set it after reads the new bytes.
//
//   bits 0..7   writers: 0 nobody, 1..64 hart id + 1, 255 more than one
//   bit  8      code: blocks may have been built from this page
//   bits 9..15  generation: counts untracks, so that forget_writers sees that somebody untracked (and so perhaps wrote) meanwhile
//   bits 16..23 heat: set when a tracked page is written; each refused grant cools it by one; while it is hot no write permission is
//               granted, so that code which is modified again and again costs no handshakes
//   bits 24..31 generation, high part
// Progress: lock-free.
#pragma once
#include <memory>

#include "vm/platform/native.hpp"

namespace vm {

class PageStates {
 public:
  static constexpr u32 nobody = 0;
  static constexpr u32 several = 255;
  static constexpr u32 writers_mask = 0xff;
  static constexpr u32 code = 1 << 8;
  static constexpr u32 generation_low = 0x7fu << 9;
  static constexpr u32 heat_one = 1 << 16;
  static constexpr u32 heat_mask = 0xffu << 16;
  static constexpr u32 generation_high = 0xffu << 24;
  // How many grants a write to code costs the page. A grant that is taken back costs a machine-wide handshake (10 us and more on busy
  // harts), a slow store about 20 ns: 64 keeps what is lost on a page that turned from code to plain memory below one handshake's price.
  static constexpr u32 grants_refused_after_a_code_write = 64;

  // `first` is the first RAM page.
  PageStates(Ppn first, u64 pages);

  bool tracked(Ppn page) const;
  // May this hart keep write permission in its micro-TLB? If so it is a writer from now on. False: tracked, or hot.
  bool grant_write(Ppn page, HartId hart);
  // Sets `code` and returns the word as it is then. writers(word) says who may still hold permission: also if the page was tracked
  // before, because the handshake of whoever tracked it first may be still under way.
  u32 track(Ppn page);
  static constexpr u32 writers(u32 word) { return word & writers_mask; }
  // After the handshake that made the writers of `word` drop it: forget them, unless the word has changed since track returned it.
  void forget_writers(Ppn page, u32 word);
  // After a write to a tracked page, before invalidate. False: it was not tracked.
  bool untrack(Ppn page);

 private:
  NativePlatform::atomic<u32>& state(Ppn page) const;
  Ppn first_;
  u64 pages_;
  std::unique_ptr<NativePlatform::atomic<u32>[]> states_;
};

}  // namespace vm
