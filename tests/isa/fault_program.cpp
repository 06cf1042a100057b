// SPDX-License-Identifier: Apache-2.0
// What is left out, and why:
//   SC to a misaligned or unmapped address   without a reservation QEMU fails it without an access; here it faults. Both are allowed
//                                            (Unprivileged 20191213, section 8.2 leaves open whether a failing SC accesses memory).
//   counters (CSRs 0xc00 to 0xc1f)           they count different things: QEMU's are the host's.
//   ecall                                    a system call, not a fault.
//   whole-register vector loads, stores      QEMU 7.2 asks only mstatus.VS for them, which its user mode always has on, not whether there
//   and moves                                are vectors: they run where they are illegal.
//   loads and jumps of random words          only words that cannot access memory or leave the cell are random.
#include "tests/isa/fault_program.hpp"

#include <csignal>
#include <cstring>

namespace isa_fuzz {

namespace {

using vm::Operation;

constexpr unsigned ra = 1;
constexpr unsigned address_register = 30;
constexpr u64 page = 4096;
constexpr u64 mapped_page = 0;  // of the data: what cells may access
constexpr u64 registers_at = page;
constexpr u64 cursor_at = 2 * page - 8;
constexpr u64 signal_stack_at = 2 * page;
constexpr u64 signal_stack_bytes = 8 * page;
constexpr u64 log_at = signal_stack_at + signal_stack_bytes;

// The kernel's structures (Linux UAPI, riscv).
struct StackOfSignals {
  u64 address, flags, bytes;
};
struct SignalAction {
  u64 handler, flags, mask;
};
constexpr u64 flag_siginfo = 4;
constexpr u64 flag_on_stack = 0x0800'0000;
constexpr u64 flag_no_defer = 0x4000'0000;
constexpr i32 context_pc = 176;  // of ucontext; x1 follows
constexpr i32 info_address = 16;
constexpr i32 call_sigaltstack = 132;
constexpr i32 call_sigaction = 134;
constexpr u64 stack_structure_at = cursor_at - 64;
constexpr u64 action_structure_at = cursor_at - 32;

constexpr u32 shift_right_4 = 0x0045'5513;  // srli a0, a0, 4
constexpr u32 shift_left_4 = 0x0045'1513;   // slli a0, a0, 4

// In: a0 signal, a1 siginfo, a2 ucontext. sp is on the signal stack.
void put_handler(Assembly& code, u64 data, u64 text_end) {
  constexpr unsigned a0 = 10, a1 = 11, a2 = 12, t0 = 5, t1 = 6;
  code.load_address(t0, data + cursor_at);
  code.put(ld(t1, t0, 0));
  code.put(sd(a0, t1, 0));
  code.put(ld(a1, a1, info_address));
  code.put(sd(a1, t1, 8));
  code.put(ld(a0, a2, context_pc));
  code.put(sd(a0, t1, 16));
  code.put(addi(t1, t1, sizeof(FaultRecord)));
  code.put(sd(t1, t0, 0));
  code.load_address(t0, text_address);
  code.load_address(t1, text_end);
  // Within the text: the cell behind the pc's; else behind x1's.
  constexpr u32 bltu = 0x6063;
  code.put(bltu | field_rs1(a0) | field_rs2(t0) | field_b(8));
  code.put(bltu | field_rs1(a0) | field_rs2(t1) | field_b(8));
  code.put(ld(a0, a2, context_pc + 8));
  code.put(shift_right_4);
  code.put(shift_left_4);
  code.put(addi(a0, a0, cell_bytes));
  code.put(sd(a0, a2, context_pc));
  code.put(jalr(0, ra, 0));
}

// See above: vl1re8.v and its like, vs1r.v and its like, vmv1r.v and its like.
bool whole_vector_register(u32 bits) {
  const u32 opcode = bits & 0x7f;
  if (opcode == 0x07 || opcode == 0x27) return (bits >> 20 & 31) == 8;
  return opcode == 0x57 && (bits >> 12 & 7) == 3 && bits >> 26 == 0x27;
}

class Cells {
 public:
  Cells(Assembly& code, Random& random, u64 data, u64 data_end) : code_(code), random_(random), data_(data), data_end_(data_end) {}

