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
//   bits 16..23 heat: slow writes since the page was last untracked; until it cools no write permission is granted, so that code
//               which is modified again and again costs no handshakes
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

  // `first` is the first RAM page.
  PageStates(Ppn first, u64 pages);

  bool tracked(Ppn page) const;
  // May this hart keep write permission in its micro-TLB? If so it is a writer from now on. False: tracked, or hot.
  bool grant_write(Ppn page, HartId hart);
  // Sets `code` and returns the writers (nobody, a hart id + 1, or several) that may still hold permission. If the page is tracked already: nobody.
  u32 track(Ppn page);
  // After the handshake that made them drop it: forget the writers.
  void forget_writers(Ppn page);
  // After a write to a tracked page, before invalidate. False: it was not tracked.
  bool untrack(Ppn page);

 private:
  NativePlatform::atomic<u32>& state(Ppn page) const;
  Ppn first_;
  u64 pages_;
  std::unique_ptr<NativePlatform::atomic<u32>[]> states_;
};

}  // namespace vm
