# SPDX-License-Identifier: Apache-2.0
# liburcu: the memb flavour (membarrier), and its lock-free hash table (cds).
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBURCU QUIET IMPORTED_TARGET GLOBAL liburcu-memb>=0.12 liburcu-cds>=0.12)
if(NOT LIBURCU_FOUND)
  message(FATAL_ERROR "variants/rcu needs liburcu-memb and liburcu-cds 0.12 or newer: install the Debian package liburcu-dev, "
                      "or leave the variant out with -DINTERLOCK_VARIANTS=\"private;baseline;parking\"")
endif()
target_link_libraries(${VARIANT_TARGET} INTERFACE PkgConfig::LIBURCU)
