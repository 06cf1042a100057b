// SPDX-License-Identifier: Apache-2.0
// The mutator's side of Attention: how a safepoint takes it back.
// Protocol:  a requester stores its request, then raises the bit; the mutator clears the bit, then looks for requests.
// Invariant: a bit that was raised after the mutator looked for requests is still set when it runs on.
// Progress:  wait-free.
#pragma once
#include "vm/layers/gc.hpp"

namespace variants::sync {

// At a safepoint: the attention that brought the mutator here has been given. Clearing it comes before the look at what was asked, so
// that an attention raised after that look is not lost.
template <vm::Platform P>
void clear_attention(const vm::Attention<P>& attention) {
  if (attention.word == nullptr || (attention.word->load(vm::relaxed) & attention.bit) == 0) return;
  // attention_before_request: pairs with attention_before_wait in Attention::raise. Whoever clears the bit sees the request for which it
  // was
  //   raised; without it the bit could be cleared, the request missed, and the mutator would run on until its budget ends.
  attention.word->fetch_and(~attention.bit, vm::acquire, "attention_before_request");
}

}  // namespace variants::sync
