// SPDX-License-Identifier: Apache-2.0
// Bits of the registers, and the interrupt that follows from them after each access.
#include "vm/devices/uart16550.hpp"

namespace vm::devices {
namespace {

enum Register : u64 { rbr_thr = 0, ier_register = 1, iir_fcr = 2, lcr_register = 3, mcr_register = 4, lsr = 5, msr = 6, scr_register = 7 };

constexpr u8 ier_received = 0x01;
constexpr u8 ier_transmitter = 0x02;
constexpr u8 ier_line = 0x04;
constexpr u8 ier_modem = 0x08;

constexpr u8 iir_none = 0x01;
constexpr u8 iir_modem = 0x00;
constexpr u8 iir_transmitter = 0x02;
constexpr u8 iir_received = 0x04;
constexpr u8 iir_line = 0x06;
constexpr u8 iir_timeout = 0x0c;
constexpr u8 iir_fifo_on = 0xc0;

constexpr u8 lsr_data = 0x01;
constexpr u8 lsr_overrun = 0x02;
constexpr u8 lsr_transmitter_empty = 0x60;  // THRE and TEMT

// MCR outputs in loopback arrive at MSR inputs: RTS at CTS, DTR at DSR, OUT1 at RI, OUT2 at DCD.
constexpr u8 msr_cts = 0x10, msr_dsr = 0x20, msr_ri = 0x40, msr_dcd = 0x80;
constexpr u8 modem_idle = msr_cts | msr_dsr | msr_dcd;  // a cable with its peer ready

}  // namespace

bool Uart16550State::accepts(u64 offset, u8 width) { return width <= 4 && aligned(offset, width); }

bool Uart16550State::read_is_pure(u64 offset, u8) { return offset != rbr_thr && offset != iir_fcr && offset != lsr && offset != msr; }

u32 Uart16550State::trigger() const {
  static constexpr u8 levels[] = {1, 4, 8, 14};
  return (fcr & 1) != 0 ? levels[fcr >> 6] : 1;
}

u8 Uart16550State::modem_lines() const {
  if (!loopback()) return modem_idle;
  return static_cast<u8>((mcr & 2 ? msr_cts : 0) | (mcr & 1 ? msr_dsr : 0) | (mcr & 4 ? msr_ri : 0) | (mcr & 8 ? msr_dcd : 0));
}

u8 Uart16550State::line_status() const {
  return static_cast<u8>(lsr_transmitter_empty | (fifo_count != 0 ? lsr_data : 0) | (overrun ? lsr_overrun : 0));
}

u8 Uart16550State::identification() const {
  if ((ier & ier_line) != 0 && overrun) return iir_line;
  if ((ier & ier_received) != 0 && fifo_count >= trigger()) return iir_received;
  if ((ier & ier_received) != 0 && fifo_count != 0) return iir_timeout;
  if ((ier & ier_transmitter) != 0 && transmitter_armed) return iir_transmitter;
  if ((ier & ier_modem) != 0 && modem_delta != 0) return iir_modem;
  return iir_none;
}

u64 Uart16550State::read(u64 offset, u8) const {
  switch (offset) {
    case ier_register: return divisor_latch() ? dlm : ier;
    case lcr_register: return lcr;
    case mcr_register: return mcr;
    case scr_register: return scr;
    default: return 0;
  }
}

u64 Uart16550State::read_effect(u64 offset, u8 width, Effects& effects) {
  u64 value = 0;
  switch (offset) {
    case rbr_thr:
      if (divisor_latch()) return dll;
      if (fifo_count == 0) return 0;
      effects.room_freed |= receive_room() == 0 && !loopback();
      value = take();
      break;
    case iir_fcr:
      value = identification();
      if (value == iir_transmitter) transmitter_armed = false;
      value |= (fcr & 1) != 0 ? iir_fifo_on : 0;
      break;
    case lsr:
      value = line_status();
      overrun = false;
      break;
    case msr:
      value = modem_lines() | modem_delta;
      modem_delta = 0;
      break;
    default: return read(offset, width);
  }
  update(effects);
  return value;
}

void Uart16550State::write(u64 offset, u8, u64 value, Effects& effects) {
  const u8 byte = static_cast<u8>(value);
  switch (offset) {
    case rbr_thr:
      if (divisor_latch()) {
        dll = byte;
        return;
      }
      if (loopback()) {
        push(byte);
      } else {
        effects.sent = true;
        effects.byte = byte;
      }
      transmitter_armed = true;
      break;
    case ier_register: {
      if (divisor_latch()) {
        dlm = byte;
        return;
      }
      const u8 before = ier;
      ier = byte & 0x0f;
      // Enabling the interrupt while the transmitter is empty raises it: drivers start sending so.
      if ((ier & ~before & ier_transmitter) != 0) transmitter_armed = true;
      break;
    }
    case iir_fcr: {
      const bool was_full = receive_room() == 0 && !loopback();
      // Turning the FIFO on or off empties it, as bit 1 does.
      if (((fcr ^ byte) & 1) != 0 || (byte & 3) == 3) fifo_first = fifo_count = 0;
      fcr = (byte & 1) != 0 ? byte & 0xc1 : 0;
      effects.room_freed |= was_full && receive_room() != 0;
      break;
    }
    case lcr_register: lcr = byte; return;
    case mcr_register: {
      const u8 before = modem_lines();
      const bool was_closed = receive_room() == 0;
      mcr = byte & 0x1f;
      const u8 changed = before ^ modem_lines();
      // CTS, DSR and DCD report any change, RI its falling edge.
      modem_delta |= static_cast<u8>(changed >> 4 & 0x0b);
      if ((changed & before & msr_ri) != 0) modem_delta |= 0x04;
      effects.room_freed |= was_closed && receive_room() != 0;
      break;
    }
    case scr_register: scr = byte; return;
    default: return;
  }
  update(effects);
}

u32 Uart16550State::receive_room() const { return loopback() || fifo_count >= capacity() ? 0 : capacity() - fifo_count; }

u32 Uart16550State::receive(std::span<const u8> bytes, Effects& effects) {
  u32 taken = 0;
  while (taken < bytes.size() && receive_room() != 0) push(bytes[taken++]);
  if (taken != 0) update(effects);
  return taken;
}

void Uart16550State::push(u8 byte) {
  if (fifo_count >= capacity()) {
    overrun = true;  // with a FIFO the new byte is lost, without one the old
    if (capacity() == 1) fifo[fifo_first] = byte;
    return;
  }
  fifo[(fifo_first + fifo_count) % fifo_bytes] = byte;
  ++fifo_count;
}

u8 Uart16550State::take() {
  const u8 byte = fifo[fifo_first];
  fifo_first = static_cast<u8>((fifo_first + 1) % fifo_bytes);
  --fifo_count;
  return byte;
}

void Uart16550State::update(Effects& effects) {
  const bool now = identification() != iir_none;
  if (now == interrupt_level) return;
  interrupt_level = now;
  effects.interrupt.set(now);
}

}  // namespace vm::devices
