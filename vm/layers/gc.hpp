// SPDX-License-Identifier: Apache-2.0
// The GC contract: the heap of the machine's managed objects, translated blocks above all.
//
// Blocks form a graph: a block's reference slots point to the blocks that it chains to, and an index finds a block by its key.
// Plain graph objects live on the same heap, so that classic collector workloads run on every variant. Harts are mutators.
//
// Entering and leaving a block. The engine subtracts `entry_cost` from its budget when it enters a block, and leaves when the
// budget is spent. The layer steers it with that one word, at no cost on the hot path:
//
//   entry_cost                        | meaning
//   n, 1 .. max_entry_cost            | live, and executed since the last collection
//   n + cold_cost                     | live, not executed since the last collection: the engine warms it (compare-exchange to n)
//   retired_cost                      | retired: the engine does not enter it
//
// Building. begin_build(pages) gives a ticket; the machine then marks the pages tracked and takes write permission to them away
// from every micro-TLB, and only then reads the bytes. From then on each write to a tracked page (hart, A/D update, DMA, loader,
// debugger) calls invalidate(page) after the bytes are written and the mark is cleared. (The mark and the revocation belong to the
// machine: vm/memory/page_states.hpp and vm/machine/handshake.hpp; see docs/adr/0002.)
//
// Roots: index entries, and the objects that a mutator that is not idle has allocated, found or reached through slots since its last
// safepoint. `allocate`, `collect`, `safepoint`, `idle` and `busy` are safepoints of the calling mutator: it holds no object across
// them, but the one that allocate returns. The engine drops its current block and jump cache at a safepoint for which
// `drops_cached_objects()` says so.
//
// Guarantees:
//  G1 An object reachable from a root, or reached by a hart since its last safepoint, is never reclaimed.
//  G2 An object unreachable when a collection begins is reclaimed by the end of the next collection. A slot that refers to a retired
//     object does not keep it: the collector clears it.
//  G3 Each reclaimed object's finalizer runs exactly once, also for those alive when the layer is destroyed.
//  G4 publish is refused if an overlapping invalidate was called since its begin_build. Invalidate and evict remove the index entry and
//     outdate all incoming links and jump-cache entries (by retired_cost); once invalidate has returned, no find returns the block, and
//     no hart enters it after its next safepoint.
//  G5 The heap has a limit (GcConfig::heap_bytes, headers included). At the limit, collect() evicts blocks not executed since the
//     last collection first (as by invalidate); exhaustion makes allocate return nullptr, never a crash.
//  G6 Pauses are declared (stop-the-world, handshake, concurrent, incremental) and measured.
//
// Threads. A Mutator belongs to one hart and is used by one thread at a time. invalidate may be called by any attached thread.
// A new mutator is idle. An idle mutator never holds up a collection.
#pragma once
#include <array>
#include <vector>

#include "vm/layers/awaitable.hpp"
#include "vm/layers/tlb.hpp"
#include "vm/platform/platform.hpp"

namespace vm {

inline constexpr i32 max_entry_cost = 1 << 16;
inline constexpr i32 cold_cost = 1 << 24;
inline constexpr i32 retired_cost = 1 << 28;

inline constexpr Ppn no_page{~u64{0}};

// A block's identity. Blocks in the same bytes differ in context when decoding differs.
struct BlockKey {
  u64 start = 0;           // guest physical address of the first instruction; for plain objects any number
  Ppn second = no_page;    // the second physical page, if the block straddles
  u32 context = 0;         // privilege, translation on or off, FS, breakpoints: vm/translate/block.hpp; plain objects: plain_context
  constexpr Ppn first_page() const { return {start >> page_shift}; }
  friend constexpr bool operator==(const BlockKey&, const BlockKey&) = default;
};
inline constexpr u32 plain_context = 0xffff'ffff;  // such a key is on no page: page invalidations leave it alone

enum class ObjectKind : u8 { block, plain };

// A managed object: this header, then `slots` reference slots, then `payload_bytes` of payload, 16-byte aligned.
template <Platform P>
struct alignas(16) Object {
  using Slot = typename P::template atomic<Object*>;

  typename P::template atomic<i32> entry_cost{1};
  u32 payload_bytes = 0;
  u16 slots = 0;
  ObjectKind kind = ObjectKind::plain;
  BlockKey key;                                    // set by publish
  // For the variant alone: colour or epoch, and its lists.
  typename P::template atomic<u64> mark{0};
  std::array<Object*, 4> next{};

  Slot* slot_array() { return reinterpret_cast<Slot*>(this + 1); }
  Slot& slot(unsigned index) { return slot_array()[index]; }
  static constexpr std::size_t slot_bytes(unsigned slots) { return (slots * sizeof(Slot) + 15) & ~std::size_t{15}; }
  std::byte* payload() { return reinterpret_cast<std::byte*>(this + 1) + slot_bytes(slots); }
  static constexpr std::size_t total_bytes(unsigned slots, u32 payload) { return sizeof(Object) + slot_bytes(slots) + ((payload + 15u) & ~15u); }

