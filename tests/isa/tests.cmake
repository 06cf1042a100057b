# SPDX-License-Identifier: Apache-2.0
# Differential tests of the instruction set against QEMU: isa_fuzz (user mode, vm alone) and fuzz_system.py (system mode, a whole machine).
# They are left out where QEMU, or the RISC-V compiler, is not installed. INTERLOCK_FUZZ_INSTRUCTIONS, in the environment, sets how many
# instructions of each subject isa_fuzz runs.
find_program(QEMU_RISCV64 qemu-riscv64)
find_program(QEMU_SYSTEM_RISCV64 qemu-system-riscv64)
find_program(RISCV_GCC riscv64-linux-gnu-gcc)

if(QEMU_RISCV64)
  file(GLOB ISA_FUZZ_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
  add_executable(isa_fuzz ${ISA_FUZZ_SOURCES})
  target_link_libraries(isa_fuzz PRIVATE vm)
  foreach(subject IN ITEMS integer m a memory branch compressed f d fcsr faults)
    add_test(NAME isa.${subject}.equals_qemu.any
             COMMAND isa_fuzz --subjects ${subject} --seed 20191213 --qemu ${QEMU_RISCV64} --keep ${CMAKE_BINARY_DIR})
    set_tests_properties(isa.${subject}.equals_qemu.any PROPERTIES LABELS isa TIMEOUT 600)
  endforeach()
  add_test(NAME isa.fuzzer.finds_planted_difference.any COMMAND isa_fuzz --plant --qemu ${QEMU_RISCV64})
  set_tests_properties(isa.fuzzer.finds_planted_difference.any PROPERTIES LABELS isa TIMEOUT 600)
else()
  message(STATUS "isa: no qemu-riscv64 (package qemu-user): user-mode comparison left out")
endif()

if(QEMU_SYSTEM_RISCV64 AND RISCV_GCC AND VARIANTS)
  set(ISA_GUESTS ${CMAKE_BINARY_DIR}/guests/isa)
  file(GLOB ISA_GUEST_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/guest/* ${CMAKE_SOURCE_DIR}/tests/guest/programs/runtime/*)
  add_custom_command(OUTPUT ${ISA_GUESTS}/fuzz_paging.elf ${ISA_GUESTS}/fuzz_csr.elf
                     COMMAND ${CMAKE_CURRENT_LIST_DIR}/guest/build.sh ${ISA_GUESTS}
                     DEPENDS ${ISA_GUEST_SOURCES} VERBATIM)
  add_custom_target(isa_guests ALL DEPENDS ${ISA_GUESTS}/fuzz_paging.elf ${ISA_GUESTS}/fuzz_csr.elf)
  # One machine stands for all: what is compared is the hart's. Contract tests and Linux see to the layers.
  set(ISA_VARIANT baseline)
  if(NOT baseline IN_LIST VARIANTS)
    list(GET VARIANTS 0 ISA_VARIANT)
  endif()
  set(ISA_COMPARE python3 ${CMAKE_CURRENT_LIST_DIR}/fuzz_system.py --cell $<TARGET_FILE:interlock-cell-${ISA_VARIANT}>
      --programs ${ISA_GUESTS} --qemu ${QEMU_SYSTEM_RISCV64} --seed 20211203)
  foreach(program IN ITEMS paging csr)
    add_test(NAME isa.${program}.equals_qemu.any COMMAND ${ISA_COMPARE} --program ${program} --cases 1000 --batches 3)
    set_tests_properties(isa.${program}.equals_qemu.any PROPERTIES LABELS isa TIMEOUT 600)
  endforeach()
  # A changed line must end the comparison with status 1, and say so.
  add_test(NAME isa.system.finds_planted_difference.any COMMAND ${ISA_COMPARE} --program paging --cases 200 --plant)
  set_tests_properties(isa.system.finds_planted_difference.any PROPERTIES LABELS isa TIMEOUT 600 PASS_REGULAR_EXPRESSION "1 of 200 cases differ")
else()
  message(STATUS "isa: no qemu-system-riscv64, riscv64-linux-gnu-gcc or variant: system-mode comparison left out")
endif()
