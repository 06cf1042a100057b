// SPDX-License-Identifier: Apache-2.0
// Fixed-width names and the strong types that addresses and numbers travel in.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>

namespace vm {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using u128 = unsigned __int128;
using i128 = __int128;

inline constexpr unsigned page_shift = 12;
inline constexpr u64 page_bytes = u64{1} << page_shift;
inline constexpr unsigned max_harts = 64;

// A virtual page number: a virtual address shifted right by 12, sign extension kept.
struct Vpn {
  u64 value = 0;
  friend constexpr auto operator<=>(Vpn, Vpn) = default;
};

// A guest physical page number: a guest physical address shifted right by 12.
struct Ppn {
  u64 value = 0;
  friend constexpr auto operator<=>(Ppn, Ppn) = default;
};

// A guest physical address, in bytes.
struct GuestPhysical {
  u64 value = 0;
  constexpr Ppn page() const { return {value >> page_shift}; }
  friend constexpr auto operator<=>(GuestPhysical, GuestPhysical) = default;
};

struct Asid {
  u16 value = 0;
  friend constexpr auto operator<=>(Asid, Asid) = default;
};

struct HartId {
  u32 value = 0;
  friend constexpr auto operator<=>(HartId, HartId) = default;
};

}  // namespace vm