  void put() {
    while (code_.here() % cell_bytes != 0) code_.put(compressed_nop);
    const u64 end = code_.here() + cell_bytes;
    switch (random_.below(9)) {
      case 0: put_unless_vector([this] { return random_word(); }); break;
      case 1: put_unless_vector([this] { return reserved_word(); }); break;
      case 2: put_word(privileged_word()); break;
      case 3: code_.put(reserved_halfword()); break;
      case 4: put_rounding(); break;
      case 5:
      case 6: put_access(); break;
      case 7: put_misaligned_atomic(); break;
      default: put_jump(); break;
    }
    while (code_.here() < end) code_.put(compressed_nop);
  }

 private:
  void put_word(u32 bits) {
    if (random_.one_in(2)) code_.put(compressed_nop);
    code_.put(bits);
  }
  template <class Make>
  void put_unless_vector(Make make) {
    u32 bits = make();
    while (whole_vector_register(bits)) bits = make();
    put_word(bits);
  }
  // rd but not x1, which must lead to the cell.
  u32 without_ra(u32 bits) { return (bits >> 7 & 31) == ra ? bits ^ field_rd(2) : bits; }

  // An opcode whose instructions touch registers only: all funct fields random.
  u32 random_word() {
    static constexpr u32 opcodes[] = {0x13, 0x1b, 0x33, 0x3b, 0x53, 0x43, 0x47, 0x4b, 0x4f, 0x37, 0x17};
    static constexpr u32 free_opcodes[] = {0x0b, 0x2b, 0x5b, 0x7b, 0x6b, 0x57, 0x77, 0x1f, 0x3f, 0x5f, 0x7f};
    const u32 opcode = random_.one_in(3) ? random_.pick(free_opcodes) : random_.pick(opcodes);
    u32 bits = (random_.bits(25) << 7) | opcode;
    // Most random funct7 are reserved: near the ones that exist, too.
    if (random_.one_in(2) && (opcode == 0x33 || opcode == 0x3b || opcode == 0x13 || opcode == 0x1b)) {
      static constexpr u32 sevenths[] = {0x00, 0x01, 0x20, 0x21, 0x02, 0x40};
      bits = (bits & 0x01ff'ffff) | random_.pick(sevenths) << 25;
    }
    if (random_.one_in(2) && opcode == 0x53) {
      static constexpr u32 fifths[] = {0x00, 0x04, 0x08, 0x10, 0x14, 0x20, 0x2c, 0x50, 0x60, 0x68, 0x70, 0x78};
      bits = (bits & 0x01ff'ffff) | (random_.pick(fifths) | random_.bits(2)) << 25;
      if (random_.one_in(2)) bits = (bits & ~field_rs2(31)) | field_rs2(random_.below(5));
    }
    return without_ra(bits);
  }

  // A reserved funct3 of an opcode whose other instructions access memory or jump.
  u32 reserved_word() {
    struct Reserved {
      u32 opcode, funct3;
    };
    static constexpr Reserved words[] = {{0x03, 7}, {0x23, 4}, {0x23, 5}, {0x23, 6}, {0x23, 7}, {0x63, 2}, {0x63, 3}, {0x67, 1}, {0x67, 2},
                                         {0x67, 3}, {0x67, 4}, {0x67, 5}, {0x67, 6}, {0x67, 7}, {0x07, 0}, {0x07, 1}, {0x07, 4}, {0x07, 5},
                                         {0x27, 0}, {0x27, 1}, {0x27, 4}, {0x27, 5}, {0x2f, 0}, {0x2f, 1}, {0x2f, 4}, {0x2f, 5}, {0x2f, 6},
                                         {0x2f, 7}, {0x0f, 0}, {0x0f, 1}, {0x0f, 2}, {0x0f, 3}, {0x0f, 4}, {0x0f, 5}, {0x0f, 6}, {0x0f, 7}};
    const Reserved word = random_.pick(words);
    return without_ra((random_.bits(25) << 7 & ~field_rm(7)) | field_rm(word.funct3) | word.opcode);
  }

  // SYSTEM: any CSR, any function; mret, sret, wfi, sfence.vma and their neighbours.
  u32 privileged_word() {
    static constexpr u32 functions[] = {0x001, 0x002, 0x102, 0x302, 0x202, 0x105, 0x104, 0x120, 0x121, 0x7b2, 0x005};
    for (;;) {
      u32 bits = 0x73 | field_rd(random_.bits(5)) | field_rm(random_.bits(3)) | field_rs1(random_.bits(5)) | random_.bits(12) << 20;
      if (random_.one_in(4)) bits = 0x73 | random_.pick(functions) << 20 | (random_.one_in(2) ? 0 : field_rs1(random_.bits(5)));
      const u32 number = bits >> 20;
      const bool counter = number >= 0xc00 && number < 0xc20;
      if ((bits & ~field_rd(31)) != ecall && !counter) return without_ra(bits);
    }
  }

  u16 reserved_halfword() {
    static constexpr u16 words[] = {0x0000, 0x8000, 0x9c41, 0x9c61, 0x8002, 0x2001, 0x4002, 0x6002, 0x6001, 0x6101, 0x9002};
    static constexpr u16 free_bits[] = {0x001c, 0x1ffc, 0x039c, 0x039c, 0x0000, 0x107c, 0x107c, 0x107c, 0x0f00, 0x0000, 0x0000};
    const unsigned i = random_.below(std::size(words));
    return static_cast<u16>(words[i] | (random_.bits(16) & free_bits[i]));
  }

  // Rounding modes that are reserved, in the instruction or in frm.
  void put_rounding() {
    static constexpr u32 rounded[] = {0x0000'0053, 0x0800'0053, 0x1200'0053, 0x5800'0053, 0xc000'0053, 0xd220'0053,
                                      0x0000'0043, 0x0200'004f, 0x4010'0053, 0x4200'0053, 0xd200'0053};
    code_.put(csrrwi(0, random_.bits(3), csr_frm));
    put_word(without_ra(random_.pick(rounded) | field_rd(random_.bits(5)) | field_rs1(random_.bits(5)) | field_rm(random_.bits(3))));
  }

  // Near the ends of what is mapped, over them, behind them; stores to the text.
  u64 doubtful_address() {
    switch (random_.below(5)) {
      case 0: return data_end_ - 8 + random_.below(16);
      case 1: return data_end_ + random_.below(3 * page);
      case 2: return data_ - 8 + random_.below(16);
      case 3: return text_address + random_.below(page);
      default: return data_ + mapped_page + random_.below(page - 8);
    }
  }

  void put_access() {
    static constexpr Operation accesses[] = {Operation::lb,       Operation::lhu,       Operation::lw,       Operation::ld,
                                             Operation::flw,      Operation::fld,       Operation::sb,       Operation::sh,
                                             Operation::sw,       Operation::sd,        Operation::fsw,      Operation::fsd,
                                             Operation::amoadd_w, Operation::amoswap_d, Operation::amomaxu_d};
    const Encoding& row = encoding_of(random_.pick(accesses));
    const u64 to = doubtful_address();
    const u32 bits = row.bits | field_rs1(address_register);
    switch (row.format) {
      case Format::i: put_with_address(without_ra(bits | field_rd(random_.bits(5))), to); break;
      case Format::s: put_with_address(bits | field_rs2(random_.bits(5)), to); break;
      default: put_with_address(without_ra(bits | field_rd(random_.bits(5)) | field_rs2(random_.bits(5))), to & ~u64{7}); break;
    }
  }

  void put_misaligned_atomic() {
    static constexpr Operation atomics[] = {Operation::amoadd_w,  Operation::amoxor_d, Operation::amomin_w, Operation::amomaxu_d,
                                            Operation::amoswap_w, Operation::amoand_d, Operation::lr_w,     Operation::lr_d};
    const Encoding& row = encoding_of(random_.pick(atomics));
    const u64 to = data_ + mapped_page + random_.below(page - 16);
    const u32 rs2 = row.format == Format::reserve ? 0 : field_rs2(random_.bits(5));
    put_with_address(without_ra(row.bits | field_rs1(address_register) | rs2 | field_rd(random_.bits(5))), to);
  }

  void put_with_address(u32 bits, u64 to) {
    code_.load_address(address_register, to);
    code_.put(bits);
  }

  // To the data, or to where nothing is: x1 is left pointing into this cell.
  void put_jump() {
    code_.load_address(address_register, (random_.one_in(2) ? data_end_ : data_) + 2 * random_.below(page));
    code_.put(jalr(ra, address_register, 0));
  }

  Assembly& code_;
  Random& random_;
  const u64 data_;
  const u64 data_end_;
};

void put_action(Assembly& code, u64 data, i32 signal) {
  code.load_number(10, signal);
  code.load_address(11, data + action_structure_at);
  code.load_number(12, 0);
  code.load_number(13, 8);
  code.call_system(call_sigaction);
}

void put_setup(Assembly& code, u64 data) {
  code.load_address(10, data + stack_structure_at);
  code.load_number(11, 0);
  code.call_system(call_sigaltstack);
  for (const i32 signal : {SIGILL, SIGTRAP, SIGBUS, SIGSEGV}) put_action(code, data, signal);
  code.load_address(address_register, data + registers_at);
  for (unsigned reg = 0; reg < 32; ++reg) code.put(fld(reg, address_register, 256 + 8 * static_cast<i32>(reg)));
  for (unsigned reg = 1; reg < 30; ++reg) code.put(ld(reg, address_register, 8 * static_cast<i32>(reg)));
  code.put(ld(31, address_register, 8 * 31));
}

void put_dump(Assembly& code, u64 data) {
  code.load_address(address_register, data + registers_at);
  for (unsigned reg = 1; reg < 32; ++reg) code.put(sd(reg, address_register, 8 * static_cast<i32>(reg)));
  for (unsigned reg = 0; reg < 32; ++reg) code.put(fsd(reg, address_register, 256 + 8 * static_cast<i32>(reg)));
  code.put(csrrs(5, 0, csr_fcsr));
  code.put(sd(5, address_register, 512));
}

template <class T>
void place(Program& program, u64 offset, const T& value) {
  std::memcpy(program.data.data() + offset, &value, sizeof value);
}

}  // namespace

FaultBatch make_fault_batch(u64 seed, u32 cells) {
  Random random(seed);
  FaultBatch batch;
  batch.cells = cells;
  batch.log = log_at;
  batch.registers = registers_at;
  batch.shared_bytes = signal_stack_at;
  Program& program = batch.program;
  program.text_address = text_address;
  program.data_address = data_address;
  // Whole pages: the end of the segment is the end of what is mapped.
  program.data.resize((log_at + cells * sizeof(FaultRecord) + page) & ~(page - 1));
  program.log_cursor = data_address + cursor_at;
  const u64 data_end = data_address + program.data.size();

  for (u64 at = mapped_page; at < mapped_page + page; at += 8) place(program, at, integer_operand(random));
  for (unsigned reg = 0; reg < 32; ++reg) {
    place(program, registers_at + 8 * reg, integer_operand(random));
    place(program, registers_at + 256 + 8 * reg, floating_register(random));
  }
  place(program, cursor_at, data_address + log_at);
  place(program, stack_structure_at, StackOfSignals{data_address + signal_stack_at, 0, signal_stack_bytes});

  Assembly code(text_address);
  code.put(jal(0, 256));
  const u64 handler = code.here();
  put_handler(code, data_address, text_address + 64 + u64{cells} * cell_bytes + 4 * page);
  while (code.here() < text_address + 256) code.put(compressed_nop);
  place(program, action_structure_at, SignalAction{handler, flag_siginfo | flag_on_stack | flag_no_defer, 0});
  put_setup(code, data_address);
  Cells writer(code, random, data_address, data_end);
  for (u32 i = 0; i < cells; ++i) {
    writer.put();
    if (i == 0) batch.cells_address = code.here() - cell_bytes;
  }
  put_dump(code, data_address);
  put_epilogue(code, program);
  program.text = code.take();
  return batch;
}

}  // namespace isa_fuzz
