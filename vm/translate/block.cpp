// SPDX-License-Identifier: Apache-2.0
// Building a block: instructions are decoded until one ends it, the page ends, or there are block_instructions of them.
#include "vm/translate/block.hpp"

#include <algorithm>

#include "vm/hart/trap.hpp"
#include "vm/isa/decode.hpp"
#include "vm/translate/fusion.hpp"
#include "vm/translate/op.hpp"

namespace vm {
namespace {

constexpr u32 context_fs_on = 8;

// Another hart may be writing: each halfword is read once, whole.
u16 load_half(const u8* host) { return __atomic_load_n(reinterpret_cast<const u16*>(host), __ATOMIC_RELAXED); }

Handler handler_of(Operation operation) {
  switch (operation) {
// clang-format off
#define INTERLOCK_SAME(name, ...) \
  case Operation::name: return Handler::name;
    INTERLOCK_REGISTER_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_IMMEDIATE_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_LOAD_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_STORE_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_BRANCH_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_SYSTEM_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_RESERVE_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_CONDITIONAL_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_AMO_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_FLOATING_LOAD_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_FLOATING_STORE_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_FLOATING_OPERATIONS(INTERLOCK_SAME)
    INTERLOCK_SAME(auipc)
    INTERLOCK_SAME(jal)
    INTERLOCK_SAME(jalr)
#undef INTERLOCK_SAME
      // clang-format on
    default: return Handler::illegal;
  }
}

Handler far_form(Handler near) {
  switch (near) {
// clang-format off
#define INTERLOCK_FAR(name, suffix) \
  case Handler::name: return Handler::name##2##suffix;
    INTERLOCK_FAR_BRANCHES(INTERLOCK_FAR)
#undef INTERLOCK_FAR
      // clang-format on
    case Handler::jal: return Handler::jal_far;
    case Handler::jump: return Handler::jump_far;
    default: return Handler::fall_far;
  }
}

// May a link to this place in the page (in bytes from its start) be followed without asking where the pages are mapped?
constexpr bool near(i64 target) { return target >= 0 && target < static_cast<i64>(page_bytes) - 2; }

// Can the block go on after this CSR instruction? Reads change nothing; these CSRs are storage that nothing but traps and floating-point
// instructions look at. Any other write may change what the next instruction is, or let an interrupt in.
bool stays_in_block(const Instruction& instruction) {
  const bool by_set_or_clear = (instruction.bits >> 12 & 3) != 1;
  if (by_set_or_clear && instruction.rs1 == 0) return true;
  switch (instruction.bits >> 20) {
    case 0x001:
    case 0x002:
    case 0x003:  // fflags, frm, fcsr
    case 0x140:
    case 0x141:
    case 0x142:
    case 0x143:  // sscratch, sepc, scause, stval
    case 0x340:
    case 0x341:
    case 0x342:
    case 0x343:  // mscratch, mepc, mcause, mtval
      return true;
    default: return false;
  }
}

// Store-to-load order needs a fence on x86-64; see the table in vm/hart/engine_atomic.hpp.
Handler fence_form(u32 bits) {
  constexpr u32 read_or_input = 0b1010, write_or_output = 0b0101;
  if (bits == 0x0100'000f) return Handler::pause;
  const u32 successor = bits >> 20 & 15, predecessor = bits >> 24 & 15, mode = bits >> 28;
  const bool tso = mode == 8 && successor == 3 && predecessor == 3;
  return !tso && (predecessor & write_or_output) != 0 && (successor & read_or_input) != 0 ? Handler::fence_full : Handler::fence_light;
}

bool writes_x(const Instruction& instruction) {
  switch (instruction.operation) {
    case Operation::fmv_x_w:
    case Operation::fmv_x_d:
    case Operation::feq_s:
    case Operation::flt_s:
    case Operation::fle_s:
    case Operation::feq_d:
    case Operation::flt_d:
    case Operation::fle_d:
    case Operation::fclass_s:
    case Operation::fclass_d:
    case Operation::fcvt_w_s:
    case Operation::fcvt_wu_s:
    case Operation::fcvt_l_s:
    case Operation::fcvt_lu_s:
    case Operation::fcvt_w_d:
    case Operation::fcvt_wu_d:
    case Operation::fcvt_l_d:
    case Operation::fcvt_lu_d: return true;
    default: return !uses_floating_registers(instruction.operation);
  }
}

}  // namespace

struct BlockBuilder::Content {
  BlockBody body{};
  bool straddles = false;
  std::size_t count = 0;  // Ops
  std::array<Op, block_instructions + 1> ops{};
  std::array<Handler, block_instructions + 1> handlers{};

