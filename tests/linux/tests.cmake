# SPDX-License-Identifier: Apache-2.0
# Linux on every variant: linux.boot.<harts>.<variant> boots and powers off, linux.checks.smp.<variant> runs the user-space SMP checks of
# tests/guest/linux with a disk. Kernel, initrd and disk come from scripts/guests.sh linux. scripts/boots repeats boots many times.
if(NOT CMAKE_CXX_FLAGS_RELEASE MATCHES "-fsanitize")
  set(LINUX_GUEST ${CMAKE_SOURCE_DIR}/build/guests/linux)
  foreach(variant IN LISTS VARIANTS)
    foreach(harts 1 2 4 16)
      set(name linux.boot.${harts}_harts.${variant})
      add_test(NAME ${name} COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/boot.py --cell $<TARGET_FILE:interlock-cell-${variant}> --guest ${LINUX_GUEST}
                                    --harts ${harts} --append interlock.boot_only --expect "INTERLOCK-GUEST: userspace")
      set_tests_properties(${name} PROPERTIES LABELS linux TIMEOUT 240 PROCESSORS 2)
    endforeach()
    set(name linux.checks.smp.${variant})
    add_test(NAME ${name} COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/boot.py --cell $<TARGET_FILE:interlock-cell-${variant}> --guest ${LINUX_GUEST} --disk
                                  --harts 2 --append interlock.rounds=1 --expect "INTERLOCK-GUEST: ALL CHECKS PASSED")
    set_tests_properties(${name} PROPERTIES LABELS linux TIMEOUT 600 PROCESSORS 2)
  endforeach()
endif()
