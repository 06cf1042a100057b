// SPDX-License-Identifier: Apache-2.0
// A machine-wide handshake: run() returns when every other hart has passed a safepoint since, or is idle.
// What it is for: (a) taking write permission to a page away from every micro-TLB before its code is read; (b) making sure that no
// store is in flight that looked at a reservation word before it became tracked.
// Protocol:  run() advances the epoch and raises attention_handshake on each running hart; a hart acknowledges the newest epoch at a
//            safepoint, or when it turns busy, after it has dropped what the epoch asks for. A hart that waits in run() is idle.
// Invariant: a hart executes guest instructions only between busy() and idle(), with acknowledged >= every epoch whose run() returned.
// Progress:  run blocks until the slowest running hart has executed slice_instructions; acknowledge, idle and busy are wait-free.
#pragma once
#include <memory>
#include <vector>

#include "vm/hart/hart.hpp"

namespace vm {

enum class HandshakeKind : u8 { order_stores, revoke_writes };

class Handshake {
 public:
  explicit Handshake(std::vector<Hart*> harts);

  // By a hart that is idle in this object's sense (see Idle below); it stays so.
  void run(HartId self, HandshakeKind kind);
  // By the hart's own thread.
  void acknowledge(Hart& hart);
  void idle(Hart& hart);
  void busy(Hart& hart);

  u64 runs() const { return epoch_.load(relaxed); }

 private:
  struct alignas(128) State {
    NativePlatform::atomic<u64> acknowledged{0};
    NativePlatform::atomic<u32> idle{1};
  };
  bool settled(unsigned hart, u64 epoch);

  std::vector<Hart*> harts_;
  std::unique_ptr<State[]> states_;
  NativePlatform::atomic<u64> epoch_{0};
  NativePlatform::atomic<u64> revocations_{0};  // the newest epoch that revokes write permission
  NativePlatform::atomic<u32> progress_{0};     // counts acknowledgements; waiters park on it
  NativePlatform::atomic<u32> waiters_{0};
};

}  // namespace vm
