// SPDX-License-Identifier: Apache-2.0
// The private micro-TLB of a hart: direct-mapped, one table per translation regime, so that a trap need not flush it.
// Its size (entries per table: 0, or a power of two up to 1024) is a run-time parameter; 0 lays the layers' cost bare.
//
// A tag is the virtual page's address (low 12 bits zero) where an access of that kind may go straight to host memory, and
// `no_tag` otherwise. The engine compares (address & (~0xfff | (width - 1))) with the tag: misaligned accesses miss by construction.
// Invariant: an entry grants no more than the leaf, the PMP and the page's state (vm/memory/page_states.hpp) allowed when it was
// filled; it is gone before a fence, a PMP or satp write, or a write-permission revocation that covers it has finished.
#pragma once
#include <array>
#include <memory>

#include "vm/platform/types.hpp"

namespace vm {

inline constexpr u64 no_tag = 1;

struct MicroTlbEntry {
  u64 load_tag = no_tag;
  u64 store_tag = no_tag;
  u64 addend = 0;         // host address = virtual address + addend (RAM only)
  u64 page = no_tag;      // the virtual page's address of whatever this entry describes; no_tag: empty
  u64 frame = 0;          // guest physical address of the page
  u8 leaf_level = 0;      // of the leaf it is a fragment of
  bool global = false;
  bool device = false;    // not RAM: load/store tags stay no_tag, the engine's slow path makes a device exit
  bool readable = false;  // what the leaf, PMP and regime allow (the tags may hold less: tracked pages, devices)
  bool writable = false;
  bool tracked = false;   // holds code: a store is done by the slow path, and followed by a code_written exit
};

struct FetchEntry {
  u64 page = no_tag;
  u64 frame = 0;
  u8 leaf_level = 0;
  bool global = false;
};

// Regimes that see different permissions. user and the supervisor ones are flushed by satp writes and fences; machine is bare.
enum class Regime : u8 { user, supervisor, supervisor_sum, machine };
inline constexpr unsigned regimes = 4;

class MicroTlb {
 public:
  explicit MicroTlb(u32 entries);  // 0 or a power of two

  u32 entries() const { return entries_; }
  // With 0 entries a table is one entry that is never filled, and the mask is 0.
  MicroTlbEntry* data(Regime regime) { return &data_[static_cast<unsigned>(regime) * stride_]; }
  u64 index_mask() const { return stride_ - 1; }

  void fill(Regime regime, const MicroTlbEntry& entry);  // no effect with 0 entries
  void fill(Regime regime, const FetchEntry& entry);
  const FetchEntry* find_fetch(Regime regime, u64 address) const;
  const MicroTlbEntry* find_data(Regime regime, u64 address) const;  // whatever its tags

  void flush();                                // everything
  void flush_translated();                     // all but the machine regime (satp write, sfence.vma without address)
  void flush_page(u64 address, bool with_global);  // every fragment of a leaf that contains the address, in all translated regimes
  void flush_asid();                           // all translated entries that are not global
  // Takes all permission to store away (a page is becoming tracked): store tags and `writable` of RAM entries. The next store asks anew.
  void revoke_writes();

 private:
  struct Content {
    bool any = false;         // something was filled since the last flush
    bool superpages = false;  // a fragment of a superpage was
  };
  template <class Entry>
  void fill(Entry* table, Content& content, const Entry& entry);

  u32 entries_;
  u64 stride_;
  std::array<Content, regimes> data_content_;
  std::array<Content, regimes> fetch_content_;
  std::unique_ptr<MicroTlbEntry[]> data_;
  std::unique_ptr<FetchEntry[]> fetch_;
};

}  // namespace vm
