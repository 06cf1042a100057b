// SPDX-License-Identifier: Apache-2.0
#include "tests/isa/program.hpp"

#include <cstring>

#include "vm/platform/invariant.hpp"

namespace isa_fuzz {

namespace {

constexpr u64 page = 4096;
constexpr u64 lines_apart = u64{1} << 20;  // addresses that differ by this share a reservation word of the machine

// The first register that nothing has been loaded into yet, in prologue and epilogue.
constexpr unsigned lead = 1;

void put_prologue(Assembly& code, Pins pins) {
  code.put(lui(lead, (slot::registers - slot::base) >> 12));
  code.put(add(lead, lead, pins.base));
  code.put(ld(5, lead, slot::status));
  code.put(csrrw(0, 5, csr_fcsr));
  for (unsigned reg = 0; reg < 32; ++reg) code.put(fld(reg, lead, slot::f + 8 * static_cast<i32>(reg)));
  for (unsigned reg = 2; reg < 32; ++reg) {
    if (reg != pins.base) code.put(ld(reg, lead, 8 * static_cast<i32>(reg)));
  }
  code.put(ld(lead, lead, 8 * lead));
}

void put_dump(Assembly& code, Pins pins) {
  constexpr i32 saved = farthest + 1;  // the lead register, in the arena
  code.put(sd(lead, pins.base, saved));
  code.put(lui(lead, (slot::registers - slot::base) >> 12));
  code.put(add(lead, lead, pins.base));
  for (unsigned reg = 2; reg < 32; ++reg) code.put(sd(reg, lead, slot::final_x + 8 * static_cast<i32>(reg)));
  code.put(ld(5, pins.base, saved));
  code.put(sd(5, lead, slot::final_x + 8 * lead));
  code.put(csrrs(5, 0, csr_fcsr));
  code.put(sd(5, lead, slot::final_status));
  for (unsigned reg = 0; reg < 32; ++reg) code.put(fsd(reg, lead, slot::final_f + 8 * static_cast<i32>(reg)));
}

Pins pick_pins(Random& random) {
  Pins pins;
  pins.base = 8 + random.bits(3);
  pins.stack = random.one_in(2);
  do {
    pins.trail = 3 + random.below(29);  // c.addi16sp writes x2
  } while (pins.trail == pins.base);
  return pins;
}

class Slot {
 public:
  Slot(Batch& batch, u32 number) : batch_(batch), start_(number * batch.stride) {}
  u64 address() const { return batch_.program.data_address + start_; }
  void set(u64 offset, u64 value) { std::memcpy(batch_.program.data.data() + start_ + offset, &value, sizeof value); }

 private:
  Batch& batch_;
  u64 start_;
};

void fill(Slot slot, const Batch& batch, bool last, Random& random) {
  for (u64 at = 0; at < slot::arena_bytes; at += 8) slot.set(at, random.one_in(2) ? integer_operand(random) : floating_register(random));
  const u64 base = slot.address() + slot::base;
  for (unsigned reg = 1; reg < 32; ++reg) slot.set(slot::registers + 8 * reg, integer_operand(random));
  slot.set(slot::registers + 8 * batch.pins.base, base);
  slot.set(slot::registers + 8 * batch.pins.trail, slot.address() + slot::trail);
  if (batch.pins.stack) slot.set(slot::registers + 8 * 2, base + 8 * random.below(200));
  for (unsigned reg = 0; reg < 32; ++reg) slot.set(slot::registers + slot::f + 8 * reg, floating_register(random));
  slot.set(slot::registers + slot::status, u64{random.below(5)} << 5 | random.bits(5));
  slot.set(slot::registers + slot::next, last ? 0 : base + batch.stride);
}

}  // namespace

void Assembly::put(u32 bits) {
  for (unsigned i = 0; i < ((bits & 3) == 3 ? 4u : 2u); ++i) bytes_.push_back(static_cast<u8>(bits >> (8 * i)));
}

void Assembly::put_halfwords(const std::vector<u16>& code) {
  for (const u16 half : code) {
    bytes_.push_back(static_cast<u8>(half));
    bytes_.push_back(static_cast<u8>(half >> 8));
  }
}

void Assembly::load_address(unsigned reg, u64 target) {
  const i64 distance = static_cast<i64>(target - here());
  const i64 upper = (distance + 0x800) >> 12;
  put(auipc(reg, static_cast<u32>(upper) & 0xfffff));
  put(addi(reg, reg, static_cast<i32>(distance - (upper << 12))));
}

void Assembly::load_number(unsigned reg, i32 number) {
  constexpr u32 addiw = 0x1b;
  const i32 upper = (number + 0x800) >> 12;
  put(lui(reg, static_cast<u32>(upper) & 0xfffff));
  put(addiw | field_rd(reg) | field_rs1(reg) | field_i(number - (upper << 12)));
}

void Assembly::call_system(i32 number) {
  load_number(17, number);
  put(ecall);
}

void put_epilogue(Assembly& code, const Program& program) {
  constexpr i32 write = 64;
  constexpr i32 exit = 93;
  code.load_number(10, 1);
  code.load_address(11, program.data_address);
  code.load_number(12, static_cast<i32>(program.data.size()));
  code.call_system(write);
  code.load_number(10, 0);
  code.call_system(exit);
}

Batch make_batch(Subject subject, u64 seed, u32 length, u32 states) {
  Random random(seed);
  Batch batch;
  batch.pins = pick_pins(random);
  batch.states = states;
  Stream stream(random, batch.pins);
  while (stream.count(subject) < length) {
    put_unit(random.one_in(10) ? static_cast<Subject>(random.below(subjects)) : subject, stream);
  }
  stream.finish();
  batch.trail = stream.trail();
  for (unsigned i = 0; i < subjects; ++i) batch.counts[i] = stream.count(static_cast<Subject>(i));
  // Besides the entries, what a bump of the trail register leaves unused.
  batch.stride = slot::trail + ((batch.trail.size() * 8 + 2048 + page - 1) & ~(page - 1));
  INTERLOCK_INVARIANT(batch.stride <= lines_apart, "a slot of %lu bytes", static_cast<unsigned long>(batch.stride));

  Program& program = batch.program;
  program.text_address = text_address;
  program.data_address = data_address;
  program.data.resize(states * batch.stride);
  for (u32 i = 0; i < states; ++i) fill(Slot(batch, i), batch, i + 1 == states, random);

  Assembly code(text_address);
  code.load_address(batch.pins.base, data_address + slot::base);
  const u64 again = code.here();
  put_prologue(code, batch.pins);
  batch.stream_address = code.here();
  code.put_halfwords(stream.code());
  put_dump(code, batch.pins);
  code.put(ld(batch.pins.base, lead, slot::next));
  code.put(beq(batch.pins.base, 0, 8));
  code.put(jal(0, static_cast<i32>(again - code.here())));
  put_epilogue(code, program);
  program.text = code.take();
  return batch;
}

}  // namespace isa_fuzz
