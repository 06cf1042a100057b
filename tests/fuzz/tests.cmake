# SPDX-License-Identifier: Apache-2.0
# Each fuzz_NAME.cpp with its corpus/NAME: a replay for CTest with any compiler, and, with clang, a libFuzzer executable fuzz_NAME.
# With g++ as the compiler, tests/fuzz/build.sh makes the libFuzzer executables.
file(GLOB FUZZ_TARGETS CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/fuzz_*.cpp)
foreach(source IN LISTS FUZZ_TARGETS)
  string(REGEX REPLACE ".*/fuzz_(.*)\\.cpp$" "\\1" name ${source})
  add_executable(fuzz_replay_${name} ${CMAKE_CURRENT_LIST_DIR}/replay.cpp ${source})
  target_compile_definitions(fuzz_replay_${name} PRIVATE FUZZ_CORPUS="${CMAKE_CURRENT_LIST_DIR}/corpus/${name}")
  target_link_libraries(fuzz_replay_${name} PRIVATE vm GTest::gtest_main)
  interlock_discover(fuzz_replay_${name} fuzz ${name})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    add_executable(fuzz_${name} ${source})
    target_link_libraries(fuzz_${name} PRIVATE vm)
    target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  endif()
endforeach()
