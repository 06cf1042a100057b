// SPDX-License-Identifier: Apache-2.0
// The TLB contract: the machine-wide translation cache behind each hart's private micro-TLB.
//
// The RISC-V manual demands that a translation cache appear private to its hart, and that the meaning of an ASID be local
// to a hart. So a translation is keyed by (space, virtual page, leaf size), where a space is the whole satp value, and every
// lookup carries `since`: a ticket taken fresh when this hart first made the space current after its last fence that covers it.
//
// Tickets. A ticket is a point in the variant's own order of events. `begin_walk` gives the ticket of a walk that starts now;
// `fresh` gives one that is newer than every walk that began before the call. A leaf is usable for `since` when its walk's
// ticket is not older than `since`. A ticket is used with the Reader that gave it.
//
// Guarantees (each has a contract test; T1-T3 are properties of interleavings):
//  T1 A lookup returns only an untorn leaf that a fill stored for that space and that contains the address, and whose walk began
//     after `since`. A global leaf is exempt from ASID scopes; it never crosses spaces.
//  T2 Once invalidate(scope) has returned, no later lookup on any hart returns a leaf in scope whose walk began before that
//     invalidate was called. An ASID scope covers every space with that ASID. Scopes match by leaf: a superpage leaf, or a
//     fragment of one, dies when any address of the leaf is invalidated.
//  T3 A fill whose walk began before an invalidate that covers it is refused if it comes after that invalidate returned, and
//     refused or removed if it comes during it. (A refused walk still serves the one instruction that it was made for.)
//  T4 Capacity is bounded by TlbConfig::capacity leaves (for `private`: per hart); hits and lookups are counted.
//  T5 The variant declares its progress for lookup and for fill.
//  T6 With capacity to spare, leaves outside an invalidate's scope still hit; what is removed beyond the scope, and each fill that
//     is refused though no invalidate covered it, is counted as over-invalidation.
//
// Threads. A Reader belongs to one hart and is used by one thread at a time. attach() and detach() bracket the use of the layer by
// a host thread. Statistics may be read at any time and are exact when no operation is running.
// Source: RISC-V Privileged Architecture 1.12, sections 4.2.1 (sfence.vma), 4.3.2 (translation), 4.1.11 (satp).
#pragma once
#include <optional>

#include "vm/layers/awaitable.hpp"
#include "vm/platform/types.hpp"

namespace vm {

// An address space: mode (4 bits), ASID (16), root page (44), exactly as satp holds them.
struct Space {
  u64 satp = 0;
  constexpr Asid asid() const { return {static_cast<u16>(satp >> 44)}; }
  constexpr unsigned mode() const { return static_cast<unsigned>(satp >> 60); }
  constexpr Ppn root() const { return {satp & ((u64{1} << 44) - 1)}; }
  friend constexpr auto operator<=>(Space, Space) = default;
};

struct Ticket {
  u64 value = 0;
  friend constexpr auto operator<=>(Ticket, Ticket) = default;
};

inline constexpr unsigned max_leaf_level = 4;  // Sv57: levels 0 (4 KiB) to 4 (256 TiB)

// A leaf PTE's bits as they stand in memory, with its level: it covers 1 << (9 * level) pages, from `first` on.
struct Leaf {
  u64 pte = 0;
  Vpn first;
  u8 level = 0;
  constexpr u64 pages() const { return u64{1} << (9 * level); }
  constexpr bool contains(Vpn page) const { return page.value - first.value < pages(); }
  constexpr bool global() const { return (pte & 0x20) != 0; }
  constexpr Ppn frame(Vpn page) const {  // of one page that the leaf contains
    return {((pte >> 10) & ((u64{1} << 44) - 1)) + (page.value - first.value)};
  }
  friend constexpr bool operator==(const Leaf&, const Leaf&) = default;
};

// The four forms of sfence.vma.
struct Scope {
  std::optional<Vpn> page;  // rs1: none stands for all addresses
  std::optional<Asid> asid; // rs2: none stands for all ASIDs, global leaves included
  constexpr bool covers(Space space, const Leaf& leaf) const {
    if (page && !leaf.contains(*page)) return false;
    return !asid || (*asid == space.asid() && !leaf.global());
  }
};

struct TlbConfig {
  u32 capacity = 4096;  // leaves; a power of two
  u32 harts = 1;
};

struct TlbStatistics {
  u64 lookups = 0;
  u64 hits = 0;
  u64 fills = 0;            // accepted
  u64 refused = 0;          // fills refused
  u64 invalidates = 0;
  u64 removed = 0;          // leaves removed by invalidates
  u64 over_invalidated = 0; // see T6
  u64 evictions = 0;        // leaves displaced for lack of room
};

template <class T>
concept TlbLayer = std::constructible_from<T, TlbConfig> && requires(T tlb, typename T::Reader& reader, HartId hart, Ticket ticket, Space space, Vpn page, Leaf leaf, Scope scope) {
  tlb.attach();                                  // per host thread, before its first use of the layer
  tlb.detach();
  { tlb.reader(hart) } -> std::same_as<typename T::Reader&>;  // the hart's; lives as long as the layer
  { tlb.fresh(reader) } -> std::same_as<Ticket>;
  { tlb.begin_walk(reader) } -> std::same_as<Ticket>;
  { tlb.lookup(reader, ticket, space, page) } -> AwaitableOf<std::optional<Leaf>>;
  { tlb.fill(reader, ticket, space, leaf) } -> AwaitableOf<bool>;  // false: refused
  { tlb.invalidate(reader, scope) } -> AwaitableOf<void>;
  tlb.quiescent(reader);                         // this hart is between two operations (a quiescent state)
  tlb.idle(reader);                              // extended quiescent state: waits, stopped or suspended
  tlb.busy(reader);
  { tlb.statistics() } -> std::same_as<TlbStatistics>;
  { T::lookup_progress } -> std::convertible_to<Progress>;
  { T::fill_progress } -> std::convertible_to<Progress>;
};

}  // namespace vm