  void add(Handler handler, const Instruction& instruction, i32 immediate, u32 at) {
    Op& op = ops[count];
    op.rd = writes_x(instruction) && instruction.rd == 0 ? x_sink : instruction.rd;
    op.rs1 = instruction.rs1;
    op.rs2 = instruction.rs2;
    op.offset = static_cast<u8>((at - body.start) / 2);
    op.immediate = immediate;
    handlers[count++] = handler;
  }
  bool add(const Instruction& instruction, u32 at);  // true: it ends the block
  void add_branch(Handler handler, const Instruction& instruction, u32 at);
  void add_upper(const Instruction& instruction, u32 at);
};

void BlockBuilder::Content::add_branch(Handler handler, const Instruction& instruction, u32 at) {
  const i64 target = static_cast<i64>(at) + instruction.immediate;
  const bool falls = handler != Handler::jal && handler != Handler::jump;
  const bool both_near = near(target) && (!falls || near(at + instruction.length));
  add(both_near ? handler : far_form(handler), instruction, static_cast<i32>(target), at);
}

void BlockBuilder::Content::add_upper(const Instruction& instruction, u32 at) {
  if (instruction.rd == 0) return add(Handler::nop, instruction, 0, at);
  if (instruction.operation == Operation::lui) return add(Handler::li, instruction, instruction.immediate, at);
  const i64 sum = static_cast<i64>(instruction.immediate) + at;
  const bool fits = sum == static_cast<i32>(sum);
  add(fits ? Handler::pc_add : Handler::auipc, instruction, fits ? static_cast<i32>(sum) : instruction.immediate, at);
}

bool BlockBuilder::Content::add(const Instruction& instruction, u32 at) {
  const auto bits = static_cast<i32>(instruction.bits);
  const Handler handler = handler_of(instruction.operation);
  if (uses_floating_registers(instruction.operation) && (body.context & context_fs_on) == 0) {
    add(Handler::illegal, instruction, bits, at);
    return true;
  }
  switch (kind(instruction.operation)) {
    case Kind::alu_register:
      if (instruction.rd == 0) {
        add(Handler::nop, instruction, 0, at);
      } else if (instruction.operation == Operation::add && (instruction.rs1 == 0 || instruction.rs2 == 0)) {
        Instruction move = instruction;
        move.rs1 = instruction.rs1 | instruction.rs2;
        add(Handler::mv, move, 0, at);
      } else {
        add(handler, instruction, 0, at);
      }
      return false;
    case Kind::alu_immediate:
      if (instruction.rd == 0) {
        add(Handler::nop, instruction, 0, at);
      } else if (instruction.operation == Operation::addi && instruction.rs1 == 0) {
        add(Handler::li, instruction, instruction.immediate, at);
      } else if (instruction.operation == Operation::addi && instruction.immediate == 0) {
        add(Handler::mv, instruction, 0, at);
      } else {
        add(handler, instruction, instruction.immediate, at);
      }
      return false;
    case Kind::load:
    case Kind::store:
    case Kind::floating_load:
    case Kind::floating_store: add(handler, instruction, instruction.immediate, at); return false;
    case Kind::upper: add_upper(instruction, at); return false;
    case Kind::branch: add_branch(handler, instruction, at); return true;
    case Kind::jump:
      if (instruction.operation == Operation::jalr) {
        add(handler, instruction, instruction.immediate, at);
      } else {
        add_branch(instruction.rd == 0 ? Handler::jump : Handler::jal, instruction, at);
      }
      return true;
    case Kind::order: add(fence_form(instruction.bits), instruction, 0, at); return false;
    case Kind::csr: {
      const bool stays = stays_in_block(instruction);
      add(stays ? Handler::csr : Handler::csr_end, instruction, bits, at);
      return !stays;
    }
    case Kind::reserve:
    case Kind::conditional:
    case Kind::amo:
    case Kind::floating: add(handler, instruction, bits, at); return false;
    case Kind::system:
    case Kind::illegal: break;
  }
  add(handler, instruction, bits, at);
  return true;
}

u32 block_context(const Hart& hart) { return code_context(hart); }

BlockBuilder::BlockBuilder() : content_(std::make_unique<Content>()) {}
BlockBuilder::~BlockBuilder() = default;

bool BlockBuilder::decode(u64 pc, u32 context, std::span<const u8> first, std::span<const u8> second) {
  Content& c = *content_;
  c.body = BlockBody{.start = static_cast<u32>(pc % page_bytes), .end = 0, .instructions = 0, .context = context};
  c.straddles = false;
  c.count = 0;
  u32 at = c.body.start;
  bool ended = false;
  for (std::size_t done = 0; !ended && c.body.instructions < block_instructions && first.size() - done >= 2;) {
    u32 bits = load_half(first.data() + done);
    if (is_long(static_cast<u16>(bits))) {
      if (first.size() - done >= 4) {
        bits |= static_cast<u32>(load_half(first.data() + done + 2)) << 16;
      } else if (done != 0) {
        break;  // a block of its own
      } else if (second.size() < 2) {
        return false;
      } else {
        bits |= static_cast<u32>(load_half(second.data())) << 16;
        c.straddles = true;
      }
    }
    const Instruction instruction = vm::decode(bits);
    ended = c.add(instruction, at);
    ++c.body.instructions;
    done += instruction.length;
    at += instruction.length;
    if (c.straddles) break;
  }
  c.body.end = at;
  if (!ended)
    c.add(near(at) ? Handler::fall : Handler::fall_far, Instruction{.operation = Operation::illegal, .bits = 0}, static_cast<i32>(at), at);
  fuse(std::span(c.handlers).first(c.count), std::span(c.ops).first(c.count));
  const void* const* addresses = handler_addresses();
  for (std::size_t i = 0; i < c.count; ++i) c.ops[i].handler = addresses[static_cast<unsigned>(c.handlers[i])];
  return true;
}

bool BlockBuilder::straddles() const { return content_->straddles; }
u32 BlockBuilder::payload_bytes() const { return static_cast<u32>(sizeof(BlockBody) + content_->count * sizeof(Op)); }

void BlockBuilder::emit(Block& block) const {
  const Content& c = *content_;
  INTERLOCK_INVARIANT(block.slots == block_slots && block.payload_bytes >= payload_bytes(), "%u slots, %u bytes", block.slots,
                      block.payload_bytes);
  BlockBody& body = body_of(&block);
  body = c.body;
  std::copy_n(c.ops.begin(), c.count, body.ops());
  block.entry_cost.store(static_cast<i32>(c.body.instructions), relaxed);
}

}  // namespace vm
