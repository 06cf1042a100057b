# SPDX-License-Identifier: Apache-2.0
# Scripts that drive the real command line, each with the driver's path: end-to-end.AREA.PROPERTY.any
find_package(Python3 COMPONENTS Interpreter REQUIRED)
function(interlock_end_to_end area property)
  set(name end-to-end.${area}.${property}.any)
  add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1 ${Python3_EXECUTABLE}
                                ${CMAKE_SOURCE_DIR}/tests/end_to_end/${property}.py $<TARGET_FILE:interlock> ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS end-to-end TIMEOUT 600)
endfunction()

if("baseline" IN_LIST VARIANTS)
  interlock_end_to_end(sweep run_then_table)
  interlock_end_to_end(sweep resume)
  interlock_end_to_end(sweep wrong_answer)
  interlock_end_to_end(command_line refusals)
endif()
