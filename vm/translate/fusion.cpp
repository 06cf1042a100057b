// SPDX-License-Identifier: Apache-2.0
#include "vm/translate/fusion.hpp"

#include <optional>

namespace vm {
namespace {

constexpr bool fits(i64 value) { return value == static_cast<i32>(value); }

std::optional<Handler> pair_of(Handler first, Handler second) {
  struct Row {
    Handler first, second, both;
  };
  static constexpr Row rows[] = {
#define INTERLOCK_ROW(one, two) {Handler::one, Handler::two, Handler::one##2##two},
      INTERLOCK_PAIR_LIST(INTERLOCK_ROW)
#undef INTERLOCK_ROW
  };
  for (const Row& row : rows) {
    if (row.first == first && row.second == second) return row.both;
  }
  return std::nullopt;
}

// lui or auipc, then an addition to the same register: one constant. The second Op is skipped.
bool fold_constant(Handler& handler, Op& op, Handler next, const Op& next_op) {
  const bool same = op.rd == next_op.rd && op.rd == next_op.rs1 && op.rd != x_sink;
  if (!same || (next != Handler::addi && next != Handler::addiw)) return false;
  const i64 sum = static_cast<i64>(op.immediate) + next_op.immediate;
  if (handler == Handler::li && next == Handler::addiw) {
    op.immediate = static_cast<i32>(static_cast<u32>(sum));
    handler = Handler::li_skip;
    return true;
  }
  if (next != Handler::addi || !fits(sum)) return false;
  if (handler == Handler::li) {
    handler = Handler::li_skip;
  } else if (handler == Handler::pc_add) {
    handler = Handler::pc_add_skip;
  } else {
    return false;
  }
  op.immediate = static_cast<i32>(sum);
  return true;
}

}  // namespace

void fuse(std::span<Handler> handlers, std::span<Op> ops) {
  for (std::size_t i = 0; i + 1 < ops.size(); ++i) {
    if (fold_constant(handlers[i], ops[i], handlers[i + 1], ops[i + 1])) {
      ++i;
    } else if (const auto both = pair_of(handlers[i], handlers[i + 1])) {
      handlers[i] = *both;
      ++i;
    }
  }
}

}  // namespace vm
