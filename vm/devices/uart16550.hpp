// SPDX-License-Identifier: Apache-2.0
// 16550A UART, registers one byte apart. Sending takes no time: the transmitter is always empty, and the byte leaves with the write.
//
//   offset | read                    | write
//   0      | RBR, or DLL if DLAB     | THR, or DLL if DLAB
//   1      | IER, or DLM if DLAB     | the same
//   2      | IIR                     | FCR
//   3..7   | LCR MCR LSR MSR SCR     | LCR MCR - - SCR
//
// Interrupts, highest first: line status (OE), received data (at the trigger level) or its time-out (any byte, at once), transmitter
// empty (armed by a write to THR or by setting its enable bit, disarmed by reading it in IIR), modem status.
// In loopback (MCR bit 4) THR feeds RBR, MCR's outputs feed MSR, and nothing enters or leaves.
// Source: National Semiconductor PC16550D data sheet; the order in which Linux 8250 drives it.
#pragma once
#include <span>

#include "vm/devices/device.hpp"

namespace vm::devices {

struct Uart16550State {
  static constexpr bool uses_clock = false;
  static constexpr u32 fifo_bytes = 16;

  struct Effects {
    LevelChange interrupt;
    bool sent = false;  // `byte` leaves
    u8 byte = 0;
    bool room_freed = false;  // the receiver, full before, takes bytes again
  };

  static bool accepts(u64 offset, u8 width);
  static bool read_is_pure(u64 offset, u8 width);
  u64 read(u64 offset, u8 width) const;
  u64 read_effect(u64 offset, u8 width, Effects& effects);
  void write(u64 offset, u8 width, u64 value, Effects& effects);

  // How many bytes receive() would take now: 0 in loopback, at most 1 without FIFO.
  u32 receive_room() const;
  // Takes as many of `bytes` as there is room for, and returns how many.
  u32 receive(std::span<const u8> bytes, Effects& effects);
  void receive(u8 byte, Effects& effects) { receive({&byte, 1}, effects); }

  bool interrupt_level = false;
  u8 ier = 0, lcr = 0, mcr = 0, scr = 0, dll = 0, dlm = 0;
  u8 fcr = 0;                      // bit 0 FIFO on, bits 6..7 trigger
  bool overrun = false;            // LSR OE; read clears
  bool transmitter_armed = false;  // the THRE interrupt is pending
  u8 modem_delta = 0;              // MSR bits 0..3; read clears
  u8 fifo_first = 0;
  u8 fifo_count = 0;
  u8 fifo[fifo_bytes] = {};

 private:
  bool divisor_latch() const { return (lcr & 0x80) != 0; }
  bool loopback() const { return (mcr & 0x10) != 0; }
  u32 capacity() const { return (fcr & 1) != 0 ? fifo_bytes : 1; }
  u32 trigger() const;
  u8 modem_lines() const;
  u8 line_status() const;
  u8 identification() const;
  u8 take();
  void push(u8 byte);
  void update(Effects& effects);
};
static_assert(Device<Uart16550State>);

}  // namespace vm::devices
