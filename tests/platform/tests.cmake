# SPDX-License-Identifier: Apache-2.0
# Named edges cost nothing: shown in optimized builds without sanitizers, where the claim is made.
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT CMAKE_CXX_FLAGS_RELEASE MATCHES "-fsanitize")
  add_library(named_edges OBJECT ${CMAKE_CURRENT_LIST_DIR}/named_edges.cpp)
  target_link_libraries(named_edges PRIVATE interlock_flags)
  add_test(NAME unit.platform.named_edges_are_free.native
           COMMAND python3 ${CMAKE_CURRENT_LIST_DIR}/named_edges_are_free.py $<TARGET_OBJECTS:named_edges>)
  set_tests_properties(unit.platform.named_edges_are_free.native PROPERTIES LABELS unit)
endif()
