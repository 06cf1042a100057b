// SPDX-License-Identifier: Apache-2.0
// What ThreadSanitizer must be told about liburcu, which Debian builds without instrumentation: what a grace period orders.
//
// Said are: the end of a section comes before the end of a period, the begin of a period before the begin of a section, a period before
// its callbacks, callbacks before the end of a barrier. That is a little more than RCU promises (sections and periods that overlap
// are ordered too), so that TSan may miss a race here; it reports none that is not there. In all other builds this is empty.
#pragma once
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
extern "C" void AnnotateIgnoreWritesBegin(const char* file, int line);
extern "C" void AnnotateIgnoreWritesEnd(const char* file, int line);
#endif

namespace variants::rcu_variant::seen_by_tsan {

inline char period_begins;
inline char section_ends;
inline char callbacks_end;

#if defined(__SANITIZE_THREAD__)
inline constexpr bool watching = true;
inline void acquired(auto& edge) { __tsan_acquire(&edge); }
inline void released(auto& edge) { __tsan_release(&edge); }
// Writes inside liburcu (its allocations) are not looked at.
struct Unseen {
  Unseen() { AnnotateIgnoreWritesBegin(__FILE__, __LINE__); }
  ~Unseen() { AnnotateIgnoreWritesEnd(__FILE__, __LINE__); }
};
#else
inline constexpr bool watching = false;
[[gnu::always_inline]] inline void acquired(auto&) {}
[[gnu::always_inline]] inline void released(auto&) {}
struct Unseen {
  Unseen() {}  // not trivial, so that an unused one is no warning
};
#endif

}  // namespace variants::rcu_variant::seen_by_tsan
