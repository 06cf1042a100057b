// SPDX-License-Identifier: Apache-2.0
// The dispatch loop. One function holds all handlers, so that the state of the hart that every instruction needs stays in registers; an Op
// names its handler by address, and each handler ends by jumping to the next one's.
//
// Counting. hart.retired and hart.budget are exact as of the last settlement (INTERLOCK_SETTLE). Between two, `budget` is what is left of
// the slice after the whole present block: entering a block subtracts its instructions at once, settling adds back those not executed.
// Invariant: hart.retired + hart.budget changes only where a slice begins.
// Progress:  a slice ends after slice_instructions plus one block; then attention is looked at.
// Source:    Ertl and Gregg, "The structure and performance of efficient interpreters", JILP 2003 (threaded code, superinstructions).
#include "vm/hart/engine.hpp"

#include "vm/hart/engine_atomic.hpp"
#include "vm/hart/engine_floating.hpp"
#include "vm/hart/engine_steps.inc"
#include "vm/hart/engine_system.hpp"
#include "vm/isa/integer.hpp"
#include "vm/memory/guest_memory.hpp"
#include "vm/translate/op.hpp"

namespace vm {
namespace {

constexpr u64 page_mask = ~(page_bytes - 1);

// The operation that a handler executes; Operation::illegal for the forms that only translation makes.
constexpr Operation operation_of(Handler handler) {
  switch (handler) {
// clang-format off
#define INTERLOCK_SAME(name, ...) \
  case Handler::name: return Operation::name;
#define INTERLOCK_FAR(name, suffix) \
  case Handler::name##2##suffix: return Operation::name;
    INTERLOCK_REGISTER_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_IMMEDIATE_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_LOAD_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_STORE_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_BRANCH_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_FAR_BRANCHES(INTERLOCK_FAR)
    INTERLOCK_FLOATING_LOAD_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_FLOATING_STORE_OPERATIONS(INTERLOCK_SAME)
#undef INTERLOCK_SAME
#undef INTERLOCK_FAR
      // clang-format on
    default: return Operation::illegal;
  }
}

// Can INTERLOCK_STEP execute it, alone or as part of a fused pair?
constexpr bool has_step(Handler handler) {
  return operation_of(handler) != Operation::illegal || handler == Handler::li || handler == Handler::mv || handler == Handler::nop ||
         handler == Handler::jump || handler == Handler::jal || handler == Handler::jalr;
}

// The type in memory of a load or store; of the others any.
template <Operation operation>
struct Accessed {
  using Type = u8;
};
#define INTERLOCK_ACCESSED(name, type) \
  template <>                          \
  struct Accessed<Operation::name> {   \
    using Type = type;                 \
  };
INTERLOCK_LOAD_OPERATIONS(INTERLOCK_ACCESSED)
INTERLOCK_STORE_OPERATIONS(INTERLOCK_ACCESSED)
INTERLOCK_FLOATING_LOAD_OPERATIONS(INTERLOCK_ACCESSED)
INTERLOCK_FLOATING_STORE_OPERATIONS(INTERLOCK_ACCESSED)
#undef INTERLOCK_ACCESSED

JumpEntry& jump_entry(Hart& hart, u64 pc) { return hart.jump_cache[(pc >> 1) % jump_cache_entries]; }

// A link to another page counts only if that page is still mapped to the frame that the linked block is in.
[[gnu::noinline]] Block* follow_far_link(Hart& hart, Block* from, unsigned slot, u64 target) {
  if (hart.micro_tlb.entries() == 0) return nullptr;
  // link_before_enter: what the block contains is visible to whoever follows the link. pairs with the GC layer's link().
  Block* to = from->slot(slot).load(acquire, "link_before_enter");
  if (to == nullptr || to->key.context != code_context(hart)) return nullptr;
  const auto maps_to = [&hart](u64 address, u64 frame) {
    const FetchEntry* entry = hart.micro_tlb.find_fetch(hart.fetch_regime, address);
    return entry != nullptr && entry->frame == frame;
  };
  if (to->key.start % page_bytes != target % page_bytes || !maps_to(target, to->key.start & page_mask)) return nullptr;
  if (to->key.second != no_page && !maps_to(target + 2, to->key.second.value << page_shift)) return nullptr;
  remember_block(hart, target, to);
  return to;
}

// An interrupt has been let in, or has come, if the hart's attention says so. True: hart.pc is its handler.
bool look_at_interrupts(Hart& hart) {
  if ((hart.signals.attention.load(relaxed) & attention_interrupt) == 0) return false;
  // attention_taken: the line that changed before the bit was raised is visible. pairs with whoever raises attention.
  hart.signals.attention.fetch_and(~u32{attention_interrupt}, acquire, "attention_taken");
  return take_pending_interrupt(hart);
}

enum class SliceEnd { go_on, redirected, safepoint };

[[gnu::noinline]] SliceEnd begin_slice(Hart& hart) {
  hart.budget = slice_instructions;
  if (hart.timer_poll_countdown == 0) {
    hart.timer_poll_countdown = timer_poll_slices;
    poll_timers(hart);
  }
  --hart.timer_poll_countdown;
  const u32 attention = hart.signals.attention.load(relaxed);
  if ((attention & ~u32{attention_interrupt}) != 0) return SliceEnd::safepoint;
  return look_at_interrupts(hart) ? SliceEnd::redirected : SliceEnd::go_on;
}

// With `addresses` it only tells them: labels can be named nowhere else.
[[gnu::noinline, gnu::noclone]] Exit execute(Hart* state, Block* entry, const void* const** addresses) {
  static const void* const labels[] = {
// clang-format off
#define INTERLOCK_LABEL(name, ...) &&handler_##name,
#define INTERLOCK_PAIR_LABEL(first, second) &&handler_##first##2##second,
      INTERLOCK_PLAIN_HANDLERS(INTERLOCK_LABEL) INTERLOCK_FAR_BRANCHES(INTERLOCK_PAIR_LABEL) INTERLOCK_PAIR_LIST(INTERLOCK_PAIR_LABEL)
#undef INTERLOCK_LABEL
#undef INTERLOCK_PAIR_LABEL
      // clang-format on
  };
  static_assert(std::size(labels) == static_cast<unsigned>(Handler::count));
  Exit exit;
  if (addresses != nullptr) {
    *addresses = labels;
    return exit;
  }

  Hart& hart = *state;
  u64* const x = hart.x.data();
  const Reservations::Word* const reservation_words = hart.memory.reservations().table();
  const MicroTlbEntry* data_table = hart.data_table;
  u64 data_mask = hart.data_mask;
  const Op* op = nullptr;
  Block* block = nullptr;
  u64 page = 0;  // the virtual page that the block's first instruction is in
  i32 budget = 0;

  // What the handlers hand to the common code below.
  Block* next = nullptr;
  JumpEntry* cached = nullptr;
  i32 cost = 0;
  int link = -1;  // the slot of `block` that leads to the next block, or -1
  u64 target = 0;
  u64 address = 0;
  u64 value = 0;
  u8 width = 0;
  LoadForm form;
  Outcome outcome = Outcome::done;
  Fault fault;

// clang-format off
#define INTERLOCK_DISPATCH() goto* op->handler
#define INTERLOCK_NEXT() \
  ++op;                  \
  INTERLOCK_DISPATCH()
#define INTERLOCK_PENDING() static_cast<i32>(body_of(block).instructions - static_cast<u32>(op - body_of(block).ops()))
#define INTERLOCK_SETTLE(not_executed)                          \
  do {                                                          \
    const i32 left = budget + (not_executed);                   \
    hart.retired += static_cast<u64>(hart.budget - left);       \
    hart.budget = left;                                         \
  } while (false)
#define INTERLOCK_PC(of) (page + body_of(block).start + 2 * u64{(of)->offset})
// clang-format on
#define INTERLOCK_IMMEDIATE static_cast<u64>(static_cast<i64>(op->immediate))

  hart.link_from = nullptr;
  if (entry != nullptr) {
    hart.resume_op = nullptr;
    next = entry;
    goto enter;
  }
  if (hart.resume_op != nullptr) {
    block = hart.resume_block;
    op = static_cast<const Op*>(hart.resume_op);
    hart.resume_op = nullptr;
    page = hart.pc - body_of(block).start - 2 * u64{op->offset};
    budget = hart.budget - INTERLOCK_PENDING();
    INTERLOCK_DISPATCH();
  }

  // Settled, and hart.pc is where to go on.
lookup:
  data_table = hart.data_table;
  data_mask = hart.data_mask;
  link = -1;
  cached = &jump_entry(hart, hart.pc);
  if (cached->pc != hart.pc || cached->generation != hart.jump_generation) goto ask_for_block;
  next = cached->block;

  // Settled; `next` is the block at hart.pc, and was reached from `block` if link says so.
enter:
  cost = next->entry_cost.load(relaxed);
  if (cost >= retired_cost) goto ask_for_block;
  if (cost >= cold_cost) {
    next->warm();
    goto enter;
  }
  if (hart.budget < cost) {
    switch (begin_slice(hart)) {
      case SliceEnd::go_on: goto enter;
      case SliceEnd::redirected: goto lookup;
      case SliceEnd::safepoint: break;
    }
    if (link >= 0) remember_block(hart, hart.pc, next);
    exit.kind = ExitKind::safepoint;
    return exit;
  }
  block = next;
  page = hart.pc & page_mask;
  budget = hart.budget - cost;
  op = body_of(block).ops();
  INTERLOCK_DISPATCH();

ask_for_block:
  if (link >= 0) {
    hart.link_from = block;
    hart.link_slot = static_cast<u8>(link);
  }
  exit.kind = ExitKind::block;
  return exit;

  // A near link that is not there, or whose block cannot be entered at once: its cost has been subtracted.
missing_1:
  cost = 0;
chain_1:
  target = page + INTERLOCK_IMMEDIATE;
  link = 1;
  goto chain;
missing_0:
  cost = 0;
chain_0:
  target = page + body_of(block).end;
  link = 0;
chain:
  budget += cost;
  INTERLOCK_SETTLE(0);
  hart.pc = target;
  if (next == nullptr) goto ask_for_block;
  goto enter;

  // To `target`, by `link` if it is not -1. A block that the jump cache knows and that cannot be entered at once is seen to by `enter`.
leave_page:
  INTERLOCK_SETTLE(0);
  hart.pc = target;
  cached = &jump_entry(hart, target);
  if (cached->pc == target && cached->generation == hart.jump_generation) {
    next = cached->block;
    goto enter;
  }
  if (link < 0) goto ask_for_block;
  next = follow_far_link(hart, block, static_cast<unsigned>(link), target);
  if (next == nullptr) goto ask_for_block;
  goto enter;

slow_load:
  outcome = slow_load(hart, address, form, op->rd, value, exit, fault);
  if (outcome == Outcome::done) {
    if (form.floating) {
      hart.f[op->rd] = value;
      hart.csr.set_fs_dirty();
    } else {
      x[op->rd] = value;
    }
    INTERLOCK_NEXT();
  }
  goto not_done;
slow_store:
  outcome = slow_store(hart, address, width, value, exit, fault);
not_done:
  switch (outcome) {
    case Outcome::done: INTERLOCK_NEXT();
    case Outcome::restart:
      INTERLOCK_SETTLE(INTERLOCK_PENDING());
      hart.pc = INTERLOCK_PC(op);
      hart.resume_block = block;
      hart.resume_op = op;
      exit.length = static_cast<u8>(2 * (op[1].offset - op->offset));
      return exit;
    case Outcome::leave:
      INTERLOCK_SETTLE(INTERLOCK_PENDING() - 1);
      hart.pc = INTERLOCK_PC(op + 1);
      return exit;
    case Outcome::trap: break;
  }
raise:
  INTERLOCK_SETTLE(INTERLOCK_PENDING());
  hart.pc = INTERLOCK_PC(op);
  take_trap(hart, fault.cause, fault.tval);
  goto lookup;

#include "vm/hart/engine_control.inc"
#include "vm/hart/engine_integer.inc"
#include "vm/hart/engine_memory.inc"
#include "vm/hart/engine_system.inc"
}

}  // namespace

const void* const* handler_addresses() {
  static const void* const* const addresses = [] {
    const void* const* told = nullptr;
    execute(nullptr, nullptr, &told);
    return told;
  }();
  return addresses;
}

Exit run(Hart& hart, Block* entry) { return execute(&hart, entry, nullptr); }

void complete_access(Hart& hart, const Exit& exit, u64 value) {
  if (exit.access == Access::load) {
    const u64 extended = extend(value, LoadForm{exit.width, exit.sign_extend, exit.floating});
    if (exit.floating) {
      hart.f[exit.destination] = extended;
      hart.csr.set_fs_dirty();
    } else {
      hart.x[exit.destination] = extended;
    }
  }
  ++hart.retired;
  --hart.budget;
  hart.pc += exit.length;
  if (hart.resume_op != nullptr) hart.resume_op = static_cast<const Op*>(hart.resume_op) + 1;
}

void remember_block(Hart& hart, u64 pc, Block* block) {
  if (hart.micro_tlb.entries() == 0) return;
  jump_entry(hart, pc) = JumpEntry{pc, block, hart.jump_generation};
}

}  // namespace vm