  // Makes an object in storage of total_bytes(slots, payload), aligned to 16.
  static Object* make_in(void* storage, ObjectKind kind, unsigned slots, u32 payload) {
    auto* object = ::new (storage) Object;
    object->kind = kind;
    object->slots = static_cast<u16>(slots);
    object->payload_bytes = payload;
    for (unsigned i = 0; i < slots; ++i) ::new (static_cast<void*>(object->slot_array() + i)) Slot(nullptr);
    return object;
  }
  void unmake() {
    for (unsigned i = 0; i < slots; ++i) slot_array()[i].~Slot();
    this->~Object();
  }

  bool retired() const { return entry_cost.load(relaxed) >= retired_cost; }
  bool cold() const {
    const i32 cost = entry_cost.load(relaxed);
    return cost >= cold_cost && cost < retired_cost;
  }
  // True when this call retired it. entry_cost only steers; what makes a retired object safe to free is the grace period after it.
  bool retire() { return entry_cost.exchange(retired_cost, relaxed) < retired_cost; }
  // Executed again. False if it has been retired meanwhile.
  bool warm() {
    i32 cost = entry_cost.load(relaxed);
    while (cost < retired_cost) {
      if (cost < cold_cost || entry_cost.compare_exchange(cost, cost - cold_cost, relaxed, relaxed)) return true;
    }
    return false;
  }
  // The collector begins a new period: what is not executed from now on stays cold.
  void chill() {
    i32 cost = entry_cost.load(relaxed);
    while (cost < cold_cost && !entry_cost.compare_exchange(cost, cost + cold_cost, relaxed, relaxed)) {
    }
  }
};

// What a collection asks of a running mutator: the layer raises `bit` in `word`, and the mutator's next safepoint comes soon.
template <Platform P>
struct Attention {
  typename P::template atomic<u32>* word = nullptr;
  u32 bit = 0;
  void raise() const {
    if (word != nullptr) word->fetch_or(bit, seq_cst, "attention_before_wait");
  }
};

// Called exactly once for each object, before its storage is freed, never concurrently with itself for one object.
template <Platform P>
struct Finalizer {
  void (*run)(void* context, Object<P>& object) = nullptr;
  void* context = nullptr;
};

struct GcConfig {
  u64 heap_bytes = u64{16} << 20;
  u32 harts = 1;
};

enum class Publication { published, existing, refused };
template <Platform P>
struct Published {
  Publication outcome = Publication::refused;
  Object<P>* object = nullptr;  // the one that the index holds now: ours, or an equal one published before; nullptr if refused
};

enum class PauseKind { stop_the_world, handshake, concurrent, incremental };

struct GcStatistics {
  u64 finds = 0;
  u64 found = 0;
  u64 allocated = 0;        // objects
  u64 published = 0;
  u64 refused = 0;
  u64 links = 0;
  u64 invalidates = 0;
  u64 retired = 0;          // by invalidate or eviction
  u64 evicted = 0;
  u64 reclaimed = 0;        // finalized and freed
  u64 collections = 0;
  u64 live_bytes = 0;
  u64 deferred = 0;         // retired, not yet reclaimed
  u64 pause_nanoseconds_total = 0;
  u64 pause_nanoseconds_max = 0;
};

template <class G, class P>
concept GcLayer = Platform<P> && std::constructible_from<G, GcConfig, Finalizer<P>> &&
    requires(G gc, typename G::Mutator& mutator, HartId hart, Attention<P> attention, BlockKey key, Object<P>* object, std::array<Ppn, 2> pages, Ticket ticket, unsigned index, u32 bytes) {
  gc.attach();  // per host thread
  gc.detach();
  { gc.mutator(hart, attention) } -> std::same_as<typename G::Mutator&>;  // the hart's, idle; lives as long as the layer
  { gc.allocate(mutator, ObjectKind::block, index, bytes) } -> AwaitableOf<Object<P>*>;  // nullptr: no room
  { gc.find(mutator, key) } -> AwaitableOf<Object<P>*>;                                  // nullptr: none
  { gc.begin_build(mutator, pages) } -> std::same_as<Ticket>;                            // second page may be no_page
  { gc.publish(mutator, ticket, key, object) } -> AwaitableOf<Published<P>>;
  gc.link(mutator, *object, index, object);                                              // target may be nullptr: cuts
  { gc.invalidate(Ppn{}) } -> AwaitableOf<void>;
  { gc.erase(mutator, key) } -> AwaitableOf<bool>;                                       // removes one index entry (for plain roots)
  gc.safepoint(mutator);
  gc.idle(mutator);
  gc.busy(mutator);
  { gc.drops_cached_objects(mutator) } -> std::same_as<bool>;  // at the safepoint just passed (or busy): cached object pointers are void
  { gc.collect(mutator) } -> AwaitableOf<void>;
  { gc.statistics() } -> std::same_as<GcStatistics>;
  { G::pause_kind } -> std::convertible_to<PauseKind>;
};

}  // namespace vm
