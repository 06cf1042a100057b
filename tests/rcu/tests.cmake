# SPDX-License-Identifier: Apache-2.0
# The native side of the RCU facade, and what only the RCU variant can get wrong.
if(TARGET variant_rcu)
  file(GLOB RCU_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
  add_executable(rcu_tests ${RCU_SOURCES})
  target_link_libraries(rcu_tests PRIVATE variant_rcu GTest::gtest_main)
  interlock_discover(rcu_tests unit rcu)
endif()
