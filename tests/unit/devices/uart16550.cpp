// SPDX-License-Identifier: Apache-2.0
// 16550A: registers, interrupts by priority, FIFO, loopback, and the probes of Linux's 8250 driver.
#include "vm/devices/uart16550.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using vm::u32;
using vm::u64;
using vm::u8;
using vm::devices::Uart16550State;

enum { rbr = 0, thr = 0, dll = 0, ier = 1, dlm = 1, iir = 2, fcr = 2, lcr = 3, mcr = 4, lsr = 5, msr = 6, scr = 7 };

struct Bench {
  Uart16550State state;
  bool line = false;
  u32 rooms = 0;
  std::string sent;

  void apply(const Uart16550State::Effects& effects) {
    if (effects.interrupt.changed) {
      EXPECT_NE(line, effects.interrupt.level) << "a change that changes nothing";
      line = effects.interrupt.level;
    }
    if (effects.sent) sent.push_back(static_cast<char>(effects.byte));
    rooms += effects.room_freed;
  }
  void write(u64 offset, u8 value) {
    Uart16550State::Effects effects;
    state.write(offset, 1, value, effects);
    apply(effects);
  }
  u8 read(u64 offset) {
    Uart16550State::Effects effects;
    const u64 value = Uart16550State::read_is_pure(offset, 1) ? state.read(offset, 1) : state.read_effect(offset, 1, effects);
    apply(effects);
    return static_cast<u8>(value);
  }
  u32 receive(const std::string& text) {
    Uart16550State::Effects effects;
    const u32 taken = state.receive({reinterpret_cast<const u8*>(text.data()), text.size()}, effects);
    apply(effects);
    return taken;
  }
};

TEST(devices_uart, starts_with_an_empty_transmitter_and_no_interrupt) {
  Bench uart;
  EXPECT_EQ(uart.read(lsr), 0x60);
  EXPECT_EQ(uart.read(iir), 0x01);
  EXPECT_EQ(uart.read(ier), 0x00);
  EXPECT_FALSE(uart.line);
}

TEST(devices_uart, bytes_leave_once_in_order) {
  Bench uart;
  for (const char c : std::string("interlock")) uart.write(thr, static_cast<u8>(c));
  EXPECT_EQ(uart.sent, "interlock");
  EXPECT_EQ(uart.read(lsr), 0x60) << "and the transmitter stays empty";
}

TEST(devices_uart, divisor_latch_hides_data_and_enable) {
  Bench uart;
  uart.write(ier, 0x0f);
  uart.write(lcr, 0x83);
  uart.write(dll, 0x12);
  uart.write(dlm, 0x34);
  EXPECT_EQ(uart.read(dll), 0x12);
  EXPECT_EQ(uart.read(dlm), 0x34);
  EXPECT_EQ(uart.sent, "");
  uart.write(lcr, 0x03);
  EXPECT_EQ(uart.read(ier), 0x0f);
  EXPECT_EQ(uart.read(lcr), 0x03);
}

TEST(devices_uart, plain_registers_keep_their_bits) {
  Bench uart;
  for (const auto& [offset, written, expected] : {std::tuple{ier, 0xff, 0x0f}, {lcr, 0x7f, 0x7f}, {mcr, 0xef, 0x0f}, {scr, 0xa5, 0xa5}}) {
    uart.write(static_cast<u64>(offset), static_cast<u8>(written));
    EXPECT_EQ(uart.read(static_cast<u64>(offset)), expected) << offset;
  }
  uart.write(lsr, 0xff);
  uart.write(msr, 0xff);
  EXPECT_EQ(uart.read(lsr), 0x60) << "LSR is read-only";
}

TEST(devices_uart, transmitter_interrupt_comes_on_enabling_and_after_each_byte) {
  Bench uart;
  uart.write(ier, 0x02);
  EXPECT_TRUE(uart.line);
  EXPECT_EQ(uart.read(iir), 0x02);
  EXPECT_FALSE(uart.line) << "reading it in IIR takes it back";
  EXPECT_EQ(uart.read(iir), 0x01);
  uart.write(thr, 'a');
  EXPECT_TRUE(uart.line);
  uart.write(ier, 0x00);
  EXPECT_FALSE(uart.line);
  uart.write(ier, 0x02);
  EXPECT_TRUE(uart.line) << "Linux tests this (UART_BUG_TXEN)";
}

