// SPDX-License-Identifier: Apache-2.0
#include "vm/machine/handshake.hpp"

#include "vm/machine/attention.hpp"

namespace vm {

namespace {
constexpr unsigned spins_before_park = 400;  // a running hart answers within slice_instructions: under a microsecond
}

Handshake::Handshake(std::vector<Hart*> harts) : harts_(std::move(harts)), states_(new State[harts_.size()]) {}

bool Handshake::settled(unsigned hart, u64 epoch) {
  // idle_before_epoch: store-load, as in busy(): either this sees the hart busy, or the hart's busy() sees the new epoch.
  if (states_[hart].idle.load(seq_cst, "epoch_before_idle") != 0) return true;
  // acknowledged: what the hart did before it acknowledged (its last stores) is visible to whoever ran the handshake.
  return states_[hart].acknowledged.load(acquire, "acknowledged") >= epoch;
}

void Handshake::run(HartId self, HandshakeKind kind) {
  // epoch_before_idle: store-load. The epoch is advanced before any `idle` is read; pairs with idle_before_epoch in busy(). Without
  //   it a hart could turn busy unseen and keep a permission that the caller believes gone.
  const u64 epoch = epoch_.fetch_add(1, seq_cst, "epoch_before_idle") + 1;
  if (kind == HandshakeKind::revoke_writes) {
    u64 seen = revocations_.load(relaxed);
    while (seen < epoch && !revocations_.compare_exchange(seen, epoch, seq_cst, relaxed, "revocation_before_idle")) {
    }
  }
  for (unsigned i = 0; i < harts_.size(); ++i) {
    if (i != self.value && !settled(i, epoch)) harts_[i]->signals.attention.fetch_or(attention_handshake, seq_cst, "attention_after_epoch");
  }
  for (unsigned i = 0; i < harts_.size(); ++i) {
    if (i == self.value) continue;
    for (unsigned spins = 0; !settled(i, epoch); ++spins) {
      if (spins < spins_before_park) {
        NativePlatform::pause();
        continue;
      }
      // waiters_before_settled: store-load. The waiter announces itself before it looks again; pairs with settled_before_waiters.
      waiters_.fetch_add(1, seq_cst, "waiters_before_settled");
      const u32 seen = progress_.load(acquire, "progress_before_settled");
      if (!settled(i, epoch)) NativePlatform::park(progress_, seen);
      waiters_.fetch_sub(1, relaxed);
    }
  }
}

void Handshake::acknowledge(Hart& hart) {
  State& state = states_[hart.id.value];
  const u64 epoch = epoch_.load(seq_cst, "idle_before_epoch");
  const u64 before = state.acknowledged.load(relaxed);
  if (epoch == before) return;
  if (revocations_.load(seq_cst, "idle_before_epoch") > before) {
    hart.micro_tlb.revoke_writes();
    hart.slots.drop();
  }
  state.acknowledged.store(epoch, seq_cst, "settled_before_waiters");
  // settled_before_waiters: store-load. What settles the hart is visible before `waiters_` is read; pairs with waiters_before_settled.
  if (waiters_.load(seq_cst, "settled_before_waiters") != 0) {
    progress_.fetch_add(1, release, "progress_before_settled");
    NativePlatform::unpark_all(progress_);
    NativePlatform::yield();  // somebody waits, perhaps for a hart that has no processor yet
  }
}

void Handshake::idle(Hart& hart) {
  states_[hart.id.value].idle.store(1, seq_cst, "settled_before_waiters");
  if (waiters_.load(seq_cst, "settled_before_waiters") != 0) {
    progress_.fetch_add(1, release, "progress_before_settled");
    NativePlatform::unpark_all(progress_);
  }
}

void Handshake::busy(Hart& hart) {
  // idle_before_epoch: store-load. The hart is seen busy before it reads the epoch; pairs with epoch_before_idle in run().
  states_[hart.id.value].idle.store(0, seq_cst, "idle_before_epoch");
  acknowledge(hart);
}

}  // namespace vm
