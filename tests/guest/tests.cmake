# SPDX-License-Identifier: Apache-2.0
# Bare-metal programs on the machine, each on every variant: guest.<program>.<parameters>.<variant>. The programs check their own answers
# and end with a power-off code. They are built by scripts/guests.sh bare-metal; without them the tests say so and fail.
set(GUEST_PROGRAMS ${CMAKE_SOURCE_DIR}/build/guests/bare-metal)

function(interlock_guest_test program property harts append)
  foreach(variant IN LISTS VARIANTS)
    set(name guest.${program}.${property}.${variant})
    add_test(NAME ${name} COMMAND $<TARGET_FILE:interlock-cell-${variant}> run --bios none --kernel ${GUEST_PROGRAMS}/${program}.elf --harts ${harts}
                                  --memory 128M --no-input --append "${append}" ${ARGN})
    set(labels guest)
    # Under the sanitizers one two-hart program that uses all layers stands for all.
    if(program STREQUAL "guest_mixed")
      list(APPEND labels sanitizer)
    endif()
    set_tests_properties(${name} PROPERTIES LABELS "${labels}" TIMEOUT 300 PROCESSORS 2 PASS_REGULAR_EXPRESSION "DONE" FAIL_REGULAR_EXPRESSION "FAILED")
  endforeach()
endfunction()

# What each hart does alone, and the traps of sharing. `property` is what differs from the program's defaults.
foreach(program check_accessed_dirty check_asid_roots check_code_alias check_lr_sc check_plic check_sfence check_superpages)
  interlock_guest_test(${program} two_harts 2 "iterations=300")
endforeach()
interlock_guest_test(check_space_join two_harts 2 "iterations=200")
foreach(program check_counters check_misaligned check_paging check_pmp check_privilege check_timers check_wfi)
  interlock_guest_test(${program} one_hart 1 "iterations=100")
endforeach()
# No micro-TLB, and one of two entries: every access asks the layers, and the transient slots must be enough for progress.
foreach(entries 0 2)
  interlock_guest_test(check_paging micro_tlb_${entries} 1 "iterations=20" --micro-tlb ${entries})
  interlock_guest_test(check_misaligned micro_tlb_${entries} 1 "iterations=20" --micro-tlb ${entries})
  interlock_guest_test(check_superpages micro_tlb_${entries} 2 "iterations=20" --micro-tlb ${entries})
endforeach()
# A code heap that is far too small: blocks are evicted all the time, or run from scratch.
interlock_guest_test(kernel_mix tiny_heap 1 "iterations=20" --heap 64K)
interlock_guest_test(guest_mixed tiny_heap 2 "iterations=5" --heap 64K)

foreach(program kernel_integer kernel_branches kernel_memory kernel_calls kernel_floating kernel_mix)
  interlock_guest_test(${program} right_answer 1 "iterations=20")
endforeach()
interlock_guest_test(guest_page_walk four_harts 4 "iterations=10")
interlock_guest_test(guest_remote_fence two_harts 2 "iterations=200")
interlock_guest_test(guest_self_modifying own_code 2 "iterations=2000 mode=own")
interlock_guest_test(guest_self_modifying other_hart 2 "iterations=300 mode=cross")
interlock_guest_test(guest_interrupts two_harts 2 "iterations=50")
interlock_guest_test(guest_compute four_harts 4 "iterations=20")
interlock_guest_test(guest_mixed two_harts 2 "iterations=5")
# No outcome that RVWMO forbids; scripts/goals machine --only litmus runs a million of each.
interlock_guest_test(litmus two_harts 2 "iterations=20000")
interlock_guest_test(litmus four_harts 4 "iterations=2000")