TEST(devices_uart, without_fifo_one_byte_fits) {
  Bench uart;
  uart.write(ier, 0x01);
  EXPECT_EQ(uart.receive("xy"), 1u);
  EXPECT_TRUE(uart.line);
  EXPECT_EQ(uart.read(iir), 0x04);
  EXPECT_EQ(uart.read(lsr), 0x61);
  EXPECT_EQ(uart.receive("y"), 0u);
  EXPECT_EQ(uart.rooms, 0u);
  EXPECT_EQ(uart.read(rbr), 'x');
  EXPECT_EQ(uart.rooms, 1u);
  EXPECT_FALSE(uart.line);
  EXPECT_EQ(uart.read(rbr), 0) << "nothing there";
  EXPECT_EQ(uart.rooms, 1u);
}

TEST(devices_uart, fifo_holds_sixteen_and_says_when_there_is_room) {
  Bench uart;
  uart.write(fcr, 0x01);
  EXPECT_EQ(uart.read(iir), 0xc1);
  EXPECT_EQ(uart.receive("0123456789abcdefXYZ"), 16u);
  EXPECT_EQ(uart.state.receive_room(), 0u);
  std::string got;
  while ((uart.read(lsr) & 1) != 0) got.push_back(static_cast<char>(uart.read(rbr)));
  EXPECT_EQ(got, "0123456789abcdef");
  EXPECT_EQ(uart.rooms, 1u) << "only the first read made room where there was none";
  EXPECT_EQ(uart.receive("gh"), 2u);
  uart.write(fcr, 0x03);
  EXPECT_EQ(uart.read(lsr), 0x60) << "FCR bit 1 empties the receiver";
}

TEST(devices_uart, trigger_level_and_timeout_are_told_apart) {
  for (const auto& [bits, trigger] : {std::pair{0x00, 1u}, {0x40, 4u}, {0x80, 8u}, {0xc0, 14u}}) {
    Bench uart;
    uart.write(fcr, static_cast<u8>(0x01 | bits));
    uart.write(ier, 0x01);
    for (u32 count = 1; count <= 16; ++count) {
      uart.receive("x");
      EXPECT_TRUE(uart.line);
      EXPECT_EQ(uart.read(iir), count >= trigger ? 0xc4 : 0xcc) << count << " of " << trigger;
    }
  }
}

TEST(devices_uart, interrupts_are_identified_by_priority) {
  Bench uart;
  uart.write(mcr, 0x10);
  uart.write(ier, 0x0f);
  uart.write(thr, 1);
  uart.write(thr, 2);     // overrun, data, transmitter
  uart.write(mcr, 0x12);  // RTS shows at CTS: modem
  EXPECT_EQ(uart.read(iir), 0x06);
  EXPECT_EQ(uart.read(lsr), 0x63);
  EXPECT_EQ(uart.read(lsr), 0x61) << "reading LSR clears the overrun";
  EXPECT_EQ(uart.read(iir), 0x04);
  EXPECT_EQ(uart.read(rbr), 2) << "without FIFO the newest byte stays";
  EXPECT_EQ(uart.read(iir), 0x02);
  EXPECT_EQ(uart.read(iir), 0x00);
  EXPECT_EQ(uart.read(msr) & 0x01, 0x01) << "CTS changed";
  EXPECT_EQ(uart.read(iir), 0x01);
  EXPECT_FALSE(uart.line);
}

TEST(devices_uart, loopback_keeps_bytes_inside_and_turns_outputs_to_inputs) {
  Bench uart;
  uart.write(fcr, 0x01);
  uart.write(mcr, 0x1a);
  EXPECT_EQ(uart.read(msr) & 0xf0, 0x90) << "Linux's presence test";
  uart.write(mcr, 0x15);
  EXPECT_EQ(uart.read(msr) & 0xf0, 0x60);
  uart.write(thr, 'q');
  EXPECT_EQ(uart.sent, "");
  EXPECT_EQ(uart.receive("outside"), 0u);
  EXPECT_EQ(uart.read(rbr), 'q');
  const u32 before = uart.rooms;
  uart.write(mcr, 0x00);
  EXPECT_EQ(uart.rooms, before + 1) << "leaving loopback lets input in again";
  EXPECT_EQ(uart.receive("o"), 1u);
}

TEST(devices_uart, only_bytes_words_and_halves_at_their_alignment_are_accepted) {
  EXPECT_TRUE(Uart16550State::accepts(5, 1));
  EXPECT_TRUE(Uart16550State::accepts(4, 4));
  EXPECT_FALSE(Uart16550State::accepts(0, 8));
  EXPECT_FALSE(Uart16550State::accepts(1, 2));
  Bench uart;
  uart.write(8, 0xff);
  EXPECT_EQ(uart.read(8), 0) << "behind the last register";
}

}  // namespace
